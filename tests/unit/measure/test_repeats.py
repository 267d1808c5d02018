"""The interval over resets: it holds the truth as often as it says, where windows resemble each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from hil.measure.repeats import interval, students_t

TRUTH = 100.0


def of_one_reset(rng: np.random.Generator, windows: int, apart: float) -> npt.NDArray[np.float64]:
    """Windows of which each resembles the one before by 0.8, about what the reset leaves as it is."""
    values = rng.normal(0.0, 1.0, windows)
    for place in range(1, windows):
        values[place] = 0.8 * values[place - 1] + 0.6 * values[place]
    return TRUTH + rng.normal(0.0, apart) + values


@pytest.mark.parametrize(("resets", "windows"), [(3, 5), (5, 5), (10, 5)])
@pytest.mark.parametrize("apart", [0.0, 1.0])
def test_the_truth_lies_in_it_95_times_in_a_hundred(resets: int, windows: int, apart: float) -> None:
    rng = np.random.default_rng(7 * resets + windows)
    held = 0
    for _ in range(1000):
        found = interval([of_one_reset(rng, windows, apart) for _ in range(resets)])
        assert found is not None
        held += found[0] <= TRUTH <= found[1]
    assert 0.93 <= held / 1000 <= 0.97


def test_windows_of_one_reset_tell_nothing_of_others() -> None:
    assert interval([np.arange(20.0)]) is None
    assert interval([]) is None
    assert interval([np.arange(20.0), np.array([])]) is None, "a reset without a window is none"


def test_a_disturbed_window_does_not_widen_it() -> None:
    rng = np.random.default_rng(1)
    resets = [of_one_reset(rng, 5, 1.0) for _ in range(3)]
    spoiled = [values.copy() for values in resets]
    spoiled[1][int(np.argmax(spoiled[1]))] += 1000.0
    assert interval(spoiled) == interval(resets)


@pytest.mark.parametrize(
    ("freedom", "expected"),
    [(1, 12.7062), (2, 4.3027), (20, 2.0860), (21, 2.0796), (30, 2.0423), (120, 1.9799)],
)
def test_students_distribution(freedom: int, expected: float) -> None:
    assert students_t(freedom) == pytest.approx(expected, abs=1e-4)
