"""A folder of traces, each in a file that is named by the SHA-256 of what is in it.

A file appears whole under its name or not at all: it is written under another, brought to the disk and then
renamed. Equal traces are there once.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hil.errors import PowerProbeError
from hil.files import sync
from hil.power.base import PowerTrace
from hil.power.files import load, write

ENDING = ".parquet"
_PART = ".part"
_NAME = re.compile(r"[0-9a-f]{64}\.parquet")
RESERVE = 32 << 20  # bytes of the disk that traces leave free: the figures of sessions need some
ABANDONED_S = 86_400.0  # a part of that age is nobody's any more


@dataclass(frozen=True)
class Staged:
    """A file that is on the disk, but not yet under its name."""

    part: Path
    sha256: str
    size: int


class Traces:
    """The folder, which is made when the first trace comes.

    ``reserve`` is how many bytes of its disk stay free.
    """

    def __init__(self, folder: Path, reserve: int | None = None) -> None:
        self.folder = folder
        self._reserve = RESERVE if reserve is None else reserve

    def path(self, sha256: str) -> Path:
        """Where a trace is, or would be."""
        return self.folder / sha256[:2] / f"{sha256}{ENDING}"

    def has(self, sha256: str, size: int) -> bool:
        """Whether there is a trace of so many bytes; ``wrong`` tells whether it is whole."""
        try:
            return self.path(sha256).stat().st_size == size
        except OSError:
            return False

    def stage(self, trace: PowerTrace) -> Staged:
        """Write a trace; PowerProbeError without pyarrow, or where the folder has no room or takes none."""
        return self._written(lambda part: write(trace, part), 2 * len(trace))

    def stage_copy(self, source: Traces, sha256: str) -> Staged:
        """Copy another folder's trace; PowerProbeError when it is not there whole, or finds no room here."""
        held = source.path(sha256)
        wrong = source.wrong(sha256)
        if wrong is not None:
            raise PowerProbeError(f"in {source.folder} it {wrong}")
        with held.open("rb") as file:
            return self._written(lambda part: shutil.copyfileobj(file, part), held.stat().st_size)

    def settle(self, staged: Staged) -> bool:
        """Give a file its name; whether it was not there. PowerProbeError when the folder refuses."""
        final = self.path(staged.sha256)
        try:
            new, first = not final.exists(), not final.parent.exists()
            final.parent.mkdir(exist_ok=True)
            staged.part.replace(final)
            for folder in (final.parent, self.folder, self.folder.parent)[: 3 if first else 1]:
                sync(folder)
        except OSError as error:
            raise _refused(self.folder, error) from error
        return new

    def drop(self, staged: Staged) -> None:
        """Forget a file that was not settled; harmless when it was."""
        _discard(staged.part)

    def load(self, sha256: str) -> PowerTrace:
        """A trace, proved to be what was stored; PowerProbeError when it is not there, or is damaged."""
        wrong = self.wrong(sha256)
        if wrong is not None:
            raise PowerProbeError(
                f"the trace {self.path(sha256)} {wrong}",
                remedy="restore a copy of it; `hil db check` names all that are wrong",
            )
        return load(self.path(sha256))

    def wrong(self, sha256: str) -> str | None:
        """Why a trace cannot be used, to follow its name; None when it can."""
        try:
            with self.path(sha256).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        return None if found == sha256 else "is damaged: its SHA-256 is another one"

    def held(self, older_s: float = 0.0) -> Iterator[tuple[str, int]]:
        """Each file that is there by its SHA-256, and its bytes, in no order; of those of an age at least."""
        for file in self._files():
            if _NAME.fullmatch(file.name) and self.path(file.stem) == file:
                with suppress(FileNotFoundError):
                    held = file.stat()
                    if time.time() - held.st_ctime >= older_s:
                        yield file.stem, held.st_size

    def strangers(self) -> Iterator[Path]:
        """Files that are none of the folder's traces; parts that may still be written are not told."""
        for file in self._files():
            if not (_NAME.fullmatch(file.name) and self.path(file.stem) == file) and not _in_work(file):
                yield file

    def sweep(self) -> None:
        """Remove parts whose writer is gone."""
        for file in self._files():
            if file.name.endswith(_PART) and not _in_work(file):
                file.unlink(missing_ok=True)

    def remove(self, sha256: str) -> None:
        """Delete a trace; harmless when it is not there."""
        path = self.path(sha256)
        path.unlink(missing_ok=True)
        try:
            path.parent.rmdir()
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.ENOENT, errno.EEXIST):
                raise

    def _files(self) -> list[Path]:
        return [file for file in self.folder.rglob("*") if file.is_file()]

    def _written(self, write: Callable[[BinaryIO], None], about: int) -> Staged:
        """The part that ``write`` writes, ``about`` so many bytes."""
        part = self.folder / f"{secrets.token_hex(16)}{_PART}"
        try:
            with ExitStack() as undo:
                undo.callback(_discard, part)
                self.folder.mkdir(exist_ok=True, parents=True)
                if shutil.disk_usage(self.folder).free < self._reserve + about:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                with part.open("x+b") as file:
                    write(file)
                    file.flush()
                    os.fsync(file.fileno())
                    file.seek(0)
                    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                staged = Staged(part, sha256, part.stat().st_size)
                undo.pop_all()
                return staged
        except OSError as error:
            raise _refused(self.folder, error) from error


def _discard(part: Path) -> None:
    with suppress(OSError):
        part.unlink(missing_ok=True)


def _in_work(file: Path) -> bool:
    try:
        return file.name.endswith(_PART) and time.time() - file.stat().st_mtime < ABANDONED_S
    except FileNotFoundError:
        return True


def _refused(folder: Path, error: OSError) -> PowerProbeError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return PowerProbeError(
            f"the disk of {folder} has no room for it",
            evidence=os.strerror(error.errno),
            remedy="make room, or name another folder in HIL_TRACES_DIR",
        )
    return PowerProbeError(
        f"the folder {folder} does not take it",
        evidence=error.strerror or str(error),
        remedy="make it one that can be written, or name another in HIL_TRACES_DIR",
    )
