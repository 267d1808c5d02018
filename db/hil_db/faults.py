"""What a database's refusals mean: each becomes one StoreError with the database, the cause, the remedy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, StatementError

from hil.errors import StoreError
from hil.masking import masked


@dataclass(frozen=True)
class _Meaning:
    cause: str
    remedy: str


_CANNOT_OPEN = _Meaning(
    "cannot be opened", "check that it and its folder can be read and written, or choose another with --db"
)
_SQLITE = {
    sqlite3.SQLITE_BUSY: _Meaning(
        "is locked by another program", "end the program that holds it, or choose another with --db"
    ),
    sqlite3.SQLITE_READONLY: _Meaning(
        "is read-only", "make the file and its folder writable, or choose another with --db"
    ),
    sqlite3.SQLITE_FULL: _Meaning(
        "cannot grow: the disk is full", "make room; what was stored before is safe"
    ),
    sqlite3.SQLITE_IOERR: _Meaning(
        "cannot be read or written",
        "check the disk, its free space and limits on file size; what was stored before is safe",
    ),
    sqlite3.SQLITE_CANTOPEN: _CANNOT_OPEN,
    sqlite3.SQLITE_PERM: _CANNOT_OPEN,
    sqlite3.SQLITE_NOTADB: _Meaning("is not a database", "choose another file with --db"),
    sqlite3.SQLITE_CORRUPT: _Meaning("is damaged", "restore a copy, or choose another with --db"),
}
_DAMAGED = _SQLITE[sqlite3.SQLITE_CORRUPT]
_UNREACHABLE = _Meaning("cannot be reached", "check that its server runs and that the URL is right")
_OTHER = _Meaning("refused", "restore a copy if it was changed by hand, or choose another with --db")


def explain(error: DBAPIError | sqlite3.Error, where: str, url: str) -> StoreError:
    """The StoreError that a driver's refusal stands for; ``where`` names the database, without password.

    ``url`` is the whole one: what a driver says may quote it.
    """
    driver = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(driver, "sqlite_errorcode", None)
    if isinstance(code, int):
        meaning = _SQLITE.get(code & 0xFF, _OTHER)  # the low byte is the kind, the rest says where in it
    else:
        meaning = _UNREACHABLE if isinstance(error, OperationalError) else _OTHER
    said = masked(" ".join(str(driver).split()), url)
    return StoreError(f"the database {where} {meaning.cause}", evidence=said, remedy=meaning.remedy)


def closed(path: Path, error: OSError) -> StoreError:
    """The StoreError of a file of which the system does not even tell what it is."""
    return StoreError(
        f"the database {path} {_CANNOT_OPEN.cause}", evidence=error.strerror, remedy=_CANNOT_OPEN.remedy
    )


@contextmanager
def explained(where: str, url: str) -> Iterator[None]:
    """Turn what a driver raises inside into StoreError, and what stored values that are none do."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        raise explain(error, where, url) from error
    except (StatementError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        # Of a date, JSON, number changed by hand; SQLAlchemy's where such a value was to be copied.
        cause = error.orig if isinstance(error, StatementError) else error
        raise StoreError(
            f"the database {where} {_DAMAGED.cause}",
            evidence=f"a value in it cannot be read: {cause}",
            remedy=_DAMAGED.remedy,
        ) from error
    except ArgumentError as error:  # SQLAlchemy itself, of an option in the URL
        raise StoreError(
            f"the database {where} cannot be used",
            evidence=masked(str(error), url),
            remedy="correct the options in its URL",
        ) from error
