"""A folder for each night, a link to the newest, and no more of them than are to be kept."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from hil.errors import HilError, refusal

NEWEST = "newest"
_NIGHT = re.compile(r"\d{4}-\d\d-\d\d-\d{6}(-run-\d+)?")
_LOCK = ".lock"
_UNFINISHED = ".unfinished"


class Nights:
    """The folder of all nights, of which this process alone writes one; made by ``open_nights``.

    ``here`` is where this night's files are written until it is settled.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.here = place / _UNFINISHED

    def settle(self, began: datetime, run: int | None) -> Path:
        """Give this night its name: when it began (UTC), and the number of its run."""
        name = f"{began:%Y-%m-%d-%H%M%S}" + (f"-run-{run}" if run is not None else "")
        self.here = self.here.rename(self.place / name)
        return self.here

    def point(self) -> None:
        """Let the link lead to this night, at once."""
        new = self.place / f".{NEWEST}"
        new.unlink(missing_ok=True)
        new.symlink_to(self.here.name)
        new.replace(self.place / NEWEST)

    def keep(self, count: int) -> list[str]:
        """Delete the oldest nights until there are ``count``; the newest stays, and what is no night.

        Returns the names of those that went.
        """
        nights = sorted(
            one.name
            for one in self.place.iterdir()
            if _NIGHT.fullmatch(one.name) and one.is_dir() and not one.is_symlink()
        )
        going = [name for name in nights[:-count] if name not in (self.here.name, self._newest())]
        for name in going:
            shutil.rmtree(self.place / name)
        return going

    def _newest(self) -> str | None:
        link = self.place / NEWEST
        return link.readlink().name if link.is_symlink() else None


@contextmanager
def open_nights(place: Path) -> Iterator[Nights]:
    """Begin a night in that folder, which is made; HilError when it cannot be, or another goes on there.

    What an earlier one left that did not come to its end is removed.
    """
    nights = Nights(place)
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock = os.open(place / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise HilError(
            f"nothing can be written in the folder {place}",
            evidence=refusal(error),
            remedy="name another with --out",
        ) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise HilError(
                f"another night goes on in {place}", remedy="wait for its end, or name another with --out"
            ) from error
        if nights.here.exists():
            shutil.rmtree(nights.here)
        nights.here.mkdir()
        yield nights
    finally:
        os.close(lock)
