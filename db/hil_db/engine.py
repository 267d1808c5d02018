"""Database URLs and the engines behind them: one that writes, one that can only read."""

from __future__ import annotations

import os
import shlex
import sqlite3
import stat
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path

import platformdirs
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from hil.errors import StoreError
from hil.masking import masked
from hil_db import faults, server

BUSY_S = 5.0
_LOOKING = "hil_db_looking"
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
_URLS = "write one such as sqlite:///results.db or postgresql://user@host/name"


def default_path() -> Path:
    """Where results go unless --db says otherwise: an SQLite file in the user's data folder.

    StoreError when the user has none.
    """
    return data_folder() / "hil.db"


def data_folder() -> Path:
    """The lab's folder among the user's data, which need not exist; StoreError when the user has none."""
    try:
        folder = platformdirs.user_data_path("hil")
    except RuntimeError:  # neither HOME nor an entry in passwd tells; older releases give "~" back
        folder = Path("~")
    if not folder.is_absolute():
        raise StoreError(
            "the user has no home folder to keep results in",
            remedy="name a database with --db, such as --db=sqlite:///results.db",
        )
    return folder


def default_url() -> str:
    """SQLite in the user's data folder."""
    return url_of(default_path())


def url_of(path: Path) -> str:
    """SQLite in that file; StoreError when no URL can name it."""
    return URL.create("sqlite", database=str(_text_path(path))).render_as_string()


def parse(url: str | None) -> URL:
    """A database URL with its file's path made absolute; None: the default. StoreError when it is not one."""
    if url is None:
        return URL.create("sqlite", database=str(_text_path(default_path())))
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError(f"{masked(url, url)!r} is not a database URL", remedy=_URLS) from error
    if parsed.get_backend_name() not in _DRIVERS:
        raise StoreError(f"{masked(url, url)!r} names no database that the lab can use", remedy=_URLS)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in _DRIVERS.values():
        raise StoreError(f"{masked(url, url)!r} names a driver that the lab does not use", remedy=_URLS)
    path = file_of(parsed)
    if path is not None and (parsed.query or str(parsed.database).startswith("file:")):
        raise StoreError(
            f"{masked(url, url)!r} has options, which SQLite's URLs do not take here", remedy=_URLS
        )
    return parsed if path is None else parsed.set(database=str(path))


def file_of(url: URL) -> Path | None:
    """The file of an SQLite URL, absolute; None for another database, or one in memory."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    try:
        return _text_path(Path(url.database).expanduser().absolute())
    except (RuntimeError, OSError) as error:  # a ~ that stands for no folder, or one that was removed
        raise StoreError(f"{url.database!r} is in no folder", evidence=str(error), remedy=_URLS) from error


def _text_path(path: Path) -> Path:
    """The same; StoreError for bytes that are no text: neither URLs nor databases keep those."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise StoreError(
            f"the database {path} cannot be named",
            evidence="its path is not UTF-8",
            remedy="choose another place with --db",
        ) from error
    return path


def identity(url: URL) -> tuple[int, int] | None:
    """What tells an SQLite URL's file from another that takes its place; None for another database."""
    path = file_of(url)
    if path is None:
        return None
    try:
        held = path.stat()
    except OSError:
        return None
    return held.st_dev, held.st_ino


def shown(url: URL) -> str:
    """The database as messages name it: a file's path, or the URL without its passwords."""
    path = file_of(url)
    return str(path) if path is not None else shown_url(url)


def shown_url(url: URL) -> str:
    """The URL as it can be given to --db again, but for its passwords."""
    return masked(url.render_as_string())


def bench_command(url: URL, boards: str = "all") -> str:
    """How to run the bench with that database: what to type, but for its passwords."""
    path = file_of(url)
    words = ["pytest", f"--board={boards}"]
    if path is None or not _is_default(path):
        words.append(shlex.quote(f"--db={shown_url(url)}"))
    return f"`{' '.join(words)}`"


def command(url: URL, *words: str) -> str:
    """A command of `hil` with that database: what to type, but for its passwords."""
    path = file_of(url)
    chosen = [] if path is not None and _is_default(path) else [shlex.quote(f"--db={shown_url(url)}")]
    return f"`{' '.join(['hil', *words, *chosen])}`"


def explained(url: URL) -> AbstractContextManager[None]:
    """Turns what the driver says inside into a StoreError with cause and remedy."""
    return faults.explained(shown(url), url.render_as_string(hide_password=False))


