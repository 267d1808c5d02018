"""The kit's side of the wire: commands taken, and its calibration."""

from __future__ import annotations

from collections.abc import Iterator

from hil.power.ppk2.wire import Calibration

_ARGUMENTS = {0x0C: 1, 0x0D: 2, 0x11: 1}  # bytes behind a command; none behind any other
USED = 0.9  # of a range: beyond, the kit takes the next

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


def commands(data: bytearray) -> Iterator[tuple[int, bytes]]:
    """Whole commands, taken out of what has arrived: the first byte, and those behind it."""
    while data:
        length = 1 + _ARGUMENTS.get(data[0], 0)
        if len(data) < length:
            return
        command = bytes(data[:length])
        del data[:length]
        yield command[0], command[1:]
