"""Windows of several spans: found among other edges, and each span checked by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hil.measure.windows import Windows, idle_samples, windows
from hil.power.base import Break, Flaw, PowerTrace
from power_traces import CRYSTAL, IDLE_S, RATE_HZ, RUN_A, VOLTS, traced

SPAN = 10_000
SPANS = 15
BOARD_S = [SPAN / RATE_HZ] * SPANS
FIRST = round(IDLE_S * RATE_HZ)
VECTOR = (1_234, 3_456)  # its own level before the repeat, and the time until that


def found(trace: PowerTrace, per_window: int = 3, share: float = CRYSTAL, ppm: float = 0.0) -> Windows:
    return windows(trace, 0, [one * (1 + ppm * 1e-6) for one in BOARD_S], per_window, share)


def lost(trace: PowerTrace, at: int, count: int) -> PowerTrace:
    """Without samples that the probe's own counter does not miss."""
    keep = np.r_[0:at, at + count : len(trace)]
    return replace(
        trace, current_a=trace.current_a[keep], digital=trace.digital[keep], flaws=trace.flaws[keep]
    )


def test_a_window_reaches_over_its_spans() -> None:
    one = found(traced([SPAN] * SPANS))
    assert one.missing is None
    assert [(held.begin, held.end) for held in one.valid] == [
        (FIRST + first * SPAN, FIRST + (first + 3) * SPAN) for first in range(0, SPANS, 3)
    ]
    for held in one.valid:
        assert held.energy_j == pytest.approx(RUN_A * VOLTS * 3 * SPAN / RATE_HZ)


@pytest.mark.parametrize("before", [(), VECTOR, (9_998, 3_456), (*VECTOR, 10_000, 777)])
@pytest.mark.parametrize("after", [(200,), (200, 300), (10_000, 10)])
@pytest.mark.parametrize("spans", [3, 15])
def test_edges_of_the_vector_before_and_of_what_follows_are_no_matter(
    before: tuple[int, ...], after: tuple[int, ...], spans: int
) -> None:
    trace = traced([SPAN] * spans, before=before, after=after)
    one = windows(trace, 0, BOARD_S[:spans], 3, CRYSTAL)
    assert one.missing is None
    assert [held.begin for held in one.valid] == [
        FIRST + sum(before) + first * SPAN for first in range(0, spans, 3)
    ]


@pytest.mark.parametrize("place", range(SPANS))
@pytest.mark.parametrize("count", [64, 128, 640])
def test_a_span_that_lost_samples_makes_its_window_invalid(place: int, count: int) -> None:
    for before in ((), VECTOR):
        whole = traced([SPAN] * SPANS, before=before)
        one = found(lost(whole, FIRST + sum(before) + place * SPAN + 4_000, count))
        assert [held.invalid is None for held in one.windows] == [
            at != place // 3 for at in range(SPANS // 3)
        ]
        told = one.windows[place // 3].invalid
        assert told == (
            f"span {place % 3 + 1} of 3: {SPAN - count:,} samples, where the board counted 10,000 ± 2"
        )


def test_64_samples_of_a_window_of_ten_seconds_show_in_one_span() -> None:
    """Of one window too: with a hundred spans the clocks' ratio is known all the same."""
    trace = traced([SPAN] * 101)
    (whole,) = windows(trace, 0, [0.1] * 101, 101, CRYSTAL).windows
    assert whole.invalid is None
    (short,) = windows(lost(trace, 543_210, 64), 0, [0.1] * 101, 101, CRYSTAL).windows
    assert short.invalid is not None
    assert short.invalid.startswith("span 54 of 101: 9,936 samples")


@pytest.mark.parametrize("ppm", [-90.0, -7.0, 0.0, 30.0, 90.0])
@pytest.mark.parametrize("span", [9_999, 10_000, 12_345])
def test_the_ratio_of_the_clocks_is_known_to_less_than_an_edge(ppm: float, span: int) -> None:
    """Lengths are whole samples, so the ratio of one short span is off by more than a crystal."""
    edges = np.rint(np.arange(SPANS + 1) * span * (1 + ppm * 1e-6)).astype(int)
    trace = traced(np.diff(edges).tolist())
    one = windows(trace, 0, [span / RATE_HZ] * SPANS, 3, CRYSTAL)
    assert len(one.valid) == 5


def test_a_clock_that_is_further_off_is_told() -> None:
    one = found(traced([SPAN] * SPANS), ppm=-500.0)
    assert {held.invalid for held in one.windows} == {"the board's clock is +500 ppm of the probe's"}
    assert len(found(traced([SPAN] * SPANS), share=1e-2, ppm=-500.0).valid) == 5


def test_a_clock_that_drifts_cannot_tell_lost_samples_of_long_spans() -> None:
    """An RC oscillator changes within seconds by more than 64 samples of one long span."""
    trace = traced([400_000] * 3)
    of_crystal, of_rc = (windows(trace, 0, [4.0] * 3, 1, share) for share in (CRYSTAL, 1e-2))
    assert len(of_crystal.valid) == 3
    assert {held.invalid for held in of_rc.windows} == {
        "too long to tell lost samples by the board's clock: shorter ones tell"
    }


def test_a_flaw_in_any_span_counts() -> None:
    trace = traced([SPAN] * SPANS)
    broken = replace(trace, breaks=(Break(FIRST + 4 * SPAN + 5, Flaw.LOST, "3 by its counter", 3),))
    one = found(broken)
    assert [held.invalid for held in one.windows] == [
        None, "samples are lost (3 by its counter)", None, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("trace", "told"),
    [
        (traced([]), "changes 1 time, not 16: is it wired to another pin?"),
        (traced([SPAN] * 12), "changes 13 times, not 16: is it wired to another pin?"),
        (
            traced([5_000] * 40),
            "changes 41 times, never 16 times as the board counted: is it wired to another pin?",
        ),
        (
            traced([500] * 400),
            "changes 401 times, never 16 times as the board counted: is it wired to another pin?",
        ),
    ],
)
def test_a_line_that_toggles_otherwise_is_another_pin(trace: PowerTrace, told: str) -> None:
    one = found(trace)
    assert (one.windows, one.missing) == ((), f"logic input 0 {told}")


@pytest.mark.parametrize(("spans", "per_window"), [([], 1), ([0.1] * 4, 3), ([0.1, 0.0], 1)])
def test_spans_fill_whole_windows(spans: list[float], per_window: int) -> None:
    with pytest.raises(ValueError, match=r"do not fill windows"):
        windows(traced([SPAN] * 4), 0, spans, per_window, CRYSTAL)


def test_the_board_waits_in_the_first_samples_or_not_at_all() -> None:
    trace = traced([SPAN] * 3)
    assert idle_samples(trace, 0, IDLE_S) == (FIRST // 4, FIRST * 3 // 4)
    assert idle_samples(trace, None, IDLE_S) == (FIRST // 4, FIRST * 3 // 4)
    assert idle_samples(trace, 0, 2 * IDLE_S) is None, "an edge lies in them"
    assert idle_samples(trace, 0, 0.0) is None
    assert idle_samples(trace, None, 100.0) is None, "the trace is shorter"
    trace.flaws[FIRST // 2] = Flaw.CLIPPED
    assert idle_samples(trace, 0, IDLE_S) is None
