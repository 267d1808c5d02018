"""Stores a run as it goes; what the database does not take is kept in a file, and the run goes on."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from hil.bench.telling import Telling
from hil.errors import StoreError
from hil.masking import masked
from hil_db.engine import shown_url
from hil_db.kept import Kept
from hil_db.progress import Progress
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.sessions import check
from hil_db.shelf import untraced_lines
from hil_db.store import Store


class Recorder:
    """One run in the database that ``open`` opened: ``save`` each session, then ``finish``.

    The run is begun with its first session. Once the database has refused, all that follows is kept.
    """

    def __init__(self, url: str | None, store: Store, info: RunInfo, folder: Path) -> None:
        self.run_id: int | None = None
        self._url = url
        self._store = store
        self._info = replace(info, uid=uuid4().hex)
        self._kept = Kept(self._info, folder)
        self._stored: set[str] = set()  # uids of sessions, here and below
        self._held: set[str] = set()
        self._total = 0
        self._refused: StoreError | None = None
        self._unkept: StoreError | None = None

    @classmethod
    def open(cls, url: str | None, info: RunInfo, folder: Path) -> Recorder:
        """Open the database; StoreError when it cannot be used. ``folder`` may take kept files."""
        return cls(url, Store.open(url), info, folder)

    @property
    def complete(self) -> bool:
        """Whether the database has everything so far."""
        return self._refused is None

    @property
    def store(self) -> Store:
        """The database, for reading what is there."""
        return self._store

    def telling(self, look: Callable[[], Progress]) -> Telling:
        """What tells the database how far the run is, once it is begun."""
        return Telling(self._store.url, self._info, look)

    def save(self, record: SessionRecord) -> None:
        """Store a session, or keep it; StoreError only for a record that no database could take."""
        check(record)
        uid = uuid4().hex
        record = replace(record, uid=uid)
        self._total += 1
        if self._refused is None:
            try:
                if self.run_id is None:
                    self.run_id = self._store.begin_run(self._info, record)
                else:
                    self._store.save_session(self.run_id, record)
            except StoreError as error:
                self._give_up(error)
            else:
                self._stored.add(uid)
                return
        try:
            self._kept.save(record)
        except StoreError as error:
            self._unkept = error
        else:
            self._held.add(uid)

    def finish(self, status: Status) -> None:
        """Say how the run ended, where its sessions are; the last call."""
        with self._store, self._kept:
            if self._refused is None and self.run_id is not None:
                try:
                    self._store.finish_run(self.run_id, status)
                except StoreError as error:
                    self._give_up(error)
            if self._refused is not None:
                try:
                    self._kept.finish(status)
                except StoreError as error:
                    self._unkept = error

    def lines(self) -> list[str]:
        """What the run's commit does not tell, and where it was stored; of what was not, why, where it is
        kept, and how to store it.
        """
        place = shown_url(self._store.url)
        note = [self._info.git_note] if self._info.git_note else []
        note += untraced_lines(self._store.untraced + self._kept.untraced)
        if self._refused is None:
            return [*note, f"stored: run {self.run_id} in {place}"] if self.run_id is not None else []
        run = f", run {self.run_id}" if self._stored else ""
        told = [
            *note,
            f"stored: {len(self._stored)} of {_sessions(self._total)}{run} in {place}: {self._refused}",
        ]
        files = " ".join(shlex.quote(str(path)) for path in self._kept.files)
        if files:
            what = _sessions(len(self._held)) if self._held else "the end of the run"
            db = "" if self._url is None else " " + shlex.quote(f"--db={masked(self._url, self._url)}")
            told.append(f"kept: {what} in {files}; to store later: hil store {files}{db}")
        lost = self._total - len(self._stored) - len(self._held)
        if self._unkept is not None:
            what = _sessions(lost) if lost else "the end of the run"
            told.append(f"lost: {what}, which no file could keep: {self._unkept}")
        return told

    def _give_up(self, error: StoreError) -> None:
        """From now on sessions are kept; those in a database whose file is gone are brought out of it."""
        self._refused = error
        if self._store.replaced and self._stored:
            stored, self._stored = self._stored, set()
            try:
                self._kept.rescue(self._store)
            except StoreError as unkept:
                self._unkept = unkept
            else:
                self._held |= stored


def _sessions(number: int) -> str:
    return f"{number} session{'s' if number != 1 else ''}"
