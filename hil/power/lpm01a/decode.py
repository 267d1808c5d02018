"""Bytes from the board made samples: counted between its time stamps, turned into amperes.

The stamps tell what a host cannot: between two of them there are always as many samples, and as many
milliseconds. Where there are not, nothing between them counts, since nobody knows which bytes are missing.
Samples before the first stamp and after the last have nobody to vouch for them, and are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hil.power.base import Break, Flaw, Samples
from hil.power.lpm01a import wire

RAW = np.dtype([("word", np.uint16), ("flaw", np.uint8)])
_LATE_MS = 1.5  # stamps tell whole milliseconds
_RATE_SHARE = 1e-3
_TOLD = {
    wire.OVERCURRENT: (Flaw.CLIPPED, "the board takes more than the probe can supply"),
    wire.POWER_DOWN: (Flaw.FAULT, "the board's power was switched off"),
}


@dataclass(frozen=True)
class Mark:
    """Metadata of a ``kind``, from byte ``begin`` to before ``end``."""

    kind: int
    begin: int
    end: int
    content: bytes


@dataclass(frozen=True, eq=False)
class Found:
    """Raw samples (n, ``RAW``), where some are missing or mean nothing, and whether the board ended it."""

    raw: npt.NDArray[np.void]
    breaks: tuple[Break, ...]
    ended: bool


@dataclass(frozen=True)
class _Stretch:
    """Samples between two stamps: their bytes, the stamps' milliseconds, metadata by byte of ``data``."""

    data: bytes
    began_ms: int
    ended_ms: int
    marks: tuple[tuple[int, Mark], ...]


def decoded(raw: npt.NDArray[np.void]) -> Samples:
    """What raw samples say; the board has no logic inputs."""
    current = _AMPERES[raw["word"]]
    flaws = raw["flaw"].astype(np.uint8)
    flaws[(flaws == Flaw.NONE) & np.isnan(current)] = Flaw.NO_RANGE
    flaws[(flaws == Flaw.NONE) & (current > wire.MOST_A)] = Flaw.CLIPPED
    current[flaws != Flaw.NONE] = np.nan
    return Samples(current, np.zeros(len(current), np.uint8), flaws)


_AMPERES = wire.amperes()


def stamped(data: bytes) -> Found:
    """The samples between time stamps, however much is missing between them."""
    marks, ended = [], False
    for mark in _marks(data):
        ended = mark.kind == wire.END
        if ended:
            break  # a summary follows, as text
        marks.append(mark)
    stretches = list(_stretches(data, marks))
    whole = _period(stretches)
    parts: list[npt.NDArray[np.void]] = []
    breaks: list[Break] = []
    count = 0
    for number, stretch in enumerate(stretches):
        words = np.frombuffer(stretch.data, ">u2", len(stretch.data) // wire.SAMPLE_BYTES)
        part = np.zeros(len(words), RAW)
        part["word"] = words
        wrong = _wrong(stretch, whole, first=number == 0)
        if wrong is not None:
            part["flaw"] = wrong.flaw
            breaks.append(Break(count, wrong.flaw, wrong.evidence, wrong.lost))
        breaks += [one for at, mark in stretch.marks if (one := _break(count + at // 2, mark)) is not None]
        parts.append(part)
        count += len(part)
    for mark in reversed(marks):
        if mark.kind == wire.STAMP:
            break
        breaks += [one for one in (_break(count, mark),) if one is not None]
    raw = np.concatenate(parts) if parts else np.zeros(0, RAW)
    if not breaks and stretches:
        passed_ms = stretches[-1].ended_ms - stretches[0].began_ms
        meant_ms = count * 1000 / wire.RATE_HZ
        if abs(passed_ms - meant_ms) > _LATE_MS + _RATE_SHARE * meant_ms:
            breaks.append(Break(0, Flaw.RATE, f"{count:,} samples in {passed_ms:,} ms by its own stamps"))
    return Found(raw, tuple(breaks), ended)


def _marks(data: bytes) -> Iterator[Mark]:
    """Whole metadata, in order; what only begins like some stays with the samples, too many then."""
    octets = np.frombuffer(data, np.uint8)
    done = 0
    for found in np.flatnonzero((octets[:-1] == wire.BEGIN) & (octets[1:] > wire.BEGIN)):
        at = int(found)
        if at < done:
            continue
        kind = data[at + 1]
        inside = at + 2
        if kind in (wire.ERROR, wire.INFO):
            close = data.find(wire.CLOSE, inside, inside + wire.MOST_TEXT)
        else:
            close = inside + wire.LENGTHS.get(kind, 0)
        if close < 0 or data[close : close + 2] != wire.CLOSE:
            continue
        done = close + 2
        yield Mark(kind, at, done, data[inside:close])


def _stretches(data: bytes, marks: list[Mark]) -> Iterator[_Stretch]:
    samples = bytearray()
    inside: list[tuple[int, Mark]] = []
    began: Mark | None = None
    for before, mark in pairwise([None, *marks]):
        assert mark is not None
        if before is not None:
            samples += data[before.end : mark.begin]
        if mark.kind != wire.STAMP:
            inside.append((len(samples), mark))
            continue
        if began is not None:
            yield _Stretch(bytes(samples), _ms(began), _ms(mark), tuple(inside))
        began, samples, inside = mark, bytearray(), []


def _ms(mark: Mark) -> int:
    return int.from_bytes(mark.content[:4], "big") & 0x7FFFFFFF


def _period(stretches: list[_Stretch]) -> int:
    """How many samples there are between two stamps: the manual says 1,000, and most say."""
    counts = Counter(len(one.data) // 2 for one in stretches if not len(one.data) % 2)
    return counts.most_common(1)[0][0] if counts else wire.STAMP_SAMPLES


def _wrong(stretch: _Stretch, whole: int, first: bool) -> Break | None:
    count = len(stretch.data)
    if count % 2 or count // 2 not in ((whole - 1, whole) if first else (whole,)):
        flaw = Flaw.MISALIGNED if count % 2 else Flaw.LOST
        lost = None if count % 2 or count // 2 > whole else whole - count // 2
        return Break(0, flaw, f"{count:,} bytes between two time stamps, not {2 * whole:,}", lost)
    passed_ms = stretch.ended_ms - stretch.began_ms
    meant_ms = whole * 1000 / wire.RATE_HZ
    if abs(passed_ms - meant_ms) > _LATE_MS:
        return Break(0, Flaw.LOST, f"{passed_ms} ms between two time stamps, not {meant_ms:g}")
    return None


def _break(at: int, mark: Mark) -> Break | None:
    if mark.kind in _TOLD:
        return Break(at, *_TOLD[mark.kind])
    if mark.kind == wire.ERROR:
        return Break(at, Flaw.FAULT, mark.content.decode("ascii", "replace").strip())
    if mark.kind == wire.POWER and mark.content == b"\0":
        return Break(at, *_TOLD[wire.POWER_DOWN])
    return None
