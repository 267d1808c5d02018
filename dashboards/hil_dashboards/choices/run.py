"""Which runs are listed, and which one is looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from hil_dashboards.choices import places
from hil_dashboards.choices.fields import fields_of, first, number
from hil_db.records import Status


class Sort(StrEnum):
    """What a run is: of the bench itself, one trial of `hil bisect`, or one of another database."""

    BENCH = "bench"
    TRIAL = "bisect"
    IMPORTED = "imported"


@dataclass(frozen=True)
class RunsChoice:
    """The runs of a branch, host, board, status and sort, empty and None: of all; ``page`` 1 has the newest.

    What was worse in them is told against a ``baseline``, empty: the run before each on its branch.
    """

    branch: str = ""
    host: str = ""
    board: str = ""
    status: Status | None = None
    sort: Sort | None = None
    baseline: str = ""
    page: int = 1

    @property
    def every(self) -> bool:
        """Whether no run is left out."""
        return not any((self.branch, self.host, self.board, self.status, self.sort))

    def of(self, **changed: Any) -> RunsChoice:
        """The same choice but for some of it, from its first page on unless that is told."""
        return replace(self, **{"page": 1, **changed})

    def href(self) -> str:
        """The address of the page that shows this choice."""
        parts = {
            "branch": self.branch,
            "host": self.host,
            "board": self.board,
            "status": self.status or "",
            "of": self.sort or "",
            "baseline": self.baseline,
            "page": "" if self.page == 1 else str(self.page),
        }
        held = urlencode({name: text for name, text in parts.items() if text})
        return places.RUNS + (f"?{held}" if held else "")


@dataclass(frozen=True)
class RunChoice:
    """A run by its number, None: the newest; ``baseline`` is compared with it, empty: the run before."""

    run: int | None = None
    baseline: str = ""

    def href(self) -> str:
        """The address of the page that shows this choice."""
        parts = {"run": self.run, "baseline": self.baseline}
        held = urlencode({name: text for name, text in parts.items() if text})
        return "/run" + (f"?{held}" if held else "")


def parse_runs(search: str | None) -> RunsChoice:
    """The choice in a query such as ``?branch=main&status=failed&page=2``; nonsense is dropped."""
    fields = fields_of(search)
    status, sort = first(fields, "status"), first(fields, "of")
    return RunsChoice(
        branch=first(fields, "branch"),
        host=first(fields, "host"),
        board=first(fields, "board"),
        status=Status(status) if status in tuple(Status) else None,
        sort=Sort(sort) if sort in tuple(Sort) else None,
        baseline=first(fields, "baseline"),
        page=max(number(first(fields, "page")) or 1, 1),
    )


def parse_run(search: str | None) -> RunChoice:
    """The choice in a query such as ``?run=12&baseline=release``; a number that is none is dropped."""
    fields = fields_of(search)
    return RunChoice(number(first(fields, "run")), first(fields, "baseline"))


def parse_comparing(search: str | None) -> tuple[int, int] | None:
    """The two runs in a query such as ``?now=12&before=11``; None where it has not both."""
    fields = fields_of(search)
    now, before = number(first(fields, "now")), number(first(fields, "before"))
    return None if now is None or before is None or now == before else (now, before)
