"""Steady currents told as samples, without arrays: the emulated kit starts in a fraction of the time.

A current lies between two steps of the ADC. Of 64 samples as many tell the upper one as make the mean right.
"""

from __future__ import annotations

from hil.power.emulated.kit import USED
from hil.power.ppk2.wire import (
    ADC_MOST,
    COUNTER_SHIFT,
    COUNTS,
    RANGE_SHIFT,
    RANGES,
    SAMPLE_BYTES,
    Calibration,
)


class Encoder:
    """Samples as the kit sends them, by one calibration at one supply."""

    def __init__(self, calibration: Calibration, volts: float) -> None:
        self._calibration = calibration
        self._volts = volts
        self._blocks: dict[tuple[float, int], bytes] = {}

    def samples(self, ampere: float, digital: int, first: int, count: int) -> bytes:
        """``count`` samples of one current and logic inputs, the first of which has the number ``first``."""
        block = self._blocks.get((ampere, digital))
        if block is None:
            block = self._blocks[ampere, digital] = self._block(ampere, digital)
        skipped = first % COUNTS * SAMPLE_BYTES
        return (block * (count // COUNTS + 2))[skipped : skipped + count * SAMPLE_BYTES]

    def sample(self, ampere: float, digital: int, number: int) -> bytes:
        """One sample, of the step next to the current."""
        low, share = self._step(ampere)
        return _word(low + round(share), digital, number)

    def _block(self, ampere: float, digital: int) -> bytes:
        low, share = self._step(ampere)
        upper = round(share * COUNTS)
        steps = [(number + 1) * upper // COUNTS - number * upper // COUNTS for number in range(COUNTS)]
        return b"".join(_word(low + step, digital, number) for number, step in enumerate(steps))

    def _step(self, ampere: float) -> tuple[int, float]:
        """ADC value and range (as one number) below a current, and how far it is on the way to the next."""
        index = next(
            (one for one in range(RANGES) if ampere <= self._of(one, int(ADC_MOST * USED))), RANGES - 1
        )
        low, high = 1, ADC_MOST - 1  # at its ends the ADC tells nothing
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._of(index, middle) <= ampere else (low, middle)
        below, above = self._of(index, low), self._of(index, low + 1)
        share = min(1.0, max(0.0, (ampere - below) / (above - below)))
        return index << RANGE_SHIFT | low, share

    def _of(self, index: int, adc: int) -> float:
        return self._calibration.ampere(index, adc, self._volts)


def _word(key: int, digital: int, number: int) -> bytes:
    word = key | number % COUNTS << COUNTER_SHIFT | digital << 24
    return word.to_bytes(SAMPLE_BYTES, "little")
