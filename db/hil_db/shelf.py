"""Where a database's power traces lie, and what brings their files and their rows there together.

A file gets its name, and one that no row tells is deleted, only within a transaction that may write: whoever
finds a trace there and refers to it is never late.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.engine import URL

from hil.errors import PowerProbeError, StoreError
from hil.power.base import PowerTrace
from hil.power.traces import Staged, Traces
from hil_db import engine
from hil_db.rows import Row, add_row, known
from hil_db.schema import POWER_PASS, POWER_TRACE

FOLDER_VARIABLE = "HIL_TRACES_DIR"
MOST_VARIABLE = "HIL_TRACES_MOST"
MOST_USUAL = 4 << 30
_POSTGRES_LOCK = 0x68696D  # an advisory lock's number: SQLite has one writer anyway
_PORT_USUAL = 5432
_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}


@dataclass
class Batch:
    """The traces of one transaction: each staged, or why it is not.

    ``new`` are those that it named first; ``refused`` counts others that were not kept, by why.
    """

    staged: list[Staged | str]
    new: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Shelf:
    """A database's folder of traces, or why it is ``missing``, and the bytes that they may take."""

    traces: Traces | None
    most: int
    missing: str | None = None

    def stage(self, traces: Iterable[PowerTrace]) -> Batch:
        """Write them to the disk, under no name yet; what cannot be written is told, not raised."""
        found: list[Staged | str] = []
        for trace in traces:
            try:
                found.append(self._there().stage(trace))
            except PowerProbeError as error:
                found.append(str(error))
        return Batch(found)

    def stage_copies(self, source: Shelf, held: Iterable[str]) -> Batch:
        """The same of traces that another database has."""
        found: list[Staged | str] = []
        for sha256 in held:
            try:
                found.append(self._there().stage_copy(source._there(), sha256))
            except PowerProbeError as error:
                found.append(str(error))
        return Batch(found)

    def copy(self, source: Shelf, sha256: str, size: int) -> str | None:
        """Have another database's trace here too, unless it is; why it cannot be, None when it is."""
        try:
            if not self._there().has(sha256, size):
                self._there().settle(self._there().stage_copy(source._there(), sha256))
        except PowerProbeError as error:
            return str(error)
        return None

    def drop(self, batch: Batch) -> None:
        """Forget what was staged and got no name."""
        for one in batch.staged:
            if isinstance(one, Staged):
                self._there().drop(one)

    def put(self, connection: Connection, batch: Batch, place: int, about: Row) -> int | str:
        """The id of the row of a staged trace, new or there already; else why it is not kept.

        ``about`` are the row's cells but for what is told by the file.
        """
        kept = self._kept(connection, batch.staged[place], batch.new, about)
        if isinstance(kept, str):
            batch.refused[kept] += 1
        return kept

    def _kept(self, connection: Connection, staged: Staged | str, new: list[str], about: Row) -> int | str:
        if isinstance(staged, str):
            return staged
        lock(connection)
        number = known(connection, POWER_TRACE, "sha256", staged.sha256)
        if number is None:
            held = int(connection.scalar(select(func.sum(POWER_TRACE.c.bytes))) or 0)
            if held + staged.size > self.most:
                return (
                    f"{size_text(held)} of traces are kept already, {size_text(self.most)} at most; "
                    f"`hil db prune --traces-most=SIZE` makes room, or raise {MOST_VARIABLE}"
                )
        try:
            if self._there().settle(staged):
                new.append(staged.sha256)
        except PowerProbeError as error:
            return str(error)
        if number is not None:
            return number
        return add_row(connection, POWER_TRACE, {**about, "sha256": staged.sha256, "bytes": staged.size})

    def clear(self, connection: Connection, among: Sequence[str] | None = None) -> int:
        """Delete rows that no pass refers to, then files without a row; of those ``among``, or of all.

        Returns how many bytes were given back.
        """
        if self.traces is None:
            return 0
        lock(connection)
        unused = POWER_TRACE.c.id.not_in(
            select(POWER_PASS.c.trace_id).where(POWER_PASS.c.trace_id.is_not(None))
        )
        connection.execute(delete(POWER_TRACE).where(unused))
        kept = set(connection.scalars(select(POWER_TRACE.c.sha256)))
        given = 0
        self.traces.sweep()
        for sha256, size in list(self.traces.held()):
            if sha256 not in kept and (among is None or sha256 in among):
                self.traces.remove(sha256)
                given += size
        return given

    def _there(self) -> Traces:
        if self.traces is None:
            raise PowerProbeError(self.missing or "there is no folder for them")
        return self.traces


