"""Windows of a power trace between edges of a sync pin, each one checked before it counts.

A window holds one span or several, which the board's own counter measured one by one. It is invalid where the
trace has a flaw in it, or where a span's length is not what the board counted. The two clocks differ by what
is the same for all spans of a trace, so with three or more the ratio is learned from them: 64 samples that a
probe loses in a span of ten seconds show, though two crystals may differ by more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hil.measure.latency import median
from hil.power.base import PowerTrace

EDGE_SAMPLES = 2.0  # an edge lies anywhere between two samples, at either end
LEARNED_FROM = 3  # spans
PROBE_COUNTS = 64  # samples that a probe can lose without its own counter telling
_DRIFT = 0.05  # by so much of what it may be wrong does a clock change between spans
_LEAST_DRIFT, _MOST_DRIFT = 5e-6, 1e-4  # of a crystal; of an RC oscillator within seconds
_MOST_EDGES = 10  # as many as are meant, and a line that toggles more often is another's

Lengths = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """Samples from ``begin`` to before ``end``, their energy in joules, and why they do not count, if so."""

    begin: int
    end: int
    energy_j: float
    invalid: str | None = None


@dataclass(frozen=True)
class Windows:
    """All windows of a trace, or why there are none.

    ``way`` is what a technique is called after, beside the probe, where no edges placed them.
    """

    windows: tuple[Window, ...]
    missing: str | None = None
    way: str | None = None

    @property
    def valid(self) -> tuple[Window, ...]:
        return tuple(window for window in self.windows if window.invalid is None)


def windows(
    trace: PowerTrace,
    channel: int,
    spans_s: Sequence[float],
    per_window: int,
    clock_share: float,
) -> Windows:
    """The windows between the edges of a logic input, ``per_window`` spans each.

    ``spans_s`` are the spans' lengths in seconds by the board's counter, ``clock_share`` is by how much its
    clock may be wrong (1e-4 for a crystal). The first edge rises; edges before the first span and after the
    last are no matter. ValueError unless the spans fill whole windows.
    """
    if not spans_s or len(spans_s) % per_window or min(spans_s) <= 0:
        raise ValueError(f"{len(spans_s)} spans do not fill windows of {per_window}")
    at, rises = trace.edges(channel)
    expected = np.asarray(spans_s, float) * trace.rate_hz
    drift = min(max(_LEAST_DRIFT, _DRIFT * clock_share), _MOST_DRIFT)
    found = _placed(at, rises, expected, drift)
    if found is None:
        return Windows((), _edges_told(len(at), len(spans_s) + 1, channel))
    wrong = _wrong_lengths(np.diff(found).astype(float), expected, per_window, clock_share, drift)
    held = []
    for first in range(0, len(spans_s), per_window):
        begin, end = int(found[first]), int(found[first + per_window])
        told = trace.wrong_within(begin, end) or _first(wrong[first : first + per_window])
        held.append(Window(begin, end, trace.energy_j(begin, end), told))
    return Windows(tuple(held))


def idle_samples(trace: PowerTrace, channel: int | None, seconds: float) -> tuple[int, int] | None:
    """The samples of the first ``seconds`` of a trace, in which the board waits: its middle half of them.

    None where an edge lies in them, or a flaw. What waited a little longer or shorter than it was asked to
    is told all the same.
    """
    begin, end = (round(seconds * share * trace.rate_hz) for share in (0.25, 0.75))
    if end <= begin or end > len(trace) or trace.wrong_within(begin, end) is not None:
        return None
    if channel is not None and len(at := trace.edges(channel)[0]) and at[0] < end:
        return None
    return begin, end


def _placed(
    at: npt.NDArray[np.intp], rises: npt.NDArray[np.bool_], expected: Lengths, drift: float
) -> npt.NDArray[np.intp] | None:
    """The edges around the spans: where most lengths are as the board counted, up to the clocks' ratio.

    Of places that fit alike it is the last: the vector that is to be repeated ran before. Where there are as
    many edges as are meant, they are these.
    """
    spans = len(expected)
    if len(at) == spans + 1:
        return at
    if not spans + 1 < len(at) <= _MOST_EDGES * (spans + 1):
        return None
    lengths = np.lib.stride_tricks.sliding_window_view(np.diff(at), spans)
    starts = np.flatnonzero(rises[: len(lengths)])
    if not len(starts):
        return None
    ratios = np.median(lengths[starts] / expected, axis=1)[:, None]
    close = np.abs(lengths[starts] - expected * ratios) <= _apart(expected, drift) + 1
    fits = np.where(np.abs(ratios[:, 0] - 1) < 0.1, close.sum(axis=1), 0)
    best = len(fits) - 1 - int(np.argmax(fits[::-1]))
    if fits[best] * 2 < spans:
        return None
    return at[starts[best] : starts[best] + spans + 1]


def _wrong_lengths(
    lengths: Lengths, expected: Lengths, per_window: int, clock_share: float, drift: float
) -> list[str | None]:
    """Why each span's length is not what the board counted; None where it is."""
    learned = len(lengths) >= LEARNED_FROM
    ratio = 1.0
    if learned:
        ratio = median(lengths / expected)
        good = np.abs(lengths - expected * ratio) <= _apart(expected, drift) + 1
        if good.any():
            ratio = float(lengths[good].sum() / expected[good].sum())
            whole = float(expected[good].sum()) * ratio
            if abs(ratio - 1) * whole > EDGE_SAMPLES + clock_share * whole:
                told = f"the board's clock is {(ratio - 1) * 1e6:+,.0f} ppm of the probe's"
                return [told] * len(lengths)
    most = _apart(expected, drift if learned else clock_share)
    return [
        _wrong_length(*one, learned, f"span {place % per_window + 1} of {per_window}: " * (per_window > 1))
        for place, one in enumerate(zip(lengths, expected * ratio, most, strict=True))
    ]


def _wrong_length(length: float, meant: float, most: float, learned: bool, which: str) -> str | None:
    if abs(length - meant) > most:
        return f"{which}{length:,.0f} samples, where the board counted {meant:,.0f} ± {most:,.0f}"
    if most <= EDGE_SAMPLES + PROBE_COUNTS / 2:
        return None
    told = "shorter ones tell" if learned else f"{LEARNED_FROM} spans tell"
    return f"{which}too long to tell lost samples by the board's clock: {told}"


def _apart(expected: Lengths, share: float) -> Lengths:
    """By how many samples a span's length may be off."""
    return EDGE_SAMPLES + share * expected


def _first(told: Sequence[str | None]) -> str | None:
    return next((one for one in told if one is not None), None)


def _edges_told(found: int, meant: int, channel: int) -> str:
    if found == 0:
        return f"logic input {channel} never changes: wire it to the board's sync pin"
    times = f"{found:,} time{'s' if found != 1 else ''}"
    if found < meant:
        return f"logic input {channel} changes {times}, not {meant:,}: is it wired to another pin?"
    return (
        f"logic input {channel} changes {times}, never {meant:,} times as the board counted: "
        "is it wired to another pin?"
    )
