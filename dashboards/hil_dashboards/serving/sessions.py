"""Who has logged in, and who tried: one SQLite file that all processes of a dashboard share.

A browser holds a random token, the file its hash alone: who reads the file cannot be anyone. A log-in ends
after SESSION_S, by logging out, and when the user's password or the user goes.
"""

from __future__ import annotations

import hmac
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

from hil.errors import HilError

SESSION_S = 12 * 3600
WINDOW_S = 600  # in which attempts count
OF_ADDRESS_MOST, OF_NAME_MOST = 10, 50  # attempts that failed; a name's limit hits its owner, too
_BUSY_S = 10.0

_TABLES = """
CREATE TABLE IF NOT EXISTS secret (value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS session (
  token TEXT PRIMARY KEY, name TEXT NOT NULL, mark TEXT NOT NULL, began REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS attempt (name TEXT NOT NULL, address TEXT NOT NULL, time REAL NOT NULL);
"""


class Sessions:
    """The file, which is made when there is none. Every failure is a HilError."""

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with self._writing() as connection:
            for statement in filter(None, map(str.strip, _TABLES.split(";"))):
                connection.execute(statement)
            if connection.execute("SELECT count(*) FROM secret").fetchone() == (0,):
                connection.execute("INSERT INTO secret VALUES (?)", (secrets.token_hex(32),))
            (self._secret,) = connection.execute("SELECT value FROM secret").fetchone()

    def begin(self, name: str, mark: str) -> str:
        """Log someone in; returns the token, which is nowhere else."""
        token = secrets.token_urlsafe(32)
        with self._writing() as connection:
            connection.execute("DELETE FROM session WHERE began < ?", (self._now() - SESSION_S,))
            connection.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?)", (_hash(token), name, mark, self._now())
            )
        return token

    def whose(self, token: str) -> tuple[str, str] | None:
        """The name and the mark that a token was given for; None where it is none any more."""
        with self._reading() as connection:
            found: tuple[str, str] | None = connection.execute(
                "SELECT name, mark FROM session WHERE token = ? AND began >= ?",
                (_hash(token), self._now() - SESSION_S),
            ).fetchone()
        return found

    def end(self, token: str) -> None:
        """Log out."""
        with self._writing() as connection:
            connection.execute("DELETE FROM session WHERE token = ?", (_hash(token),))

    def wait(self, name: str, address: str) -> float:
        """Note an attempt to log in and give 0; or, and note none, for how many seconds there may be none."""
        now = self._now()
        with self._writing() as connection:
            connection.execute("DELETE FROM attempt WHERE time < ?", (now - WINDOW_S,))
            for column, held, most in (
                ("address", address, OF_ADDRESS_MOST),
                ("name", name, OF_NAME_MOST),
            ):
                query = f"SELECT time FROM attempt WHERE {column} = ? ORDER BY time DESC LIMIT 1 OFFSET ?"
                last = connection.execute(query, (held, most - 1)).fetchone()
                if last is not None:
                    return max(1.0, float(last[0]) + WINDOW_S - now)
            connection.execute("INSERT INTO attempt VALUES (?, ?, ?)", (name, address, now))
        return 0.0

    def succeeded(self, name: str, address: str) -> None:
        """Forget the attempts of who got in from there."""
        with self._writing() as connection:
            connection.execute("DELETE FROM attempt WHERE name = ? AND address = ?", (name, address))

    def guard_of(self, holder: str) -> str:
        """What a page gives back with what it asks to be changed: no other site can know it."""
        return hmac.new(self._secret.encode(), holder.encode(), sha256).hexdigest()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with (
            self._explained(),
            closing(sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)) as connection,
        ):
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise HilError(
                f"log-ins cannot be kept in {self._path}",
                evidence=str(error),
                remedy="let the dashboard's user write there, or name users in another folder with --users",
            ) from error


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