def of(url: URL) -> Shelf:
    """The shelf of a database; StoreError when its limit is no size."""
    found = _folder(url)
    return Shelf(None, _most(), found) if isinstance(found, str) else Shelf(Traces(found), _most())


def lock(connection: Connection) -> None:
    """Have what follows in the transaction alone to itself, among those that ask for it."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})")


def lose(connection: Connection, traces: Sequence[int], why: str) -> None:
    """Forget traces by their rows' ids, and keep why with the passes that they were of."""
    of_them = POWER_PASS.c.trace_id.in_(traces)
    connection.execute(update(POWER_PASS).where(of_them).values(trace_id=None, untraced=why))
    connection.execute(delete(POWER_TRACE).where(POWER_TRACE.c.id.in_(traces)))


def untraced_lines(untraced: Mapping[str, int]) -> tuple[str, ...]:
    """A line for each reason why traces were not kept; of how many it is the reason."""
    return tuple(
        f"{count:,} power trace{'s are' if count != 1 else ' is'} not kept, windows are: {why}"
        for why, count in untraced.items()
    )


def size(text: str) -> int:
    """Bytes, as ``512M`` or ``4G`` of 1,024s tell them; ValueError for other text."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if found is None:
        raise ValueError(f"{text!r} is no size, as 512M or 4G")
    return int(float(found[1]) * (1 << _UNITS[found[2].upper()]))


def size_text(count: int) -> str:
    """Bytes in words: ``4.0 GiB``."""
    for unit, bits in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if count >= 1 << bits:
            return f"{count / (1 << bits):,.1f} {unit}"
    return f"{count:,} B"


def _most() -> int:
    text = os.environ.get(MOST_VARIABLE)
    if not text:
        return MOST_USUAL
    try:
        return size(text)
    except ValueError as error:
        raise StoreError(f"{MOST_VARIABLE}: {error}", remedy="correct it, or take it away") from error


def _folder(url: URL) -> Path | str:
    """Where the traces of a database lie, or why nowhere."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if url.get_backend_name() == "sqlite":
        path = engine.file_of(url)
        if path is None:
            return "a database in memory has no folder for them"
        real = Path(os.path.realpath(path))
        if not chosen:
            return real.with_name(f"{real.name}.traces")
        return Path(chosen).absolute() / _named(real.name, str(real))
    if not chosen:
        try:
            folder = engine.data_folder() / "traces"
        except StoreError as error:
            return f"{error.what}; name a folder in {FOLDER_VARIABLE}"
    else:
        folder = Path(chosen).absolute()
    # What URLs leave open is told by the environment: one URL may then mean several servers.
    host = url.host or url.query.get("host") or os.environ.get("PGHOST", "")
    port = url.port or url.query.get("port") or os.environ.get("PGPORT") or _PORT_USUAL
    database = str(url.database or os.environ.get("PGDATABASE") or url.username)
    return folder / _named(database, f"{host}:{port}/{database}")


def _named(name: str, where: str) -> str:
    """A folder for one of several databases: what it is called, and what tells it from others so called."""
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', name)}-{hashlib.sha256(where.encode()).hexdigest()[:8]}"
