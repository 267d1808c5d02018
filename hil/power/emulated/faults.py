"""What goes wrong between a probe and its host, put into samples on purpose.

Imports nothing large: the emulated kit waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from hil.errors import PowerProbeError
from hil.naming import suggest
from hil.power.ppk2.wire import ADC_MOST, KEY_MASK, RANGE_SHIFT, SAMPLE_BYTES

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Damage(StrEnum):
    """Of the stream; ``count`` of a fault is in bytes for the first two, else in samples."""

    DROP = "drop"
    ADD = "add"
    LOSE = "lose"
    RANGE = "range"
    CLIP = "clip"


class Trouble(StrEnum):
    """Of the kit: of its stream, its clock, its logic inputs or what it answers."""

    STALL = "stall"
    UNPLUG = "unplug"
    BOUNCE = "bounce"
    RATE = "rate"
    UNWIRED = "unwired"
    METADATA = "metadata"
    SILENT = "silent"
    OTHER = "other"


_NUMBERS = {**{one.value: 2 for one in Damage}, "stall": 2, "unplug": 1, "bounce": 2, "rate": 1}


@dataclass(frozen=True)
class Fault:
    """A damage before the sample ``at``, of ``count`` bytes or samples; ``rate`` is a share of the kit's."""

    damage: Damage | Trouble
    at: int = 0
    count: int = 0
    rate: float = 1.0


def parsed(text: str) -> Fault | None:
    """``lose:5000:64``, ``unplug:5000``, ``rate:0.98``, ``metadata``; None of "". Or PowerProbeError."""
    if not text:
        return None
    name, *rest = text.split(":")
    known = [one.value for one in (*Damage, *Trouble)]
    if name not in known:
        raise PowerProbeError(
            f"no fault is called {name[:40]!r}", remedy=suggest(name, known) or f"known: {', '.join(known)}"
        )
    damage = Damage(name) if name in list(Damage) else Trouble(name)
    if len(rest) != _NUMBERS.get(name, 0):
        raise PowerProbeError(f"{name} takes {_NUMBERS.get(name, 0)} numbers, as in lose:5000:64")
    try:
        if damage is Trouble.RATE:
            rate = float(rest[0])
            if not 0.5 <= rate <= 2.0:
                raise ValueError(rest[0])
            return Fault(damage, rate=rate)
        return Fault(damage, *(_count(one) for one in rest))
    except ValueError as error:
        raise PowerProbeError(f"{text!r} has a number that is none", evidence=str(error)) from error


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def damaged(words: npt.NDArray[np.uint32], fault: Fault, first: int = 0) -> bytes:
    """Samples (n, uint32) from number ``first`` on, as bytes, with the fault where it lies in them.

    A fault that reaches past the last of them is cut there.
    """
    return damaged_bytes(words.tobytes(), fault, first)


def damaged_bytes(data: bytes, fault: Fault, first: int = 0) -> bytes:
    """The same of samples that are bytes already."""
    begin = (fault.at - first) * SAMPLE_BYTES
    if not 0 <= begin < len(data):
        return data
    if fault.damage is Damage.ADD:
        import random  # which takes as long to import as all else here

        return data[:begin] + random.Random(fault.at).randbytes(fault.count) + data[begin:]
    if fault.damage is Damage.DROP:
        return data[:begin] + data[begin + fault.count :]
    end = begin + fault.count * SAMPLE_BYTES
    if fault.damage is Damage.LOSE:
        return data[:begin] + data[end:]
    key = 7 << RANGE_SHIFT if fault.damage is Damage.RANGE else 4 << RANGE_SHIFT | ADC_MOST
    changed = bytearray(data)
    for at in range(begin, min(end, len(data)), SAMPLE_BYTES):
        word = int.from_bytes(data[at : at + SAMPLE_BYTES], "little") & ~KEY_MASK | key
        changed[at : at + SAMPLE_BYTES] = word.to_bytes(SAMPLE_BYTES, "little")
    return bytes(changed)
