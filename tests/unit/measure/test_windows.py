"""Windows between edges of the sync pin: what counts, and what does not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from hil.measure.windows import windows
from hil.power.base import Flaw, PowerTrace
from hil.power.emulated.faults import Damage, Fault, damaged
from hil.power.emulated.kit import CALIBRATION
from hil.power.ppk2.decode import Decoder, aligned
from hil.power.ppk2.wire import RATE_HZ
from power_probes import VOLTS, currents, words

DECODER = Decoder(CALIBRATION, VOLTS)
CRYSTAL = 1e-4


def trace(data: bytes) -> PowerTrace:
    found = aligned(data)
    samples = DECODER.samples(found.words)
    return PowerTrace(RATE_HZ, samples.current_a, samples.digital, samples.flaws, VOLTS, found.breaks)


def sampled(seconds: float, window_s: float) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint32]]:
    current_a, digital = currents(seconds, window_s)
    return current_a, words(current_a, digital)


CURRENT, WORDS = sampled(0.5, 0.1)  # edges at 10,000, 20,000, 30,000 and 40,000: three windows


def test_a_windows_energy_is_what_the_board_took() -> None:
    found = windows(trace(WORDS.tobytes()), 0, [0.1] * 3, 1, CRYSTAL)
    assert found.missing is None
    assert [(one.begin, one.end) for one in found.valid] == [
        (10_000, 20_000),
        (20_000, 30_000),
        (30_000, 40_000),
    ]
    for one in found.valid:
        truth = float(CURRENT[one.begin : one.end].sum(dtype=float)) * VOLTS / RATE_HZ
        assert one.energy_j == pytest.approx(truth, rel=1e-4)


@pytest.mark.parametrize("ppm", [-90, 0, 90])
def test_clocks_differ_as_crystals_do(ppm: float) -> None:
    found = windows(trace(WORDS.tobytes()), 0, [0.1 * (1 + ppm * 1e-6)] * 3, 1, CRYSTAL)
    assert len(found.valid) == 3


def test_a_clock_that_no_crystal_has_is_told() -> None:
    found = windows(trace(WORDS.tobytes()), 0, [0.1005] * 3, 1, CRYSTAL)
    assert not found.valid
    assert found.windows[0].invalid == "the board's clock is -4,975 ppm of the probe's"


@pytest.mark.parametrize(
    ("channel", "count", "told"),
    [
        (3, 3, "logic input 3 never changes: wire it to the board's sync pin"),
        (0, 5, "logic input 0 changes 4 times, not 6: is it wired to another pin?"),
    ],
)
def test_edges_that_are_not_the_boards_are_no_windows(channel: int, count: int, told: str) -> None:
    found = windows(trace(WORDS.tobytes()), channel, [0.1] * count, 1, CRYSTAL)
    assert found.windows == ()
    assert found.missing == told


@pytest.mark.parametrize("at", [20_000, 20_001, 25_000, 29_999, 30_000])
@pytest.mark.parametrize(
    ("damage", "count"),
    [
        *((Damage.DROP, count) for count in (1, 2, 3, 4, 5)),
        *((Damage.ADD, count) for count in (1, 3, 4, 8)),
        *((Damage.LOSE, count) for count in (1, 63, 64, 128, 1000)),
        *((damage, 1) for damage in (Damage.RANGE, Damage.CLIP)),
    ],
)
def test_no_fault_in_a_window_counts(damage: Damage, count: int, at: int) -> None:
    """But for a sample or two at an edge, which is how well edges are known."""
    found = windows(trace(damaged(WORDS, Fault(damage, at, count))), 0, [0.1] * 3, 1, CRYSTAL)
    assert found.missing is not None or len(found.valid) < 3
    for one, begin in zip(found.windows, (10_000, 20_000, 30_000), strict=False):
        truth = float(CURRENT[begin : begin + 10_000].sum(dtype=float)) * VOLTS / RATE_HZ
        assert one.invalid is not None or one.energy_j == pytest.approx(truth, rel=3e-4)


@pytest.mark.parametrize("at", [1_000_001, 1_500_000, 1_999_900])
def test_64_samples_of_ten_seconds_do_not_get_lost(at: int) -> None:
    _, words_ = sampled(40.1, 10.0)
    whole = windows(trace(words_.tobytes()), 0, [10.0] * 3, 1, CRYSTAL)
    assert len(whole.valid) == 3
    found = windows(trace(damaged(words_, Fault(Damage.LOSE, at, 64))), 0, [10.0] * 3, 1, CRYSTAL)
    assert [one.invalid is None for one in found.windows] == [False, True, True]
    assert found.windows[0].invalid == "999,936 samples, where the board counted 1,000,000 ± 7"


def test_one_long_window_cannot_tell() -> None:
    _, words_ = sampled(21.0, 10.0)
    (one,) = windows(trace(words_.tobytes()), 0, [10.0], 1, CRYSTAL).windows
    assert one.invalid == "too long to tell lost samples by the board's clock: 3 spans tell"


def test_a_trace_tells_why_a_span_is_not_whole() -> None:
    broken = trace(damaged(WORDS, Fault(Damage.CLIP, 100, 2)))
    assert broken.wrong_within(0, 100) is None
    assert broken.wrong_within(50, 150) == f"{Flaw.CLIPPED.text} (2 of 100 samples)"
