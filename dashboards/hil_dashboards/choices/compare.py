"""Two runs that are compared, one image of them, or two sessions; and which verdicts are shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from hil.measure.verdicts import Outcome
from hil_dashboards.choices.fields import fields_of, first, number
from hil_db.histories import Case

CHANGED, ALL = "changed", "all"  # of verdicts; a name of an outcome shows those alone
UNJUDGED = "not judged"  # there are two values, whose noise is not known yet
SHOWN = (CHANGED, ALL, UNJUDGED, *map(str, Outcome))


@dataclass(frozen=True)
class CompareChoice:
    """Runs ``before`` and ``after``, by their numbers, and of them a ``case``; or two sessions.

    Without a run ``after`` the newest that ended is meant, without one ``before`` the ``baseline`` of a name,
    and without that the usual one. Of two runs ``show`` says which verdicts are shown, of one ``metric`` and
    some ``boards``; of two images ``vectors`` the metric whose values of single vectors are.
    """

    before: int | None = None
    after: int | None = None
    case: Case | None = None
    first: int | None = None
    second: int | None = None
    baseline: str | None = None
    show: str = CHANGED
    metric: str | None = None
    boards: tuple[str, ...] = ()
    vectors: str | None = None

    @property
    def of_sessions(self) -> tuple[int, int] | None:
        """The two sessions, where it names both."""
        return None if self.first is None or self.second is None else (self.first, self.second)

    def without(self, *names: str) -> CompareChoice:
        """The same choice without some of its numbers and names."""
        nothing: dict[str, Any] = dict.fromkeys(names)
        return replace(self, **nothing)

    def against(self, baseline: str) -> CompareChoice:
        """The newest run against that of a name."""
        return replace(self, before=None, after=None, baseline=baseline)

    def of_case(self, case: Case) -> CompareChoice:
        """One image of the same runs."""
        return CompareChoice(self.before, self.after, case)

    def whole(self) -> CompareChoice:
        """All images of the same runs."""
        return CompareChoice(self.before, self.after)

    def showing(self, show: str) -> CompareChoice:
        """The same choice of other verdicts."""
        return replace(self, show=show)

    def of_metric(self, metric: str | None) -> CompareChoice:
        """The same choice of verdicts on one metric, or on all."""
        return replace(self, metric=metric)

    def on_boards(self, boards: tuple[str, ...]) -> CompareChoice:
        """The same choice of verdicts on some boards, or on all."""
        return replace(self, boards=boards)

    def of_vectors(self, metric: str) -> CompareChoice:
        """The same choice with the vectors of another metric."""
        return replace(self, vectors=metric)

    def swapped(self) -> CompareChoice:
        """What was before is after."""
        return replace(
            self, before=self.after, after=self.before, first=self.second, second=self.first, baseline=None
        )

    def href(self) -> str:
        """The address of the page that shows this choice."""
        named = ("before", "after", "first", "second", "baseline", "metric", "vectors")
        parts = [(name, str(held)) for name in named if (held := getattr(self, name)) is not None]
        if self.case is not None:
            parts += list(self.case._asdict().items())
        parts += [("board", board) for board in self.boards]
        parts += [("show", self.show)] if self.show != CHANGED else []
        return "/compare" + (f"?{urlencode(parts)}" if parts else "")


def parse_compare(search: str | None) -> CompareChoice:
    """The choice in a query such as ``?before=11&after=12&show=regression``; nonsense is dropped."""
    fields = fields_of(search)
    case = Case(*(first(fields, name) for name in Case._fields))
    complete = all(case)
    show = first(fields, "show")
    return CompareChoice(
        before=number(first(fields, "before")),
        after=number(first(fields, "after")),
        case=case if complete else None,
        first=number(first(fields, "first")),
        second=number(first(fields, "second")),
        baseline=first(fields, "baseline") or None,
        show=show if show in SHOWN else CHANGED,
        metric=first(fields, "metric") or None,
        boards=() if complete else tuple(fields.get("board", ())),
        vectors=first(fields, "vectors") or None,
    )
