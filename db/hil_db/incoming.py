"""Taking over what another database holds."""

from __future__ import annotations

from dataclasses import dataclass

from hil.errors import StoreError
from hil_db import engine
from hil_db.shelf import untraced_lines
from hil_db.sources import is_same, named, opened
from hil_db.store import Store
from hil_db.transfer import copy_baselines, copy_decisions, copy_runs


@dataclass(frozen=True)
class Imported:
    """How much was new, and how many runs there are in the source.

    ``untraced`` has a line for each reason why traces were not copied.
    """

    source: str
    place: str
    runs: int
    sessions: int
    known: int
    incidents: int
    baselines: int
    untraced: tuple[str, ...] = ()

    def __str__(self) -> str:
        new = ", ".join(
            f"{count:,} {name}{'s' if count != 1 else ''}"
            for name, count in (
                ("session", self.sessions),
                ("incident", self.incidents),
                ("baseline", self.baselines),
            )
        )
        runs = f"{self.runs:,} run{'s' if self.runs != 1 else ''}"
        return f"{self.source}: {new} of {runs} added to {self.place}, {self.known:,} sessions already in"


def import_database(source: str, url: str | None, *, own: bool = False) -> Imported:
    """Copy all runs, incidents and baselines of a file or URL to a database; once more, it adds nothing.

    What is not this lab's ``own`` is kept as the source's, which a comparison tells. The source is only read,
    and may be of an older schema. StoreError when one of them refuses, or when both
    are the same.
    """
    theirs = named(source)
    with opened(theirs) as held, Store.open(url) as target:
        if is_same(theirs, target.url):
            raise StoreError(
                f"{engine.shown(theirs)} is the database itself",
                remedy="name another to import, or with --db",
            )
        copied = copy_runs(held, target, origin=None if own else engine.shown(theirs))
        if own:
            copy_decisions(held, target)  # those of another lab are of its boards
        return Imported(
            engine.shown(theirs),
            engine.shown_url(target.url),
            len(copied),
            sum(one.added for one in copied),
            sum(one.known for one in copied),
            sum(one.incidents for one in copied),
            copy_baselines(held, target),
            untraced_lines(target.untraced),
        )
