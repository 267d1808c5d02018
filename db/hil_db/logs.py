"""What happened in a session, as the blob that stands beside it, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import zstandard
from sqlalchemy import Connection, select

from hil.logbook import LogLine
from hil_db.rows import inserting
from hil_db.schema import SESSION_LOG

_LEVEL = 9
_MOST_BYTES = 1 << 22  # of text: a decompressor allocates what a damaged blob claims


def pack(lines: Sequence[LogLine]) -> bytes:
    """Lines as a blob: `2026-11-24T03:00:07.123456Z text` each, compressed."""
    text = "\n".join(f"{_time(line.time)} {' '.join(line.text.split())}" for line in lines)
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(text.encode())


def unpack(blob: bytes) -> tuple[LogLine, ...]:
    """The lines of a blob; ValueError or TypeError when it is none."""
    try:
        if not 0 < zstandard.get_frame_parameters(blob).content_size <= _MOST_BYTES:
            raise ValueError("it is of no or an impossible size")
        text = zstandard.ZstdDecompressor().decompress(blob, allow_extra_data=False).decode()
    except zstandard.ZstdError as error:
        raise ValueError(f"it is damaged: {error}") from error
    return tuple(_line(line) for line in text.split("\n"))


def add(connection: Connection, session_id: int, lines: Sequence[LogLine]) -> None:
    """Add the log of a session, of one line at least."""
    row = {"session_id": session_id, "lines": len(lines), "blob": pack(lines)}
    connection.execute(inserting(SESSION_LOG), row)


def read(connection: Connection, session_id: int) -> tuple[LogLine, ...]:
    """The log of a session, empty without one; ValueError or TypeError when what is stored is none."""
    query = select(SESSION_LOG.c.blob, SESSION_LOG.c.lines).where(SESSION_LOG.c.session_id == session_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        return ()
    lines = unpack(row.blob)
    if len(lines) != row.lines:
        raise ValueError(f"it has {len(lines)} lines instead of {row.lines}")
    return lines


def _time(time: datetime) -> str:
    of_utc = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return of_utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _line(line: str) -> LogLine:
    time, _, text = line.partition(" ")
    return LogLine(datetime.fromisoformat(time), text)
