"""What travels to and from the board: commands as text, two bytes a sample, metadata between samples.

A sample is big-endian: four bits of a negative power of 16, and a mantissa of 12. A power of 15 is no sample:
metadata begin with F0 and a byte from F1 on, which two bytes of samples never make, and end with FF FF.
A time stamp comes every 1,000 samples: milliseconds in four bytes, and how full the board's buffer is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BAUD = 3_686_400
RATE_HZ = 100_000.0
SAMPLE_BYTES = 2
STAMP_SAMPLES = 1000
LEAST_V, MOST_V = 1.8, 3.3
MOST_A = 0.05  # of the dynamic mode
GAIN_SHARE = 0.02  # ST's manual UM2243: better than 2 %

ERROR, INFO, STAMP, END, OVERCURRENT, POWER_DOWN, VOLTS, CELSIUS, POWER = range(0xF1, 0xFA)
BEGIN, CLOSE = 0xF0, b"\xff\xff"
LENGTHS = {STAMP: 5, END: 0, OVERCURRENT: 0, POWER_DOWN: 0, VOLTS: 2, CELSIUS: 2, POWER: 1}
MOST_TEXT = 512  # bytes of a message
ENDED = bytes([BEGIN, END]) + CLOSE

SETUP = (
    "format bin_hexa",
    "output current",
    "acqmode dyn",
    "funcmode high",  # the other one stretches changes over milliseconds
    "trigsrc sw",
    "acqtime inf",
    "freq 100k",
)


def command(text: str) -> bytes:
    """As the board's shell takes it."""
    return text.encode("ascii") + b"\n"


def volt(volts: float) -> str:
    """The command that sets the supply to whole millivolts."""
    return f"volt {round(volts * 1000)}m"


def amperes() -> npt.NDArray[np.float32]:
    """The current of each word (2^16, float32); NaN where it is none."""
    words = np.arange(1 << 16)
    table = (words & 0xFFF) / 16.0 ** (words >> 12)
    table[words >> 12 == 0xF] = np.nan
    return table.astype(np.float32)


def words(current_a: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    """Samples of currents below 256 A, in the finest power of 16 that holds each."""
    power = np.full(len(current_a), 0xE)
    for _ in range(12):
        power -= (np.rint(current_a * 16.0**power) > 0xFFF).astype(int)
    mantissa = np.clip(np.rint(current_a * 16.0**power), 0, 0xFFF)
    return (power.astype(np.uint16) << np.uint16(12)) | mantissa.astype(np.uint16)


def metadata(kind: int, content: bytes = b"") -> bytes:
    """As they stand between samples."""
    return bytes([BEGIN, kind]) + content + CLOSE


def stamp(milliseconds: int, load: int = 0) -> bytes:
    """A time stamp, with the buffer's load in percent."""
    return metadata(STAMP, (milliseconds & 0x7FFFFFFF).to_bytes(4, "big") + bytes([load]))
