"""Databases that are only read, of whatever schema; what is older is read from a copy that was upgraded."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.engine import URL

from hil.errors import StoreError
from hil.files import sync
from hil_db import engine, migrate, shelf
from hil_db.schema import POWER_TRACE
from hil_db.shelf import Shelf
from hil_db.store import Store
from hil_db.transfer import copy_baselines, copy_decisions, copy_runs


@contextmanager
def opened(url: URL) -> Iterator[Store]:
    """A database of this or an older schema, which stays as it is; StoreError for all others."""
    path = engine.file_of(url)
    if path is not None and engine.is_missing(path):
        raise StoreError(f"there is no database {path}", remedy="name a file, or a URL, to read from")
    current = _schema(url)
    if current is None:
        raise StoreError(f"no run is stored in {engine.shown(url)}", remedy="name a database that has some")
    if current == migrate.REVISIONS[-1] or path is None:
        with Store.open_read_only(_whole(url)) as store:
            yield store
        return
    with tempfile.TemporaryDirectory(prefix="hil-db-") as folder:
        copy = Path(folder) / path.name
        copy_file(path, copy)
        with Store.open(engine.url_of(copy), one_file=True, kept=shelf.of(url)) as store:
            yield store


def named(source: str) -> URL:
    """A database by its URL, or an SQLite file by its path; StoreError for neither."""
    return engine.parse(source if "://" in source else engine.url_of(Path(source)))


def copy_file(path: Path, copy: Path) -> None:
    """Copy an SQLite database as it stands at one moment, whoever writes to it meanwhile.

    The copy is one file, on the disk when this returns. StoreError when one of them cannot be used.
    """
    url = engine.parse(engine.url_of(path))
    with (
        engine.explained(url),
        closing(sqlite3.connect(engine.read_only_uri(path), uri=True, timeout=engine.BUSY_S)) as source,
    ):
        source.execute("BEGIN").close()
        source.execute("SELECT count(*) FROM sqlite_master").close()  # locked? The copy would wait for good
        target_url = engine.parse(engine.url_of(copy))
        with engine.explained(target_url), closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE").close()  # else two files would lie beside it
    sync(copy)


def back_up(url: str | None, copy: Path) -> dict[str, int]:
    """Make an SQLite file of all that a database holds, at once in its place or not at all.

    What is there already has to be a database of the lab, which it replaces. Power traces are copied beside
    it first; where that cannot be, the backup has the rest and this returns why, each with how many traces.
    """
    with Store.open_read_only(url) as store:
        _need_replaceable(copy, store.url)
        beside = replace(shelf.of(engine.parse(engine.url_of(copy))), most=sys.maxsize)
        try:
            with tempfile.TemporaryDirectory(prefix=".hil-backup-", dir=copy.absolute().parent) as folder:
                made = Path(folder) / "backup.db"
                path = engine.file_of(store.url)
                if path is not None:
                    copy_file(path, made)
                    untraced = _bring_traces(store, made, beside)
                else:
                    untraced = _copy_rows(store, made, beside)
                sync(made)
                made.replace(copy)
                sync(copy.absolute().parent)
        except OSError as error:
            raise StoreError(
                f"the backup {copy} cannot be written",
                evidence=error.strerror,
                remedy="choose another place for it",
            ) from error
        with Store.open(engine.url_of(copy), one_file=True, kept=beside) as copied:
            copied.clear_traces()
    return untraced


def settle(url: str | None) -> None:
    """Bring what lies beside an SQLite database into its file, which is then all there is of it.

    Who only read it has left files there, and who was killed what it wrote last. Where another program has it
    open they stay, until that ends. StoreError when the database cannot be used.
    """
    with Store.open(url):
        pass  # the last that closes it, and may write, does it


def _copy_rows(store: Store, made: Path, beside: Shelf) -> dict[str, int]:
    with Store.open(engine.url_of(made), one_file=True, kept=beside) as target:
        copy_runs(store, target)
        copy_baselines(store, target)
        copy_decisions(store, target)
        return target.untraced


def _bring_traces(store: Store, made: Path, beside: Shelf) -> dict[str, int]:
    """Copy the traces that rows tell of; a row whose trace cannot be copied goes, and its passes say why."""
    untraced: Counter[str] = Counter()
    with (
        Store.open(engine.url_of(made), one_file=True, kept=beside) as copied,
        copied.writing() as connection,
    ):
        for row in connection.execute(select(POWER_TRACE)).all():
            why = beside.copy(store.shelf, row.sha256, row.bytes)
            if why is not None:
                shelf.lose(connection, [row.id], why)
                untraced[why] += 1
    return untraced


def _need_replaceable(copy: Path, url: URL) -> None:
    if not os.path.lexists(copy):
        return
    there = engine.parse(engine.url_of(copy))
    if is_same(there, url):
        raise StoreError(f"{copy} is the database itself", remedy="choose another file for the backup")
    try:
        _schema(there)
    except StoreError as error:
        raise StoreError(
            f"{copy} is no backup that could be replaced",
            evidence=error.what,
            remedy="choose a file that is not there yet",
        ) from error


def is_same(one: URL, other: URL) -> bool:
    """Whether two URLs are of one database, as far as they tell."""
    files = engine.identity(one), engine.identity(other)
    return one == other if files == (None, None) else files[0] == files[1]


def _schema(url: URL) -> str | None:
    """What a database is of, None where it is empty; StoreError when it is not the lab's, or is newer."""
    reader = engine.reader(url)
    try:
        with engine.explained(url):
            return migrate.version(reader, url)
    finally:
        reader.dispose()


def _whole(url: URL) -> str:
    return url.render_as_string(hide_password=False)
