"""A metric over runs, of some boards, models and precisions, obtained in one way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, get_args
from urllib.parse import urlencode

from hil_dashboards.choices.fields import fields_of, first, number

Filter = Literal["model", "board", "precision"]
FILTERS: tuple[Filter, ...] = get_args(Filter)
Scale = Literal["log", "linear"]
SCALES: tuple[Scale, ...] = get_args(Scale)

RUNS = (50, 200, 1000)
RUNS_USUAL = 200
LINES_MOST = 8
NO_BASELINE = "-"  # no baseline can be called so


class Way(NamedTuple):
    """How values were obtained: those of two ways are never shown together."""

    method: str
    technique: str

    @property
    def told(self) -> str:
        """``measured dwt``."""
        return " ".join(self)


@dataclass(frozen=True)
class Choice:
    """A metric over the newest ``runs`` runs; an empty filter lets everything through.

    ``way`` None: that of most of its newest values. ``baseline`` None: the newest that is named. ``scale``
    None: as the values need it. ``skip`` so many boards' images that got worst.
    """

    metric: str | None = None
    model: tuple[str, ...] = ()
    board: tuple[str, ...] = ()
    precision: tuple[str, ...] = ()
    runs: int = RUNS_USUAL
    way: Way | None = None
    baseline: str | None = None
    scale: Scale | None = None
    skip: int = 0

    def names(self, which: Filter) -> tuple[str, ...]:
        """The names one filter lets through; empty: all."""
        found: tuple[str, ...] = getattr(self, which)
        return found

    def toggled(self, which: Filter, name: str) -> Choice:
        """The same choice with one name of a filter switched on or off."""
        names = self.names(which)
        changed = tuple(n for n in names if n != name) if name in names else (*names, name)
        return self.of_names(which, changed)

    def cleared(self, which: Filter) -> Choice:
        """The same choice with one filter off."""
        return self.of_names(which, ())

    def within(self, known: Mapping[Filter, Collection[str]]) -> Choice:
        """The same choice without names that are not known."""
        kept = self
        for which, names in known.items():
            wanted = tuple(name for name in self.names(which) if name in names)
            if wanted != self.names(which):
                kept = kept.of_names(which, wanted)
        return kept

    def of_metric(self, metric: str | None) -> Choice:
        """The same choice of another metric, whose values are obtained in other ways; None: the usual one."""
        return replace(self, metric=metric, way=None, scale=None, skip=0)

    def of_runs(self, runs: int) -> Choice:
        """The same choice over another number of runs."""
        return replace(self, runs=runs)

    def of_way(self, way: Way | None) -> Choice:
        """The same choice of values that were obtained in another way."""
        return replace(self, way=way, scale=None, skip=0)

    def of_names(self, which: Filter, names: tuple[str, ...]) -> Choice:
        """The same choice with other names in one filter."""
        if which == "model":
            return replace(self, model=names, skip=0)
        if which == "board":
            return replace(self, board=names, skip=0)
        return replace(self, precision=names, skip=0)

    def href(self) -> str:
        """The address of the series page that shows this choice."""
        parts = [("metric", self.metric)] if self.metric else []
        parts += [(which, name) for which in FILTERS for name in self.names(which)]
        if self.runs != RUNS_USUAL:
            parts.append(("runs", str(self.runs)))
        if self.way is not None:
            parts += [("method", self.way.method), ("technique", self.way.technique)]
        parts += [("baseline", self.baseline)] if self.baseline else []
        parts += [("scale", self.scale)] if self.scale else []
        parts += [("skip", str(self.skip))] if self.skip else []
        return "/series" + (f"?{urlencode(parts)}" if parts else "")


def parse_search(search: str | None) -> Choice:
    """The choice in a query such as ``?metric=instructions&model=a&model=b``; nonsense is dropped."""
    fields = fields_of(search)
    runs, scale = number(first(fields, "runs")), first(fields, "scale")
    way = Way(first(fields, "method"), first(fields, "technique"))
    return Choice(
        metric=first(fields, "metric") or None,
        model=tuple(fields.get("model", ())),
        board=tuple(fields.get("board", ())),
        precision=tuple(fields.get("precision", ())),
        runs=runs if runs in RUNS else RUNS_USUAL,
        way=way if all(way) else None,
        baseline=first(fields, "baseline") or None,
        scale=next((one for one in SCALES if one == scale), None),
        skip=number(first(fields, "skip")) or 0,
    )
