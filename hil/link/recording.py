"""Transcripts of links: bytes that a host sent and heard, looks at the clock, and what was asked of it.

docs/link.md describes the file. It is written as it happens, so that it is there when the host is killed; one
that is cut short is read up to its last whole record.
"""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from hil.errors import HilError, refusal
from hil.link.transport import OuterTransport, Transport
from hil.reading import require_regular

SUFFIX = ".hilrec"
_MAGIC = b"HILREC\x00"
_VERSION = 1
_HEAD = _MAGIC + bytes([_VERSION])
_RECORD_MOST = 1 << 20
_FILE_MOST = 1 << 29
_FLUSH_S = 0.5
_MICRO = 1e6
_SEVEN_BITS = 0x7F
_NUMBER_BYTES = 8


class Kind(IntEnum):
    """What a record is."""

    SAID = 0  # facts: of the session first, then what was asked and how it ended
    OUT = 1  # bytes from the host
    IN = 2  # bytes to it; none when it stopped waiting
    STATE = 3  # facts: of the transport, when they changed
    CLOCK = 4  # the host looked at the clock


@dataclass(frozen=True)
class Record:
    """One record: ``time_s`` since the recording began, by the clock that the host's deadlines go by.

    ``data`` are the bytes, ``facts`` what SAID and STATE tell.
    """

    kind: Kind
    time_s: float
    data: bytes = b""
    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Recording:
    """What a file tells: facts of the session, its records in order, and what is wrong with its end."""

    about: Mapping[str, Any]
    records: tuple[Record, ...]
    end: str | None = None


def new_path(folder: Path, *names: str) -> Path:
    """A file in a folder for what has these names, with the time, and a number where one is there already."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", "-".join(names)) + datetime.now(UTC).strftime("-%Y%m%dT%H%M%SZ")
    numbers = itertools.count(2)
    path = folder / f"{name}{SUFFIX}"
    while path.exists():
        path = folder / f"{name}-{next(numbers)}{SUFFIX}"
    return path


class Recorder:
    """Writes one recording; a context manager. What cannot be written ends it, and ``failed`` says why.

    HilError when the file cannot be made; one that is there is left alone.
    """

    def __init__(
        self, path: Path, about: Mapping[str, Any], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.path = path
        self.failed: str | None = None
        self._clock = clock
        self._told_us = 0  # by the records so far
        self._began_s = clock()
        self._flush_at = 0.0
        self._size = 0
        try:
            self._file: BinaryIO = path.open("xb")
        except OSError as error:
            raise HilError(
                f"cannot record the link: {refusal(error)}", remedy="name another folder"
            ) from error
        self._put(_HEAD)
        self.say(about)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as refused:
            self.failed = self.failed or refusal(refused)

    def say(self, facts: Mapping[str, Any]) -> None:
        """Note what was asked of the link, or how it ended."""
        self._note(Kind.SAID, facts)

    def carry(self, kind: Kind, data: bytes) -> None:
        """Note bytes."""
        since_us = max(0, int((self._clock() - self._began_s) * _MICRO) - self._told_us)
        self._told_us += since_us
        self._put(bytes([kind]) + _number(since_us) + _number(len(data)) + data)

    def clock(self) -> float:
        """The seconds since the recording began, noted: decisions by it can be taken again as they were."""
        self.carry(Kind.CLOCK, b"")
        return self._told_us / _MICRO

    def state(self, facts: Mapping[str, Any]) -> None:
        """Note how the transport has changed."""
        self._note(Kind.STATE, facts)

    def _note(self, kind: Kind, facts: Mapping[str, Any]) -> None:
        body = json.dumps(facts, separators=(",", ":")).encode()
        if len(body) > _RECORD_MOST:
            self.failed = self.failed or f"what was asked takes {len(body):,} B, at most {_RECORD_MOST:,} fit"
        self.carry(kind, body)

    def _put(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > _FILE_MOST:
            self.failed = self.failed or f"it has {_FILE_MOST:,} B"
        if self.failed is not None:
            return
        try:
            self._file.write(data)
            if time.monotonic() >= self._flush_at:
                self._file.flush()
                self._flush_at = time.monotonic() + _FLUSH_S
        except OSError as error:
            self.failed = refusal(error)


class RecordingTransport(OuterTransport):
    """Another transport, of which all that it carries is recorded."""

    def __init__(self, inner: Transport, recorder: Recorder) -> None:
        super().__init__(inner)
        self._recorder = recorder
        self._state: dict[str, Any] = {}
        self._tell()

    @property
    def bytes_out(self) -> int:
        return self._inner.bytes_out

    @property
    def bytes_in(self) -> int:
        return self._inner.bytes_in

    def write(self, data: bytes) -> None:
        """Send it, and note it first: sending may fail."""
        self._recorder.carry(Kind.OUT, data)
        with self._telling():
            self._inner.write(data)

    def read(self, timeout_s: float) -> bytes:
        """What came, noted; nothing is noted too."""
        data = b""
        with self._telling():
            try:
                data = self._inner.read(timeout_s)
            finally:
                self._recorder.carry(Kind.IN, data)
        return data

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Note how the transport changed in a call, or failed."""
        try:
            yield
        except HilError as error:
            self._recorder.state({"raised": [error.what, error.evidence, error.remedy]})
            raise
        self._tell()

    def _tell(self) -> None:
        state = {"link": self.name, "byte_s": self.byte_s, "returns": self.returns}
        if state != self._state:
            self._state = state
            self._recorder.state(state)


