"""Which vector a probe sees again and again, and how often."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest

from hil.meters.repeats import SPAN_S, planned, planned_between_falls, typical


@pytest.mark.parametrize(
    ("costs", "number"),
    [
        ([7.0], 0),
        ([5.0, 1.0, 3.0], 2),
        ([9.0, 1.0, 3.0, 2.0], 3),  # the lower one of two, which is a vector
        ([1000.0, 996.0, 1004.0, 2000.0, 1.0], 0),  # all of a kind: the first, whatever noise says
        ([4.0, 4.0, 4.0], 0),
    ],
)
def test_the_vector_costs_what_the_median_does(costs: list[float], number: int) -> None:
    assert typical(np.array(costs)) == number


@pytest.mark.parametrize("window_s", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("inference_s", [3e-6, 0.9e-3, 0.04, 0.0999, 0.1, 0.31, 2.0, 40.0])
@pytest.mark.parametrize(("windows", "most"), [(3, 255), (5, 255), (5, 31), (3, 1)])
def test_windows_last_long_enough_and_fit_a_frame(
    window_s: float, inference_s: float, windows: int, most: int
) -> None:
    plan = planned(inference_s, window_s, windows, max(most, windows))
    assert plan.windows == windows
    assert plan.per_window % 2 == plan.spans % 2 == 1
    assert plan.spans <= max(most, windows)
    assert plan.inferences * inference_s >= window_s * (1 - 1e-9)
    assert plan.seconds == pytest.approx(plan.spans * plan.per_span * inference_s)
    shortest = ceil(min(SPAN_S, window_s) / inference_s)
    assert plan.per_span >= shortest
    if plan.per_span > shortest:
        assert window_s / (shortest * inference_s) > max(most, windows) // windows - 2, "else too many edges"
    if plan.per_window > 1:
        assert (plan.per_window - 2) * plan.per_span * inference_s < window_s, "none is longer than need be"


def test_an_even_number_of_windows_is_one_more() -> None:
    assert planned(0.01, 0.1, 4, 255).windows == 5


@pytest.mark.parametrize("inference_s", [3e-6, 0.0121, 0.1, 0.31, 2.0, 40.0])
@pytest.mark.parametrize("most", [3, 31, 255])
def test_between_falling_edges_there_is_an_even_number_of_spans(inference_s: float, most: int) -> None:
    plan = planned_between_falls(inference_s, 10.0, most)
    assert (plan.windows, plan.lead, plan.per_window % 2, plan.spans % 2) == (1, 1, 0, 1)
    assert plan.spans <= most
    assert plan.inferences * inference_s >= 10.0 * (1 - 1e-9)
    assert plan.seconds == pytest.approx(plan.spans * plan.per_span * inference_s)
