"""Currents told as samples by the kit's calibration, many at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hil.power.emulated.kit import USED
from hil.power.ppk2.wire import (
    ADC_MOST,
    COUNTER_MASK,
    COUNTER_SHIFT,
    RANGE_SHIFT,
    RANGES,
    Calibration,
)


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
        return cls(tables, np.array([table[int(ADC_MOST * USED)] for table in tables]))

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
