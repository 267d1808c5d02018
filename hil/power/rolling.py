"""The last seconds of what a probe measures, in as many pieces as a plot has columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.power.base import Flaw, PowerTrace

Column = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shown:
    """A number for each piece: when it ends in seconds since the start, least, mean and most amperes (NaN
    where there are none), how many of its samples do not count, and the logic inputs, each bit high at any
    time of it. ``breaks`` is how many there were since the start.
    """

    seconds: Column
    low: Column
    mean: Column
    high: Column
    wrong: npt.NDArray[np.int64]
    digital: npt.NDArray[np.uint8]
    breaks: int


class Rolling:
    """Pieces of equal length, of which the newest are kept; ``columns`` of them make ``window_s``."""

    def __init__(self, rate_hz: float, window_s: float, columns: int = 1000) -> None:
        self._rate_hz = rate_hz
        self._columns = columns
        self._samples = max(1, round(window_s * rate_hz / columns))
        self._left: list[tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]] = []
        self._rows = np.zeros((0, 5))
        self._count = 0
        self._breaks = 0

    def add(self, trace: PowerTrace) -> None:
        """What came next; a part of a piece waits for the rest of it."""
        self._breaks += len(trace.breaks)
        self._left.append((trace.current_a, trace.digital, trace.flaws))
        current, digital, flaws = (np.concatenate(parts) for parts in zip(*self._left, strict=True))
        whole = len(current) - len(current) % self._samples
        self._left = [(current[whole:], digital[whole:], flaws[whole:])]
        if not whole:
            return
        pieces = current[:whole].reshape(-1, self._samples).astype(np.float64)
        good = ~np.isnan(pieces)
        total = np.where(good, pieces, 0.0).sum(axis=1)
        counts = good.sum(axis=1)
        rows = np.column_stack(
            [
                _across(np.fmin, pieces),
                np.divide(total, counts, out=np.full(len(total), np.nan), where=counts > 0),
                _across(np.fmax, pieces),
                (flaws[:whole].reshape(-1, self._samples) != Flaw.NONE).sum(axis=1),
                _across(np.bitwise_or, digital[:whole].reshape(-1, self._samples)),
            ]
        )
        self._rows = np.concatenate([self._rows, rows])[-self._columns :]
        self._count += len(rows)

    def shown(self) -> Shown:
        """The newest pieces, the oldest first."""
        rows = self._rows
        ends = np.arange(self._count - len(rows) + 1, self._count + 1) * self._samples / self._rate_hz
        return Shown(
            ends, rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3].astype(int), rows[:, 4].astype(np.uint8),
            self._breaks,
        )  # fmt: skip


def _across(function: np.ufunc, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What a function of two makes of each row's numbers, one after the other."""
    found: npt.NDArray[Any] = function.reduce(rows, axis=1)
    return found
