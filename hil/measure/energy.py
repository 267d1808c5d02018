"""Energy of the spans between two edges of a sync pin, each one checked before it counts.

A window is invalid where the trace has a flaw in it, or where its length is not what the board's own counter
says. The two clocks differ by what is the same for all windows of a trace, so with three or more the ratio is
learned from them: 64 samples that a probe loses in a window of ten seconds show, though two crystals may
differ by more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hil.power.base import PowerTrace

EDGE_SAMPLES = 2.0  # an edge lies anywhere between two samples, at either end
STABLE_SHARE = 5e-6  # by which a crystal changes between windows
LEARNED_FROM = 3  # windows
PROBE_COUNTS = 64  # samples that a probe can lose without its own counter telling


@dataclass(frozen=True)
class Window:
    """Samples from ``begin`` to before ``end``, their energy in joules, and why they do not count, if so."""

    begin: int
    end: int
    energy_j: float
    invalid: str | None = None


@dataclass(frozen=True)
class Windows:
    """All windows of a trace, or why there are none."""

    windows: tuple[Window, ...]
    missing: str | None = None

    @property
    def valid(self) -> tuple[Window, ...]:
        return tuple(window for window in self.windows if window.invalid is None)


@dataclass(frozen=True, eq=False)
class Pass:
    """What a probe saw of one repeat, from before the board works to after it.

    Each window of ``windows`` holds so many ``inferences``. ``idle`` are the samples, from the first to
    before the second number, while the board waits before its first edge, where there are any.
    """

    trace: PowerTrace
    windows: Windows
    inferences: int
    idle: tuple[int, int] | None = None


def windows(
    trace: PowerTrace,
    channel: int,
    board_s: Sequence[float],
    clock_share: float,
    stable_share: float = STABLE_SHARE,
) -> Windows:
    """The spans between the edges of a logic input, one for each of ``board_s``.

    ``board_s`` are their lengths in seconds by the board's counter, ``clock_share`` is by how much its clock
    may be wrong (1e-4 for a crystal), ``stable_share`` by how much it changes from one window to the next.
    """
    at, _ = trace.edges(channel)
    if len(at) != len(board_s) + 1:
        return Windows((), _edges_told(len(at), len(board_s) + 1, channel))
    lengths = np.diff(at)
    expected = np.asarray(board_s, float) * trace.rate_hz
    ratios = lengths / expected
    learned = len(lengths) >= LEARNED_FROM
    ratio = float(np.median(ratios)) if learned else 1.0
    off = f"the board's clock is {(ratio - 1) * 1e6:+,.0f} ppm of the probe's"
    apart = EDGE_SAMPLES + (stable_share if learned else clock_share) * expected
    found = []
    for begin, length, meant, most in zip(at[:-1], lengths, expected * ratio, apart, strict=True):
        end = int(begin + length)
        wrong = trace.wrong_within(int(begin), end)
        if wrong is None and abs(ratio - 1) * meant > EDGE_SAMPLES + clock_share * meant:
            wrong = off
        if wrong is None and abs(length - meant) > most:
            wrong = f"{length:,} samples, where the board counted {meant:,.0f} ± {most:,.0f}"
        if wrong is None and not learned and most > EDGE_SAMPLES + PROBE_COUNTS / 2:
            wrong = f"too long to tell lost samples by the board's clock: {LEARNED_FROM} windows tell"
        found.append(Window(int(begin), end, _energy_j(trace, int(begin), end), wrong))
    return Windows(tuple(found))


def _energy_j(trace: PowerTrace, begin: int, end: int) -> float:
    return float(np.sum(trace.current_a[begin:end], dtype=np.float64)) * trace.supply_v / trace.rate_hz


def _edges_told(found: int, meant: int, channel: int) -> str:
    if found == 0:
        return f"logic input {channel} never changes: wire it to the board's sync pin"
    return f"logic input {channel} changes {found:,} times, not {meant:,}: is it wired to another pin?"
