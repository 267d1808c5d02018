"""Opening a database: SQLite with what makes it safe, and every failure as one line."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from hil.errors import StoreError

BUSY_S = 5.0


def default_url() -> str:
    """SQLite in the user's data folder."""
    return f"sqlite:///{platformdirs.user_data_path('hil') / 'hil.db'}"


def parse(url: str | None) -> URL:
    """A database URL, the default one for None; StoreError when it is not one."""
    try:
        return make_url(url if url is not None else default_url())
    except ArgumentError as error:
        raise StoreError(
            f"{url!r} is not a database URL", remedy="write one such as sqlite:///results.db"
        ) from error


def writer(url: URL) -> Engine:
    """An engine that reads and writes; for SQLite WAL, FULL, and writers that queue from their first word."""
    if url.get_backend_name() != "sqlite":
        return _engine(url)
    if url.database and url.database != ":memory:":
        folder = Path(url.database).absolute().parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot make the folder of the database {url.database}",
                evidence=str(error),
                remedy="choose another place with --db",
            ) from error
    engine = _engine(url, connect_args={"timeout": BUSY_S})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that reads first and writes later fails at once when another wrote between.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def reader(url: URL) -> Engine:
    """An engine that cannot write; StoreError when the SQLite file does not exist."""
    if url.get_backend_name() != "sqlite":
        return _engine(url)
    path = Path(url.database or "").absolute()
    if not path.is_file():
        raise StoreError(
            f"there is no database {path}", remedy="run `pytest --board=all` first, or choose one with --db"
        )
    read_only = make_url(f"sqlite:///file:{path}?mode=ro&uri=true")
    engine = _engine(read_only, connect_args={"timeout": BUSY_S})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA query_only=ON").close()

    return engine


def _engine(url: URL, **options: object) -> Engine:
    try:
        return create_engine(url, **options)
    except (NoSuchModuleError, ImportError) as error:
        raise StoreError(
            f"no driver for {url.drivername}",
            evidence=str(error),
            remedy="pip install it, psycopg for PostgreSQL",
        ) from error


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Turns what the driver says inside into a StoreError with cause and remedy."""
    try:
        yield
    except DBAPIError as error:
        said = str(error.orig)
        raise StoreError(
            f"the database {url.render_as_string(hide_password=True)} {_cause(said)}",
            evidence=said,
            remedy=_remedy(said),
        ) from error


_KNOWN = (
    ("locked", "is locked by another program", "end the program that holds it, then run again"),
    ("readonly", "is read-only", "make the file and its folder writable, or choose another with --db"),
    ("unable to open", "cannot be opened", "check that its folder exists and is writable, or use --db"),
    ("not a database", "is not a database", "move the file away, or choose another with --db"),
    ("malformed", "is damaged", "restore it from a backup, or choose another with --db"),
    ("full", "cannot grow: the disk is full", "make room, or choose another place with --db"),
    ("disk i/o error", "cannot be written", "check the disk for room and errors"),
    ("connection", "cannot be reached", "check that the server runs and that the URL is right"),
)


def _cause(said: str) -> str:
    return next((cause for word, cause, _ in _KNOWN if word in said.lower()), "refused")


def _remedy(said: str) -> str:
    return next((remedy for word, _, remedy in _KNOWN if word in said.lower()), "see what it said")
