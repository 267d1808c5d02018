"""Files that keep what a database did not take: databases themselves, to be stored later from there."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from hil.errors import StoreError
from hil_db import engine
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.shelf import untraced_lines
from hil_db.sources import named, opened
from hil_db.store import Store
from hil_db.transfer import Copied, copy_runs

_T = TypeVar("_T")


class Kept:
    """What of one run could not be stored, in as many files as it takes; a context manager that closes them.

    A file lies in the user's data folder, else in ``folder``, else where temporary files lie.
    """

    def __init__(self, info: RunInfo, folder: Path) -> None:
        assert info.uid is not None, "without one it could not be stored later"
        self._info = info
        self._folder = folder
        self._stores: list[tuple[Path, Store]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, store in self._stores:
            store.engine.dispose()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files so far, oldest first."""
        return tuple(path for path, _ in self._stores)

    @property
    def untraced(self) -> Counter[str]:
        """The power traces of sessions in the files that are not beside them, by why."""
        return sum((store.untraced for _, store in self._stores), Counter())

    def save(self, record: SessionRecord) -> None:
        """Keep one session; StoreError when no place takes it."""
        self._somewhere(lambda store: store.begin_run(self._info, record))

    def rescue(self, lost: Store) -> int:
        """Keep what a database whose file is gone still gives of the run; returns how many sessions."""
        return self._somewhere(lambda store: sum(one.added for one in copy_runs(lost, store, self._info.uid)))

    def finish(self, status: Status) -> None:
        """Keep how the run ended, in every file of it; StoreError when one, or every place, refuses."""
        if not self._stores:
            self._somewhere(lambda store: store.begin_run(self._info))
        for _, store in self._stores:
            store.finish_run(store.begin_run(self._info), status)

    def _somewhere(self, write: Callable[[Store], _T]) -> _T:
        """Write to the file in use, or to the first new one that takes it."""
        refused = StoreError("there is no folder to keep results in")
        if self._stores:
            try:
                return write(self._stores[-1][1])
            except StoreError as error:
                refused = error
        for folder in self._folders():
            path = self._free(folder)
            try:
                folder.mkdir(parents=True, exist_ok=True)
                path.touch(0o600, exist_ok=False)  # where temporary files lie, others may lay links
                store = Store.open(engine.url_of(path), one_file=True)
            except OSError as error:
                refused = StoreError(f"cannot make the folder {folder}", evidence=str(error))
                continue
            except StoreError as error:
                refused = error
                continue
            try:
                written = write(store)
            except StoreError as error:
                refused = error
                store.engine.dispose()
                path.unlink(missing_ok=True)  # nothing is in it
                continue
            self._stores.append((path, store))
            return written
        raise refused

    def _folders(self) -> list[Path]:
        folders = [self._folder]
        with suppress(StoreError):  # the user has no home
            folders.insert(0, engine.data_folder() / "kept")
        with suppress(OSError):  # no folder for temporary files can be written
            folders.append(Path(tempfile.gettempdir()))
        return folders

    def _free(self, folder: Path) -> Path:
        """A file that is not there yet."""
        name = f"hil-{self._info.started:%Y%m%d-%H%M%S}-{str(self._info.uid)[:8]}"
        numbers = count(1)
        while os.path.lexists(path := folder / f"{name}-{next(numbers)}.db"):
            pass
        return path


def store_file(path: Path, url: str | None) -> list[str]:
    """Copy the runs of a kept file to a database; returns a line for each. Once more, it adds nothing.

    StoreError when the file is none, or holds no run, or the database refuses.
    """
    if not path.is_file():
        raise StoreError(f"there is no file {path}", remedy="name one that a run has kept")
    with opened(named(str(path))) as source, Store.open(url) as target:
        place = engine.shown_url(target.url)
        told = [
            f"{path}: {_added(copied)} run {copied.run} in {place}" for copied in copy_runs(source, target)
        ]
    if not told:
        raise StoreError(f"no run is stored in {path}", remedy="name a file that a run has kept")
    return [*told, *untraced_lines(target.untraced)]


def _added(copied: Copied) -> str:
    sessions = f"{copied.added} session{'s' if copied.added != 1 else ''} added"
    return f"{sessions}, {copied.known} already in" if copied.known else f"{sessions} to"
