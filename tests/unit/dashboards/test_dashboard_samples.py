"""How samples are distributed, by few points; and which class was taken for which."""

from __future__ import annotations

import numpy as np
import pytest

from hil_dashboards.figures.confusion import confusion
from hil_dashboards.figures.samples import bars, chart, finite, in_order, largest, quantiles, spread

MANY = np.random.default_rng(7).normal(1000, 50, 10_000)


def test_a_spread_by_hand() -> None:
    found = spread(np.array([4.0, 1.0, 2.0, 2.0]))
    assert found is not None
    assert (found.count, found.distinct, found.least, found.most) == (4, 3, 1.0, 4.0)
    assert (found.median, found.mean, found.p99) == (2.0, 2.25, 4.0)


def test_99_in_a_hundred_do_not_exceed_p99() -> None:
    found = spread(np.arange(1000.0))
    assert found is not None
    assert (found.p99, found.median) == (989.0, 499.5)
    one = spread(np.array([5.0]))
    assert one is not None
    assert (one.p99, one.median, one.distinct) == (5.0, 5.0, 1)


def test_of_none_there_is_no_spread() -> None:
    assert spread(finite(np.array([np.nan, np.inf]))) is None


def test_few_different_values_have_a_bar_each() -> None:
    assert bars(np.array([40.0, 80.0, 80.0, 160.0])) == [[20, 60, 1], [60, 100, 2], [140, 180, 1]]


def test_many_values_are_few_points_and_none_is_lost() -> None:
    found = bars(MANY)
    assert len(found) == 48
    assert sum(count for *_, count in found) == len(MANY)
    assert (found[0][0], found[-1][1]) == pytest.approx((MANY.min(), MANY.max()))
    for points in (quantiles(MANY), in_order(MANY)):
        assert len(points) <= 600
        assert {MANY.min(), MANY.max()} <= {value for _, value in points}
    assert quantiles(MANY)[-1][0] == 100


def test_samples_that_are_no_numbers_shift_no_others() -> None:
    held = np.array([np.nan, 3.0, np.inf, 5.0])
    assert in_order(held) == [[1, 3.0], [3, 5.0]]
    assert largest(held, 10) == [(3, 5.0), (1, 3.0)]
    long = np.concatenate((np.full(5000, np.nan), MANY))
    assert min(number for number, _ in in_order(long)) >= 5000


def test_each_point_has_a_line_of_its_own() -> None:
    found = spread(MANY)
    assert found is not None
    for plot in ("histogram", "quantiles", "order"):
        drawn = chart(plot, "latency_cycles", "cycles", MANY, found, "vector")  # type: ignore[arg-type]
        assert len(drawn["told"]) == len(drawn["points"])
        assert all("cycles" in line for line in drawn["told"])


def test_confusion_by_hand() -> None:
    found = confusion(np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 1, -1]))
    assert found is not None
    assert found.counts.tolist() == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert found.unclassified.tolist() == [0, 0, 1]
    assert (found.right, found.vectors) == (3, 5)


@pytest.mark.parametrize(
    ("labels", "predicted"),
    [([0], [0, 1]), ([0], []), ([-1], [0]), ([0], [-2]), ([5000], [0])],
)
def test_what_does_not_fit_is_no_confusion(labels: list[int], predicted: list[int]) -> None:
    assert confusion(np.array(labels), np.array(predicted, dtype=np.int16)) is None
