"""What travels to and from the kit: commands of a few bytes, four bytes a sample, a calibration as text.

A sample is a little-endian word: ADC in bits 0 to 13, measuring range in 14 to 16, a counter of samples in 18
to 23, the eight logic inputs in 24 to 31.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from hil.errors import PowerProbeError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

RATE_HZ = 100_000.0
SAMPLE_BYTES = 4
RANGES = 5
ADC_MOST = (1 << 14) - 1
RANGE_SHIFT = 14
KEY_MASK = (1 << 17) - 1  # ADC and range: all that the current depends on
COUNTER_SHIFT, COUNTER_MASK = 18, 63
COUNTS = COUNTER_MASK + 1
DIGITAL_BYTE = 3

START, STOP = bytes([0x06]), bytes([0x07])
POWER_ON, POWER_OFF = bytes([0x0C, 1]), bytes([0x0C, 0])
AMPERE_METER, SOURCE_METER = bytes([0x11, 1]), bytes([0x11, 2])
METADATA, RESET = bytes([0x19]), bytes([0x20])
METADATA_END = b"END"
LEAST_V, MOST_V = 0.8, 5.0
MOST_A = 1.0

_ADC_V = 1.8 / 163840  # volts of an ADC step, of which the kit drops the lower two bits
_OHM = (1031.64, 101.65, 10.15, 0.94, 0.043)  # the shunts as they are soldered in
_REMEDY = (
    "unplug the kit and plug it in again; if it says so again, it has to go back to Nordic for calibration"
)


def regulator(volts: float) -> bytes:
    """The command that sets the supply to whole millivolts; ValueError outside of what the kit can be."""
    if not LEAST_V <= volts <= MOST_V:
        raise ValueError(volts)
    return bytes([0x0D]) + round(volts * 1000).to_bytes(2, "big")


@dataclass(frozen=True)
class Calibration:
    """What turns ADC steps into amperes, a number for each of the five ranges.

    With ``r = (4 adc - o) * 1.8 / 163840 / ohm`` the current is ``ug * (r * (gs * r + gi) + s * volts + i)``.
    """

    ohm: tuple[float, ...]
    gs: tuple[float, ...]
    gi: tuple[float, ...]
    o: tuple[float, ...]
    s: tuple[float, ...]
    i: tuple[float, ...]
    ug: tuple[float, ...]
    hardware: str = ""

    def stored(self) -> dict[str, str | float]:
        """Flat, as it is kept with a trace."""
        found: dict[str, str | float] = {"hardware": self.hardware}
        for name, values in asdict(self).items():
            if name != "hardware":
                found |= {f"{name}{index}": value for index, value in enumerate(values)}
        return found

    @classmethod
    def of(cls, stored: Mapping[str, str | float]) -> Calibration:
        """What ``stored`` gave; KeyError or ValueError when it is something else."""
        names = ("ohm", "gs", "gi", "o", "s", "i", "ug")
        ohm, gs, gi, o, s, i, ug = (
            tuple(float(stored[f"{name}{index}"]) for index in range(RANGES)) for name in names
        )
        return cls(ohm, gs, gi, o, s, i, ug, str(stored["hardware"]))

    def ampere(self, index: int, adc: int, volts: float) -> float:
        """The current of one ADC value in the range ``index``."""
        r = (4 * adc - self.o[index]) * _ADC_V / self.ohm[index]
        offset = self.s[index] * volts + self.i[index]
        return self.ug[index] * (r * (self.gs[index] * r + self.gi[index]) + offset)

    def amperes(self, volts: float) -> npt.NDArray[np.float32]:
        """The current for each ADC value and range (2^17, float32); NaN for ranges that there are not."""
        import numpy as np  # the emulated kit does without, and is there at once

        table = np.full(KEY_MASK + 1, np.nan)
        adc = np.arange(ADC_MOST + 1, dtype=float)
        for index in range(RANGES):
            r = (4 * adc - self.o[index]) * _ADC_V / self.ohm[index]
            offset = self.s[index] * volts + self.i[index]
            begin = index << RANGE_SHIFT
            current = self.ug[index] * (r * (self.gs[index] * r + self.gi[index]) + offset)
            table[begin : begin + len(adc)] = current
        return table.astype(np.float32)


def parsed(text: str) -> Calibration:
    """The kit's answer to METADATA; PowerProbeError when a number is missing, doubled or cannot be."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if not colon:
            continue
        if name.strip() in found and found[name.strip()] != value.strip():
            raise _refused(f"{name.strip()} stands twice")
        found[name.strip()] = value.strip()
    ohm, gs, gi, o, s, i, ug = (_numbers(found, name) for name in ("R", "GS", "GI", "O", "S", "I", "UG"))
    made = Calibration(ohm, gs, gi, o, s, i, ug, found.get("HW", ""))
    _check(made)
    return made


def _numbers(found: dict[str, str], name: str) -> tuple[float, ...]:
    values = []
    for index in range(RANGES):
        text = found.get(f"{name}{index}")
        if text is None:
            raise _refused(f"{name}{index} is missing")
        try:
            value = float(text)
        except ValueError:
            raise _refused(f"{name}{index} is {text[:40]!r}") from None
        if not math.isfinite(value):
            raise _refused(f"{name}{index} is {text[:40]}")
        values.append(value)
    return tuple(values)


def _check(made: Calibration) -> None:
    """Bounds that every kit keeps by far: half to twice of what is soldered in, gains and offsets alike."""
    for index, nominal in enumerate(_OHM):
        full = ADC_MOST * 4 * _ADC_V / nominal
        for name, value, least, most in (
            ("R", made.ohm[index], nominal / 2, nominal * 2),
            ("GI", made.gi[index], 0.5, 2.0),
            ("UG", made.ug[index], 0.5, 2.0),
            ("O", made.o[index], -4000.0, 4000.0),
            ("GS", made.gs[index], -2.0 / full, 2.0 / full),
            ("S", made.s[index], -full / MOST_V, full / MOST_V),
            ("I", made.i[index], -full, full),
        ):
            if not least <= value <= most:
                raise _refused(f"{name}{index} is out of bounds: {value:g} is not from {least:g} to {most:g}")


def _refused(why: str) -> PowerProbeError:
    return PowerProbeError("the power probe's calibration is damaged", evidence=why, remedy=_REMEDY)
