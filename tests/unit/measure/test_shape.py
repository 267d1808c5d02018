"""Windows where no wire tells them: by one stretch of current, or none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emulated_energy import INFERENCES, modelled
from hil.measure.energy import Pass, energy
from hil.measure.shape import windows_by_shape
from hil.measure.windows import idle_samples
from hil.power.base import Flaw, PowerTrace
from hil.values import Method
from power_probes import VOLTS as PROBE_VOLTS
from power_traces import CRYSTAL, IDLE_A, IDLE_S, RATE_HZ, RUN_A, VOLTS, traced

SPAN = 10_000
WIRE = "wire a logic input of the probe to the board's sync pin"


def board(
    ends: int = 50, work: int = 15 * SPAN, pulse: int = 1_300, noise_a: float = 0.0, seed: int = 0
) -> PowerTrace:
    """A board that computes a vector, waits, and repeats it; around the repeat it works ``ends`` samples."""
    parts = [
        (2 * SPAN, IDLE_A),
        (pulse, RUN_A),
        (3_333, IDLE_A),
        (work + 2 * ends, RUN_A),
        (2 * SPAN, IDLE_A),
    ]
    found = traced(
        [count for count, _ in parts], [current for _, current in parts], noise_a=noise_a, seed=seed
    )
    return replace(found, digital=np.zeros(len(found), np.uint8))


def test_the_stretch_that_the_board_counted_is_cut_into_its_windows() -> None:
    for seed in range(5):
        trace = board(noise_a=3e-4, seed=seed)
        found = windows_by_shape(trace, [0.1] * 15, 3, CRYSTAL)
        assert found.missing is None
        assert [one.end - one.begin for one in found.windows] == [3 * SPAN] * 5
        assert [one.invalid for one in found.windows] == [None] * 5
        for one in found.windows:
            assert one.energy_j == pytest.approx(RUN_A * VOLTS * 0.3, rel=2e-3)


def test_the_technique_tells_that_no_edge_placed_them() -> None:
    trace = board()
    found = windows_by_shape(trace, [0.1] * 15, 5, CRYSTAL)
    told = energy(
        [Pass(trace, found, 50, idle_samples(trace, None, IDLE_S))],
        method=Method.MEASURED, technique="ppk2", conditions={}, gain_share=0.0,
    )  # fmt: skip
    assert {one.technique for one in told.measures} == {"ppk2 by shape"}


@pytest.mark.parametrize(
    ("trace", "told"),
    [
        (traced([15 * SPAN], IDLE_A), "the current of the board's work is not clear of that of its rest"),
        (
            traced([15 * SPAN], IDLE_A * 1.3),
            "the current of the board's work is not clear of that of its rest",
        ),
        (
            board(work=14 * SPAN),
            "no stretch of current lasts 1.500 s as the board counted, the longest 1.401 s",
        ),
        (
            board(work=16 * SPAN),
            "no stretch of current lasts 1.500 s as the board counted, the longest 1.601 s",
        ),
        (board(pulse=15 * SPAN), "more than one stretch of current may be what the board repeated"),
        (board(pulse=9 * SPAN), "more than one stretch of current may be what the board repeated"),
    ],
)
def test_what_may_be_something_else_is_refused_with_the_wire_to_add(trace: PowerTrace, told: str) -> None:
    found = windows_by_shape(trace, [0.1] * 15, 3, CRYSTAL)
    assert (found.windows, found.missing) == ((), f"{told}: {WIRE}")


def test_a_dip_in_the_repeat_is_refused() -> None:
    trace = board()
    trace.current_a[10 * SPAN : 10 * SPAN + 300] = IDLE_A
    assert windows_by_shape(trace, [0.1] * 15, 3, CRYSTAL).windows == ()


def test_a_trace_that_ends_within_the_repeat_is_refused() -> None:
    trace = board()
    cut = replace(
        trace,
        current_a=trace.current_a[: 15 * SPAN],
        digital=trace.digital[: 15 * SPAN],
        flaws=trace.flaws[: 15 * SPAN],
    )
    assert windows_by_shape(cut, [0.1] * 15, 3, CRYSTAL).windows == ()


def test_a_flaw_makes_a_window_invalid() -> None:
    trace = board()
    at = 8 * SPAN
    trace.flaws[at] = Flaw.CLIPPED
    found = windows_by_shape(trace, [0.1] * 15, 3, CRYSTAL)
    told = [one.invalid for one in found.windows if one.begin <= at < one.end]
    assert told == [f"{Flaw.CLIPPED.text} (1 of 30,000 samples)"]
    assert len(found.valid) == 4


def test_spans_fill_whole_windows() -> None:
    with pytest.raises(ValueError, match=r"4 spans do not fill windows of 3"):
        windows_by_shape(board(), [0.1] * 4, 3, CRYSTAL)


def test_the_trace_of_another_rate_has_the_same_windows() -> None:
    trace = replace(board(ends=10), rate_hz=RATE_HZ / 10)
    found = windows_by_shape(trace, [1.0] * 15, 3, CRYSTAL)
    assert [one.end - one.begin for one in found.windows] == [3 * SPAN] * 5


@pytest.mark.parametrize("phase", range(0, 5_000, 777))
def test_energy_of_an_emulated_board_without_a_wire_is_what_it_took(phase: int) -> None:
    span = 2_512_345
    found = modelled(3.6e-3, 1.15e-3, 25e6, [span] * 3, 1, phase, wired=False)
    taken_uj = 3.6e-3 * PROBE_VOLTS * span / 25e6 / INFERENCES * 1e6
    held = found["energy_per_inference"]
    assert held.technique == "ppk2 by shape"
    assert held.value == pytest.approx(taken_uj, rel=1e-3)