def writer(url: URL, busy_s: float = BUSY_S, *, lasting: bool = True) -> Engine:
    """An engine whose transactions take SQLite's write lock as they begin, waiting up to ``busy_s`` for it.

    Those of ``looking(engine)`` take none.
    A commit is on the disk when it returns; where it need not be ``lasting``, it waits for no disk, and what
    was written last may be lost with the power. The default database's folder is made, any other has to
    exist: StoreError when it does not.
    """
    if url.get_backend_name() != "sqlite":
        return _server(url) if lasting else _careless(_server(url))
    path = file_of(url)
    if path is not None:
        _need_folder(path)
        _need_file(path)
    engine = create_engine(url, connect_args={"timeout": busy_s})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        # secure_delete: a password that a migration masks is gone from the file too.
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}").close()
        if not lasting and connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
            connection.execute("PRAGMA synchronous=NORMAL").close()  # without a log it could do damage

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that reads first and writes later fails at once when another wrote between.
        only_looks = connection.get_execution_options().get(_LOOKING, False)
        connection.exec_driver_sql("BEGIN" if only_looks else "BEGIN IMMEDIATE")

    return engine


def _careless(engine: Engine) -> Engine:
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")

    return engine


def looking(engine: Engine) -> Engine:
    """The same engine for transactions that only read, which never wait for a writer."""
    return engine.execution_options(**{_LOOKING: True})


def use_write_ahead_log(engine: Engine) -> None:
    """Let readers go on while one writes. The file remembers it: when it is busy, the next run sets it."""
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode=WAL").close()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
    finally:
        connection.close()


def reader(url: URL, busy_s: float = BUSY_S) -> Engine:
    """An engine that cannot write; StoreError when the SQLite file does not exist."""
    if url.get_backend_name() != "sqlite":
        return _server(url).execution_options(postgresql_readonly=True)
    path = file_of(url)
    if path is None:
        raise StoreError("a database in memory cannot be read from outside", remedy=_URLS)
    if is_missing(path):
        raise StoreError(
            f"there is no database {path}", remedy=f"run {bench_command(url)} first, or choose one with --db"
        )
    _need_file(path)

    return _reader_of(path, busy_s)


@lru_cache(maxsize=16)
def _reader_of(path: Path, busy_s: float) -> Engine:
    """One for each file: it holds no connection, but what was compiled, up to half of a page's time."""

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            read_only_uri(path), uri=True, timeout=busy_s, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA query_only=ON").close()
        return connection

    # One connection per use: how the file has to be opened can change while the dashboard runs.
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def read_only_uri(path: Path) -> str:
    """What SQLite opens to read a file.

    A write-ahead log needs files beside the database; where they cannot be made, nobody writes either.
    """
    uri = f"{path.as_uri()}?mode=ro"
    log = path.with_name(f"{path.name}-wal")
    return uri if log.exists() or os.access(path.parent, os.W_OK) else f"{uri}&immutable=1"


def is_missing(path: Path) -> bool:
    """Whether there is no such file; StoreError when the system does not tell."""
    return _mode(path) is None


def _mode(path: Path) -> int | None:
    """What kind of file it is, None where there is none; StoreError when the system does not tell."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise faults.closed(path, error) from error


def _need_file(path: Path) -> None:
    mode = _mode(path)
    if mode is not None and stat.S_ISDIR(mode):
        raise StoreError(f"the database {path} is a folder", remedy="name a file in it with --db")
    if mode is not None and not stat.S_ISREG(mode):
        raise StoreError(f"the database {path} is no regular file", remedy="name another with --db")


def _need_folder(path: Path) -> None:
    if _is_default(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot make the folder of the database {path}",
                evidence=str(error),
                remedy="choose another place with --db",
            ) from error
    mode = _mode(path.parent)
    if mode is None or not stat.S_ISDIR(mode):
        raise StoreError(
            f"the folder of the database {path} does not exist",
            remedy=f"make it with `mkdir -p {path.parent}`, or choose another place with --db",
        )


def _is_default(path: Path) -> bool:
    try:
        return path == default_path()
    except StoreError:
        return False


def _server(url: URL) -> Engine:
    try:
        return server.connect(url)
    except ImportError as error:
        raise StoreError(
            f"the database {shown(url)} needs a driver that is not installed",
            evidence=str(error),
            remedy="pip install 'psycopg[binary]', or choose another with --db",
        ) from error
