"""Blocks of samples put together by their sample numbers: what is missing stays missing.

The library calls back with a block of one signal at a time: the number of its first sample at
``sample_rate``, of which every ``decimate_factor``-th is in ``data``. Currents and volts are float32, NaN
where the instrument has none; logic inputs are bits, eight a byte, the first the lowest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.power.base import Break, Flaw, Samples

RAW = np.dtype(
    [("current_a", np.float32), ("voltage_v", np.float32), ("digital", np.uint8), ("missing", np.bool_)]
)
CURRENT, VOLTAGE = "i", "v"


@dataclass(frozen=True, eq=False)
class Block:
    """Samples of one signal from number ``first`` on, at the rate of all."""

    first: int
    values: npt.NDArray[Any]

    @property
    def end(self) -> int:
        return self.first + len(self.values)

    def before(self, number: int) -> Block:
        """Its samples of smaller numbers."""
        return Block(self.first, self.values[: max(0, number - self.first)])

    def behind(self, number: int) -> Block:
        """Its other samples."""
        return Block(max(self.first, number), self.values[max(0, number - self.first) :])


@dataclass(frozen=True, eq=False)
class Joined:
    """Raw samples (n, ``RAW``) at a rate, and where some are missing."""

    raw: npt.NDArray[np.void]
    rate_hz: float
    breaks: tuple[Break, ...]


def block(value: Mapping[str, Any], bits: bool) -> tuple[Block, float]:
    """What the library calls back with, and its rate; copied, since the library's memory is its own."""
    every = int(value["decimate_factor"])
    data = np.asarray(value["data"])
    values = np.unpackbits(data, bitorder="little") if bits else data.astype(np.float32)
    return Block(int(value["sample_id"]) // every, values), value["sample_rate"] / every


def joined(signals: Mapping[str, Iterable[Block]], rate_hz: float) -> Joined:
    """All signals, from where each has begun to where the first ends; inputs are named by their numbers.

    A sample that any signal lacks is missing, and is kept as such: time goes on.
    """
    sorted_blocks = {name: sorted(blocks, key=lambda one: one.first) for name, blocks in signals.items()}
    if not all(sorted_blocks.values()):
        return Joined(np.zeros(0, RAW), rate_hz, ())
    begin = max(blocks[0].first for blocks in sorted_blocks.values())
    end = min(max(one.end for one in blocks) for blocks in sorted_blocks.values())
    count = max(0, end - begin)
    raw = np.zeros(count, RAW)
    gone = np.zeros(count, bool)
    for name, blocks in sorted_blocks.items():
        there = np.zeros(count, bool)
        placed = np.zeros(count, blocks[0].values.dtype)
        for one in blocks:
            first, last = max(one.first, begin), min(one.end, end)
            if first < last:
                placed[first - begin : last - begin] = one.values[first - one.first : last - one.first]
                there[first - begin : last - begin] = True
        gone |= ~there
        if name == CURRENT:
            raw["current_a"] = placed
        elif name == VOLTAGE:
            raw["voltage_v"] = placed
        else:
            raw["digital"] |= placed.astype(np.uint8) << np.uint8(int(name))
    raw["missing"] = gone
    return Joined(raw, rate_hz, tuple(_gaps(gone)))


def _gaps(gone: npt.NDArray[np.bool_]) -> Iterable[Break]:
    changes = np.flatnonzero(np.diff(np.r_[False, gone, False].astype(np.int8)))
    for first, last in changes.reshape(-1, 2).tolist():
        lost = last - first
        yield Break(first, Flaw.LOST, f"the samples' numbers jump by {lost + 1:,}", lost)


def decoded(raw: npt.NDArray[np.void], most_a: float) -> Samples:
    """What raw samples say."""
    current = raw["current_a"].astype(np.float32)
    flaws = np.zeros(len(raw), np.uint8)
    flaws[np.abs(current) > most_a] = Flaw.CLIPPED
    flaws[raw["missing"] | np.isnan(current) | np.isnan(raw["voltage_v"])] = Flaw.LOST
    current[flaws != Flaw.NONE] = np.nan
    return Samples(current, raw["digital"].copy(), flaws, raw["voltage_v"].copy())
