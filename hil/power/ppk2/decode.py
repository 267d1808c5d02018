"""Bytes from the kit made samples: aligned to words, checked by their counter, turned into amperes.

The counter has six bits: 64 samples that are lost together do not show in it. Whoever uses a trace compares
the length of each span with the board's own count of it (hil.measure.energy), and the driver when bytes came.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hil.power.base import Break, Flaw, Samples
from hil.power.ppk2.wire import (
    ADC_MOST,
    COUNTER_MASK,
    COUNTER_SHIFT,
    COUNTS,
    DIGITAL_BYTE,
    KEY_MASK,
    SAMPLE_BYTES,
    Calibration,
)

_FIELD = np.uint32(COUNTER_MASK << COUNTER_SHIFT)
_ONE = np.uint32(1 << COUNTER_SHIFT)
_SURE = 8  # steps of the counter that in a row are right: by chance once in 2^48
_CHUNK = 1 << 15  # words that stay in a processor's cache


def _pieces(count: int) -> Iterator[tuple[int, int]]:
    """Begin and end of pieces that double: what goes wrong soon is found soon."""
    begin, size = 0, 64
    while begin < count:
        yield begin, min(count, begin + size)
        begin += size
        size = min(2 * size, _CHUNK)


@dataclass(frozen=True, eq=False)
class Words:
    """Whole samples (n, uint32) in the order they came, and where some are missing between them."""

    words: npt.NDArray[np.uint32]
    breaks: tuple[Break, ...]


def aligned(data: bytes | bytearray | memoryview) -> Words:
    """The samples within bytes that begin with one, wherever bytes or samples were lost or added.

    From where the counter does not go on, the next place is looked for at which it does for eight steps; what
    stands before is left out, and so is a part of a sample at the end.
    """
    parts: list[npt.NDArray[np.uint32]] = []
    breaks: list[Break] = []
    at, count = 0, 0
    while len(data) - at >= SAMPLE_BYTES:
        words = np.frombuffer(data, "<u4", (len(data) - at) // SAMPLE_BYTES, at)
        whole = _whole(words)
        if whole:
            parts.append(words[:whole])
            count += whole
            at += whole * SAMPLE_BYTES
        if len(data) - at < SAMPLE_BYTES:
            break
        found = _next(data, at)
        if found is None:
            breaks.append(Break(count, Flaw.MISALIGNED, f"the last {len(data) - at:,} bytes are no samples"))
            at = len(data)
        elif found == at and parts:
            lost = (_counter(data, at) - _count(parts[-1][-1]) - 1) % COUNTS
            evidence = f"the counter jumps by {lost + 1}"
            breaks.append(Break(count, Flaw.LOST, evidence, lost))
        elif found != at:
            breaks.append(Break(count, Flaw.MISALIGNED, f"{found - at:,} bytes are no samples"))
        at = at if found is None else found
    return Words(np.concatenate(parts) if parts else np.zeros(0, np.uint32), tuple(breaks))


def _count(word: np.uint32) -> int:
    return int(word) >> COUNTER_SHIFT & COUNTER_MASK


def _counter(data: bytes | bytearray | memoryview, at: int) -> int:
    return int.from_bytes(data[at : at + SAMPLE_BYTES], "little") >> COUNTER_SHIFT & COUNTER_MASK


def _whole(words: npt.NDArray[np.uint32]) -> int:
    """How many words count on from the first; 0 when that one itself is not sure to be a sample."""
    for begin, end in _pieces(len(words)):
        counters = words[begin : end + 1] & _FIELD
        right = (counters[1:] - counters[:-1]) & _FIELD == _ONE
        if not right.all():
            return _sure(words, begin + int(np.argmin(right)) + 1)
    return len(words)


def _sure(words: npt.NDArray[np.uint32], count: int) -> int:
    return count if count > _SURE or count == len(words) else 0


def _next(data: bytes | bytearray | memoryview, at: int) -> int | None:
    """The first place from ``at`` on from which the counter goes on."""
    raw = np.frombuffer(data, np.uint8, len(data) - at, at)
    for begin, end in _pieces(len(raw)):
        counters = _counters(raw[begin : end + (_SURE + 1) * SAMPLE_BYTES])
        steps = (counters[SAMPLE_BYTES:] - counters[:-SAMPLE_BYTES]) & COUNTER_MASK == 1
        good = np.ones(max(0, len(steps) - (_SURE - 1) * SAMPLE_BYTES), bool)
        for step in range(_SURE):
            good &= steps[step * SAMPLE_BYTES : step * SAMPLE_BYTES + len(good)]
        if good.any():
            return at + begin + int(np.argmax(good))
    return None


def _counters(raw: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The counter of the word that would begin at each byte: bits 2 to 7 of its third byte."""
    return np.right_shift(raw[2 : len(raw) - 1], np.uint8(2))


class Decoder:
    """Words to samples, by one calibration at one supply."""

    def __init__(self, calibration: Calibration, volts: float) -> None:
        self._amperes = calibration.amperes(volts)
        flaws = np.where(np.isnan(self._amperes), np.uint8(Flaw.NO_RANGE), np.uint8(Flaw.NONE))
        adc = np.arange(KEY_MASK + 1) & ADC_MOST
        flaws[(flaws == Flaw.NONE) & ((adc == 0) | (adc == ADC_MOST))] = Flaw.CLIPPED
        self._amperes[flaws != Flaw.NONE] = np.nan
        self._flaws = flaws

    def samples(self, words: npt.NDArray[np.uint32]) -> Samples:
        """Each word by itself."""
        current = np.empty(len(words), np.float32)
        flaws = np.zeros(len(words), np.uint8)
        for begin in range(0, len(words), _CHUNK):
            key = words[begin : begin + _CHUNK] & KEY_MASK
            part = current[begin : begin + _CHUNK]
            np.take(self._amperes, key, out=part, mode="clip")
            if np.isnan(np.dot(part, part)):
                np.take(self._flaws, key, out=flaws[begin : begin + _CHUNK], mode="clip")
        digital = np.ascontiguousarray(words).view(np.uint8)[DIGITAL_BYTE::SAMPLE_BYTES]
        return Samples(current, digital.copy(), flaws)
