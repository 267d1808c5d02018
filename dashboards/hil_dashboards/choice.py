"""What a page is asked to show: read from a URL's query, and written back to it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args
from urllib.parse import parse_qs, urlencode

Filter = Literal["model", "board", "precision"]
FILTERS: tuple[Filter, ...] = get_args(Filter)

RUNS = (50, 200, 1000)
RUNS_USUAL = 200
POINTS_USUAL, POINTS_LEAST, POINTS_MOST = 2_000, 200, 8_000  # of a trace


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


@dataclass(frozen=True)
class ProfileChoice:
    """The profile of one board, model and precision: the newest, or that of a ``run``."""

    board: str
    kind: str
    model: str
    precision: str
    run: int | None = None

    @property
    def complete(self) -> bool:
        """Whether it names a case at all."""
        return all((self.board, self.kind, self.model, self.precision))

    def of_run(self, run: int | None) -> ProfileChoice:
        """The same choice in another run; None: the newest."""
        return replace(self, run=run)

    def href(self) -> str:
        """The address of the profile page that shows this choice."""
        parts = [("board", self.board), ("kind", self.kind), ("model", self.model)]
        parts.append(("precision", self.precision))
        if self.run is not None:
            parts.append(("run", str(self.run)))
        return f"/profile?{urlencode(parts)}"


@dataclass(frozen=True)
class TriageChoice:
    """The regressions against a baseline, None: the usual one; only those that are open, or ``every`` one."""

    baseline: str | None = None
    every: bool = False

    def href(self) -> str:
        """The address of the triage page that shows this choice."""
        parts = [("baseline", self.baseline)] if self.baseline else []
        parts += [("show", "all")] if self.every else []
        return "/triage" + (f"?{urlencode(parts)}" if parts else "")


def parse_triage(search: str | None) -> TriageChoice:
    """The choice in a query such as ``?baseline=release&show=all``; nonsense is dropped."""
    fields = _fields(search)
    return TriageChoice(_first(fields, "baseline") or None, _first(fields, "show") == "all")


@dataclass(frozen=True)
class TraceChoice:
    """A pass of a session, or of the newest session that a probe saw of a board, model and precision.

    ``begin`` and ``end`` are seconds of its trace, where a part of it is looked at.
    """

    session: int | None = None
    number: int = 0
    board: str = ""
    kind: str = ""
    model: str = ""
    precision: str = ""
    begin: float | None = None
    end: float | None = None

    @property
    def complete(self) -> bool:
        """Whether it names a session or a case at all."""
        return self.session is not None or all((self.board, self.kind, self.model, self.precision))

    def part(self, begin: float, end: float) -> TraceChoice:
        """The same choice, between two times."""
        return replace(self, begin=begin, end=end)

    def href(self) -> str:
        """The address of the page that shows this choice."""
        parts: list[tuple[str, object]] = []
        if self.session is not None:
            parts += [("session", self.session), ("pass", self.number)]
        else:
            names = ("board", "kind", "model", "precision")
            parts += [(name, getattr(self, name)) for name in names]
        if self.begin is not None and self.end is not None:
            parts += [("from", f"{self.begin:.9f}"), ("to", f"{self.end:.9f}")]
        return f"/trace?{urlencode(parts)}"


def parse_trace(search: str | None) -> TraceChoice:
    """The choice in a query such as ``?session=12&pass=0&from=0.1&to=0.2``."""
    fields = _fields(search)
    begin, end = _seconds(_first(fields, "from")), _seconds(_first(fields, "to"))
    inside = begin is not None and end is not None and begin < end
    return TraceChoice(
        _number(_first(fields, "session")),
        _number(_first(fields, "pass")) or 0,
        _first(fields, "board"),
        _first(fields, "kind"),
        _first(fields, "model"),
        _first(fields, "precision"),
        begin if inside else None,
        end if inside else None,
    )


def parse_points(search: str | None) -> int:
    """How many points a query such as ``?points=1200`` asks for, within what is drawn at all."""
    asked = _number(_first(_fields(search), "points"))
    return POINTS_USUAL if asked is None else min(max(asked, POINTS_LEAST), POINTS_MOST)


def parse_profile(search: str | None) -> ProfileChoice:
    """The choice in a query such as ``?board=qemu&kind=a&model=b&precision=q15&run=3``."""
    fields = _fields(search)
    return ProfileChoice(
        board=_first(fields, "board"),
        kind=_first(fields, "kind"),
        model=_first(fields, "model"),
        precision=_first(fields, "precision"),
        run=_number(_first(fields, "run")),
    )


def parse_search(search: str | None) -> Choice:
    """The choice in a query such as ``?metric=instructions&model=a&model=b``; nonsense is dropped."""
    fields = _fields(search)
    runs = _number(_first(fields, "runs"))
    return Choice(
        metric=_first(fields, "metric") or None,
        model=tuple(fields.get("model", ())),
        board=tuple(fields.get("board", ())),
        precision=tuple(fields.get("precision", ())),
        runs=runs if runs in RUNS else RUNS_USUAL,
    )


def _fields(search: str | None) -> dict[str, list[str]]:
    """What a query gives each field, each once. No database holds a NUL, and PostgreSQL refuses to look."""
    given = parse_qs((search or "").removeprefix("?"))
    return {
        field: [text for text in dict.fromkeys(texts) if "\0" not in text] for field, texts in given.items()
    }


def _first(fields: dict[str, list[str]], field: str) -> str:
    return next(iter(fields.get(field, ())), "")


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{0,12})?(e-\d{1,2})?", text, re.ASCII) else None


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None
