"""What goes wrong between a probe and its host, put into samples on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from hil.power.ppk2.wire import ADC_MOST, KEY_MASK, RANGE_SHIFT, SAMPLE_BYTES


class Damage(StrEnum):
    """Of the stream; ``count`` of a fault is in bytes for the first two, else in samples."""

    DROP = "drop"
    ADD = "add"
    LOSE = "lose"
    RANGE = "range"
    CLIP = "clip"


@dataclass(frozen=True)
class Fault:
    """A damage before the sample ``at``, of ``count`` bytes or samples."""

    damage: Damage
    at: int
    count: int


def damaged(words: npt.NDArray[np.uint32], fault: Fault, first: int = 0) -> bytes:
    """Samples (n, uint32) from number ``first`` on, as bytes, with the fault where it lies in them.

    A fault that reaches past the last of them is cut there.
    """
    at = fault.at - first
    if not 0 <= at < len(words):
        return words.tobytes()
    end = min(len(words), at + fault.count)
    if fault.damage in (Damage.RANGE, Damage.CLIP):
        changed = words.copy()
        key = 7 << RANGE_SHIFT if fault.damage is Damage.RANGE else 4 << RANGE_SHIFT | ADC_MOST
        changed[at:end] = changed[at:end] & ~np.uint32(KEY_MASK) | np.uint32(key)
        return changed.tobytes()
    data, begin = words.tobytes(), at * SAMPLE_BYTES
    if fault.damage is Damage.ADD:
        added = np.random.default_rng(fault.at).bytes(fault.count)
        return data[:begin] + added + data[begin:]
    missing = fault.count * (SAMPLE_BYTES if fault.damage is Damage.LOSE else 1)
    return data[:begin] + data[begin + missing :]
