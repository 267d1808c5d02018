"""The kit's side of the wire: commands taken, currents told as samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hil.power.ppk2.wire import (
    ADC_MOST,
    COUNTER_MASK,
    COUNTER_SHIFT,
    RANGE_SHIFT,
    RANGES,
    Calibration,
)

_ARGUMENTS = {0x0C: 1, 0x0D: 2, 0x11: 1}  # bytes behind a command; none behind any other
_USED = 0.9  # of a range: beyond, the kit takes the next

# Made up, of the size that kits have: what the emulated one is calibrated to.
CALIBRATION = Calibration(
    ohm=(1004.25, 101.25, 10.25, 0.9625, 0.0525),
    gs=(0.0, 108.5, 17.75, 2.375, 0.0725),
    gi=(1.0, 0.9725, 0.9625, 0.9525, 0.9575),
    o=(113.5, 76.5, 64.5, 50.5, 88.5),
    s=(4.75e-8, 5.75e-7, 5.25e-6, 6.25e-5, 2.875e-3),
    i=(-1.125e-7, -1.375e-6, 3.625e-5, -3.75e-4, -9.375e-3),
    ug=(1.0, 1.0, 1.0, 1.0, 1.0),
    hardware="emulated",
)


def metadata(calibration: Calibration) -> bytes:
    """The answer to METADATA."""
    lines = ["Calibrated: 0"]
    names = {"R": "ohm", "GS": "gs", "GI": "gi", "O": "o", "S": "s", "I": "i", "UG": "ug"}
    for name, field in names.items():
        lines += [f"{name}{index}: {value!r}" for index, value in enumerate(getattr(calibration, field))]
    return "\n".join([*lines, f"HW: {calibration.hardware}", "IA: 56", "END", ""]).encode("ascii")


@dataclass(frozen=True)
class Scale:
    """How the kit measures at one supply: the finest range that holds a current, the step next to it."""

    tables: tuple[npt.NDArray[np.float32], ...]
    limits: npt.NDArray[np.float64]

    @classmethod
    def of(cls, calibration: Calibration, volts: float) -> Scale:
        amperes = calibration.amperes(volts)
        tables = tuple(
            amperes[index << RANGE_SHIFT : (index << RANGE_SHIFT) + ADC_MOST + 1] for index in range(RANGES)
        )
        return cls(tables, np.array([table[int(ADC_MOST * _USED)] for table in tables]))

    def words(
        self, current_a: npt.NDArray[np.float32], digital: npt.NDArray[np.uint8], first: int
    ) -> npt.NDArray[np.uint32]:
        """Samples (n, uint32) of currents and logic inputs, of which the first has the number ``first``."""
        ranges = np.minimum(np.searchsorted(self.limits, current_a), RANGES - 1)
        adc = np.zeros(len(current_a), np.uint32)
        for index, table in enumerate(self.tables):
            here = ranges == index
            if here.any():
                adc[here] = np.clip(_nearest(table, current_a[here]), 1, ADC_MOST)
        count = np.arange(first, first + len(adc), dtype=np.int64) & COUNTER_MASK
        words = adc | ranges.astype(np.uint32) << np.uint32(RANGE_SHIFT)
        words |= count.astype(np.uint32) << np.uint32(COUNTER_SHIFT)
        words |= digital.astype(np.uint32) << np.uint32(24)
        return words


def _nearest(table: npt.NDArray[np.float32], current_a: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    above = np.clip(np.searchsorted(table, current_a), 1, len(table) - 1)
    return above - (current_a - table[above - 1] < table[above] - current_a)


def commands(data: bytearray) -> Iterator[tuple[int, bytes]]:
    """Whole commands, taken out of what has arrived: the first byte, and those behind it."""
    while data:
        length = 1 + _ARGUMENTS.get(data[0], 0)
        if len(data) < length:
            return
        command = bytes(data[:length])
        del data[:length]
        yield command[0], command[1:]
