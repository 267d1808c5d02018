"""The newest values of boards, models and precisions, against a baseline."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlencode

from hil_dashboards.choices.fields import fields_of, first
from hil_dashboards.choices.series import FILTERS, Filter

_NAMES_MOST = 32  # of one field


class Show(StrEnum):
    """Which rows are shown, by what they hold."""

    ALL = "all"
    WORSE = "worse"
    BETTER = "better"
    FAILED = "failed"
    UNFIT = "unfit"
    STALE = "stale"
    NEVER = "never"


@dataclass(frozen=True)
class MatrixChoice:
    """What the matrix shows; an empty filter lets everything through.

    With a ``metric`` a column is a board, and a row a model and precision. With ``columns`` a column is one
    of these metrics, and a row a model and precision on a board; ``USUAL`` are those that most look at.
    Without either the bench decides: one board has its metrics beside each other. ``baseline`` names what is
    compared with, None: the usual one. ``coarse``: values by coarser techniques have columns, too. ``roomy``:
    rows of several lines. ``sort`` is a column and a direction, as ``value2.desc``. ``judged``: a comparison
    that is not ready is waited for; no address that people see says so.
    """

    metric: str | None = None
    columns: tuple[str, ...] = ()
    baseline: str | None = None
    model: tuple[str, ...] = ()
    board: tuple[str, ...] = ()
    precision: tuple[str, ...] = ()
    show: Show = Show.ALL
    coarse: bool = False
    roomy: bool = False
    sort: str | None = None
    judged: bool = False

    def names(self, which: Filter) -> tuple[str, ...]:
        """The names one filter lets through; empty: all."""
        found: tuple[str, ...] = getattr(self, which)
        return found

    def lets(self, board: str, model: str, precision: str) -> bool:
        """Whether the filters let a case through."""
        pairs = ((self.board, board), (self.model, model), (self.precision, precision))
        return all(not names or name in names for names, name in pairs)

    def toggled(self, which: Filter, name: str) -> MatrixChoice:
        """The same choice with one name of a filter switched on or off."""
        return self._with(which, _toggled(self.names(which), name))

    def cleared(self, which: Filter) -> MatrixChoice:
        """The same choice with one filter off."""
        return self._with(which, ())

    def within(self, known: Mapping[Filter, Collection[str]]) -> MatrixChoice:
        """The same choice without names that are not known."""
        kept = self
        for which, names in known.items():
            kept = kept._with(which, tuple(name for name in self.names(which) if name in names))
        return kept

    def of_metric(self, metric: str | None) -> MatrixChoice:
        """The same choice of one metric, by board."""
        return replace(self, metric=metric, columns=(), sort=None)

    def of_columns(self, columns: tuple[str, ...]) -> MatrixChoice:
        """The same choice of these metrics beside each other."""
        return replace(self, metric=None, columns=columns, sort=None)

    def href(self) -> str:
        """The address of the page that shows this choice."""
        parts = [("metric", self.metric)] if self.metric else []
        parts += [("columns", name) for name in self.columns]
        parts += [("baseline", self.baseline)] if self.baseline else []
        parts += [(which, name) for which in FILTERS for name in self.names(which)]
        parts += [("show", str(self.show))] if self.show is not Show.ALL else []
        parts += [("ways", "all")] if self.coarse else []
        parts += [("rows", "roomy")] if self.roomy else []
        parts += [("sort", self.sort)] if self.sort else []
        return "/" + (f"?{urlencode(parts)}" if parts else "")

    def _with(self, which: Filter, names: tuple[str, ...]) -> MatrixChoice:
        if which == "model":
            return replace(self, model=names)
        if which == "board":
            return replace(self, board=names)
        return replace(self, precision=names)


USUAL = "usual"


def parse_matrix(search: str | None) -> MatrixChoice:
    """The choice in a query such as ``?metric=latency_us&baseline=main``; nonsense is dropped."""
    fields = fields_of(search)
    metric = first(fields, "metric") or None
    shown, sort = first(fields, "show"), first(fields, "sort")
    return MatrixChoice(
        metric=metric,
        columns=() if metric else tuple(fields.get("columns", ())[:_NAMES_MOST]),
        baseline=first(fields, "baseline") or None,
        model=tuple(fields.get("model", ())),
        board=tuple(fields.get("board", ())),
        precision=tuple(fields.get("precision", ())),
        show=Show(shown) if shown in set(Show) else Show.ALL,
        coarse=first(fields, "ways") == "all",
        roomy=first(fields, "rows") == "roomy",
        sort=sort if re.fullmatch(r"[a-z]+\d{0,3}\.(asc|desc)", sort, re.ASCII) else None,
        judged=first(fields, "judged") == "1",
    )


def _toggled(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(one for one in names if one != name) if name in names else (*names, name)