def read_recording(path: Path) -> Recording:
    """Read a file; OSError when that cannot be, HilError when it is no recording or of another version.

    What is cut short or damaged ends where it does, and ``end`` says so.
    """
    require_regular(path)
    if path.stat().st_size > _FILE_MOST:
        raise HilError(f"{path} is too large", evidence=f"{path.stat().st_size:,} B, at most {_FILE_MOST:,}")
    data = path.read_bytes()
    if not data.startswith(_MAGIC):
        raise HilError(f"{path} is no recording of a link", evidence=f"it begins with {data[:8].hex(' ')}")
    if not data.startswith(_HEAD):
        raise HilError(
            f"{path} is a recording of another version",
            evidence=f"{data[len(_MAGIC)] if len(data) > len(_MAGIC) else 'none'}, this lab reads {_VERSION}",
            remedy="show it with the lab that it was recorded with",
        )
    records, end = _parse(data)
    if not records or records[0].facts is None:
        raise HilError(f"{path} is no recording of a link", evidence=end or "it does not say of what")
    return Recording(records[0].facts, tuple(records[1:]), end)


def _parse(data: bytes) -> tuple[list[Record], str | None]:
    """All whole records, and why there are no more of them before the data's end."""
    records: list[Record] = []
    at, time_us = len(_HEAD), 0
    while at < len(data):
        begin = at
        try:
            kind = Kind(data[at])
            since_us, at = _read_number(data, at + 1)
            length, at = _read_number(data, at)
            if length > _RECORD_MOST:
                raise ValueError(length)
            body = data[at : at + length]
            if len(body) < length:
                raise IndexError(length)
            facts = _facts(body) if kind in (Kind.SAID, Kind.STATE) else None
        except IndexError:
            return records, f"it is cut short, {begin:,} B from its beginning"
        except (ValueError, RecursionError):
            return records, f"it is damaged, {begin:,} B from its beginning"
        at += length
        time_us += since_us
        records.append(Record(kind, time_us / _MICRO, b"" if facts is not None else body, facts))
    return records, None


def _facts(body: bytes) -> Mapping[str, Any]:
    facts = json.loads(body)
    if not isinstance(facts, dict):
        raise ValueError(facts)
    return facts


def _number(value: int) -> bytes:
    """Seven bits a byte, the lowest first; bit 7 says that more follow."""
    data = b""
    while value > _SEVEN_BITS:
        data += bytes([value & _SEVEN_BITS | 0x80])
        value >>= 7
    return data + bytes([value])


def _read_number(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_NUMBER_BYTES):
        value |= (data[at + place] & _SEVEN_BITS) << 7 * place
        if data[at + place] <= _SEVEN_BITS:
            return value, at + place + 1
    raise ValueError(value)
