"""Change points: found where they are, and not where there is only noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from hil.measure.changes import LEAST_HISTORY, changes

Values = npt.NDArray[np.float64]


def noise(runs: int, seed: int = 0) -> Values:
    return np.random.default_rng(seed).normal(size=runs)


def ar(runs: int, seed: int) -> Values:
    values = noise(runs + 100, seed)
    for at in range(1, len(values)):
        values[at] += 0.5 * values[at - 1]
    return values[100:]


def test_a_step_is_found_where_it_is() -> None:
    series = 100 + noise(200)
    series[120:] += 3
    (change,) = changes(series)
    assert abs(change.index - 120) <= 1
    assert change.before == pytest.approx(100, abs=0.3)
    assert change.after == pytest.approx(103, abs=0.3)
    assert change.standard_errors > 10


def test_several_steps_are_found() -> None:
    series = noise(300)
    series[100:] += 4
    series[180:] -= 6
    series[250:] += 30
    assert [change.index for change in changes(series)] == pytest.approx([100, 180, 250], abs=1)


@pytest.mark.parametrize("make", [noise, ar])
def test_noise_has_no_changes(make) -> None:
    alarms = sum(bool(changes(make(300, seed))) for seed in range(100))
    assert alarms <= 2


@pytest.mark.parametrize("spike", [10.0, 1e6])
def test_two_outliers_are_no_change(spike: float) -> None:
    series = noise(100)
    series[[60, 61]] += spike
    assert changes(series) == ()


def test_outliers_hide_no_change() -> None:
    series = noise(100, seed=1)
    series[50:] += 4
    series[[10, 45, 60, 99]] += 1e3
    (change,) = changes(series)
    assert abs(change.index - 50) <= 2


@pytest.mark.parametrize("factor", [1.0, 1e-9, 1e12])
def test_neither_unit_nor_sign_matters(factor: float) -> None:
    series = 5 + noise(80)
    series[40:] += 5
    indices = [change.index for change in changes(series)]
    assert [change.index for change in changes(-series * factor)] == indices


def test_values_without_noise() -> None:
    assert changes(np.full(50, 7.0)) == ()
    (change,) = changes(np.repeat([7.0, 9.0], 25))
    assert (change.index, change.before, change.after) == (25, 7.0, 9.0)
    assert changes([*[7.0] * 30, 9.0, *[7.0] * 30]) == ()


@pytest.mark.parametrize("runs", [0, 1, LEAST_HISTORY - 1])
def test_a_short_series_tells_nothing(runs: int) -> None:
    series = np.zeros(runs)
    series[runs // 2 :] = 1
    assert changes(series) == ()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        changes([1.0, bad])
