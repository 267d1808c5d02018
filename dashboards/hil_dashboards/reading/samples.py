"""Samples of power traces for pages: decoded once, then as few of a stretch as a screen shows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.power.base import Break, Flaw, PowerTrace
from hil_dashboards.choices.trace import POINTS_USUAL

_HELD_MOST = 256 << 20  # bytes of decoded traces; the newest is held whatever it takes
_STRETCHES_MOST = 20

Currents = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Seen:
    """What a page needs of a trace: milliamperes (NaN where there are none), and what is wrong in words.

    ``whole``: there is no NaN. ``power_mw`` is there where the probe measured volts, too.
    """

    rate_hz: float
    current_ma: Currents
    wrong: tuple[str, ...]
    whole: bool = False
    power_mw: Currents | None = None

    @property
    def seconds(self) -> float:
        """By the probe's clock."""
        return len(self.current_ma) / self.rate_hz

    @property
    def bytes(self) -> int:
        """Of memory."""
        return self.current_ma.nbytes + (self.power_mw.nbytes if self.power_mw is not None else 0)

    def energy_mj(self, begin: int, end: int, supply_v: float) -> float:
        """From one sample to before another, at the volts measured or else the supply's; NaN: unknown."""
        power, volts = (self.current_ma, supply_v) if self.power_mw is None else (self.power_mw, 1.0)
        return float(np.sum(power[begin:end], dtype=np.float64)) * volts / self.rate_hz


@dataclass(frozen=True)
class Points:
    """A stretch of a trace as it is drawn: seconds, and milliamperes that are None between samples apart."""

    begin: float
    end: float
    seconds: list[float]
    current_ma: list[float | None]

    def stored(self) -> dict[str, Any]:
        """As a page takes it."""
        return {"from": self.begin, "to": self.end, "t": self.seconds, "y": self.current_ma}


class Shown:
    """The traces that were looked at last, by their hashes; used by several threads."""

    def __init__(self, most: int = _HELD_MOST) -> None:
        self._most = most
        self._held: OrderedDict[str, Seen] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, sha256: str, load: Callable[[], PowerTrace]) -> Seen:
        """A trace, by ``load`` unless it is held; one that two ask for is loaded once."""
        with self._lock:
            if sha256 not in self._held:
                self._held[sha256] = seen(load())
            self._held.move_to_end(sha256)
            while len(self._held) > 1 and self._bytes() > self._most:
                self._held.popitem(last=False)
            return self._held[sha256]

    def _bytes(self) -> int:
        return sum(one.bytes for one in self._held.values())


def seen(trace: PowerTrace) -> Seen:
    """A trace as pages show it."""
    current_ma = trace.current_a * np.float32(1e3)
    whole = not np.isnan(current_ma).any()
    power_mw = None if trace.voltage_v is None else current_ma * trace.voltage_v
    return Seen(trace.rate_hz, current_ma, tuple(_wrong(trace)), whole, power_mw)


def points(seen: Seen, begin: float, end: float, most: int = POINTS_USUAL) -> Points:
    """The stretch between two times, in seconds, by at most so many samples that look like all of them.

    Lows and highs stay (MinMaxLTTB). What lies outside the trace is cut off; an empty stretch is the whole.
    """
    count = len(seen.current_ma)
    first = min(max(int(np.floor(begin * seen.rate_hz)), 0), count)
    past = min(max(int(np.ceil(end * seen.rate_hz)) + 1, 0), count)
    if past - first < 2:
        first, past = 0, count
    part = seen.current_ma[first:past]
    good = None if seen.whole else np.flatnonzero(~np.isnan(part))
    values = part if good is None else part[good]
    chosen = _chosen(values, most)
    at = chosen if good is None else good[chosen]
    seconds = (at + first) / seen.rate_hz
    milliamperes: list[float | None] = [round(one, 6) for one in values[chosen].tolist()]
    times = [round(one, 7) for one in seconds.tolist()]
    # Between two of these samples others are missing: the line breaks there.
    for place in np.flatnonzero(np.diff(at) > np.diff(chosen))[::-1].tolist():
        times.insert(place + 1, times[place])
        milliamperes.insert(place + 1, None)
    return Points(first / seen.rate_hz, (past - 1) / seen.rate_hz, times, milliamperes)


def _chosen(values: Currents, most: int) -> npt.NDArray[np.intp]:
    """The places of at most so many values, in order."""
    if len(values) <= most:
        return np.arange(len(values))
    from tsdownsample import MinMaxLTTBDownsampler

    sampler: Any = MinMaxLTTBDownsampler
    found: npt.NDArray[np.uint64] = sampler().downsample(np.ascontiguousarray(values), n_out=most)
    return found.astype(np.intp)


def _wrong(trace: PowerTrace) -> list[str]:
    """A line on each break and each stretch without amperes, in order, the first ones."""
    found = [(one.at, _break_told(one, trace.rate_hz)) for one in trace.breaks]
    bad = trace.flaws != Flaw.NONE
    if bad.any():
        edges = np.flatnonzero(np.diff(np.concatenate(([False], bad, [False])).astype(np.int8)))
        for begin, end in edges.reshape(-1, 2)[: _STRETCHES_MOST + 1].tolist():
            flaw = Flaw(int(trace.flaws[begin]))
            told = f"{begin / trace.rate_hz:.6g} s: {flaw.text} ({end - begin:,} samples)"
            found.append((begin, told))
    lines = [told for _, told in sorted(found)]
    return lines if len(lines) <= _STRETCHES_MOST else [*lines[:_STRETCHES_MOST], "and more after it"]


def _break_told(one: Break, rate_hz: float) -> str:
    return f"{one.at / rate_hz:.6g} s: {one.flaw.text} ({one.evidence})"
