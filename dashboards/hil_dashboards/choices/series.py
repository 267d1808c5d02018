"""A metric over runs, of some boards, models and precisions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args
from urllib.parse import urlencode

from hil_dashboards.choices.fields import fields_of, first, number

Filter = Literal["model", "board", "precision"]
FILTERS: tuple[Filter, ...] = get_args(Filter)

RUNS = (50, 200, 1000)
RUNS_USUAL = 200


@dataclass(frozen=True)
class Choice:
    """A metric over the newest ``runs`` runs; an empty filter lets everything through."""

    metric: str | None = None
    model: tuple[str, ...] = ()
    board: tuple[str, ...] = ()
    precision: tuple[str, ...] = ()
    runs: int = RUNS_USUAL

    def names(self, which: Filter) -> tuple[str, ...]:
        """The names one filter lets through; empty: all."""
        found: tuple[str, ...] = getattr(self, which)
        return found

    def toggled(self, which: Filter, name: str) -> Choice:
        """The same choice with one name of a filter switched on or off."""
        names = self.names(which)
        changed = tuple(n for n in names if n != name) if name in names else (*names, name)
        return self._with(which, changed)

    def cleared(self, which: Filter) -> Choice:
        """The same choice with one filter off."""
        return self._with(which, ())

    def within(self, known: Mapping[Filter, Collection[str]]) -> Choice:
        """The same choice without names that are not known."""
        kept = self
        for which, names in known.items():
            kept = kept._with(which, tuple(name for name in self.names(which) if name in names))
        return kept

    def of_metric(self, metric: str) -> Choice:
        """The same choice of another metric."""
        return replace(self, metric=metric)

    def of_runs(self, runs: int) -> Choice:
        """The same choice over another number of runs."""
        return replace(self, runs=runs)

    def href(self) -> str:
        """The address of the series page that shows this choice."""
        parts = [("metric", self.metric)] if self.metric else []
        parts += [(which, name) for which in FILTERS for name in self.names(which)]
        if self.runs != RUNS_USUAL:
            parts.append(("runs", str(self.runs)))
        return "/series" + (f"?{urlencode(parts)}" if parts else "")

    def _with(self, which: Filter, names: tuple[str, ...]) -> Choice:
        if which == "model":
            return replace(self, model=names)
        if which == "board":
            return replace(self, board=names)
        return replace(self, precision=names)


def parse_search(search: str | None) -> Choice:
    """The choice in a query such as ``?metric=instructions&model=a&model=b``; nonsense is dropped."""
    fields = fields_of(search)
    runs = number(first(fields, "runs"))
    return Choice(
        metric=first(fields, "metric") or None,
        model=tuple(fields.get("model", ())),
        board=tuple(fields.get("board", ())),
        precision=tuple(fields.get("precision", ())),
        runs=runs if runs in RUNS else RUNS_USUAL,
    )
