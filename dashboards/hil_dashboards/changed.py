"""Where a line of a series changed its level, and what changed around it: pure functions of values."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Any

import numpy as np

from hil.measure.changes import LEAST_HISTORY, changes
from hil.measure.latency import median
from hil.metrics import Better, Metric, lookup
from hil_dashboards.lines import Line, Point, case_of
from hil_dashboards.reading.series import Beside, SeenRun

_HASH = 10  # letters of one that are told


@dataclass(frozen=True)
class Step:
    """With the point ``place`` of a line its level changed, from ``before`` to ``after``.

    ``share`` is by how much, of the level before, None where that is 0. ``errors`` is how far the two lie
    apart in standard errors, None for values without noise. ``worse`` is None where neither way is better.
    """

    line: Line
    place: int
    before: float
    after: float
    share: float | None
    errors: float | None
    worse: bool | None

    @property
    def point(self) -> Point:
        """The first record of the new level."""
        return self.line.points[self.place]

    @property
    def verdict(self) -> str:
        """``worse``, ``better`` or ``changed``."""
        return "changed" if self.worse is None else "worse" if self.worse else "better"

    @property
    def how(self) -> str:
        """What says so."""
        if self.errors is None:
            return "compared exactly"
        return f"{self.errors:.1f} standard errors" if isfinite(self.errors) else "values without noise"


@dataclass(frozen=True)
class Around:
    """With a run something changed that values may depend on; ``of`` are the names of the boards' images.

    Empty: it is of the whole run.
    """

    run: int
    what: str
    before: str
    after: str
    of: tuple[str, ...] = ()


def steps(metric: str, line: Line, references: Mapping[int, float | None]) -> list[Step]:
    """The changes of a line's level, oldest first.

    Any change of exact values is one, but for one within their resolution. Of others, those that noise does
    not make (hil.measure.changes), in shares of the value where it is above 0, and in units of the
    ``references`` by session where all have one.
    """
    told = lookup(metric)
    values = [point["value"] for point in line.points]
    if line.method in told.exact:
        return _exact(told, line, values)
    if len(values) < LEAST_HISTORY or not np.isfinite(values).all():
        return []
    series = np.asarray(values, dtype=np.float64)
    by = [references.get(point["session"]) for point in line.points]
    if all(by):
        series = series / np.asarray(by, dtype=np.float64)
    logs = bool((series > 0).all())
    found = changes(np.log(series) if logs else series)
    ends = [0, *(one.index for one in found), len(values)]
    made = []
    for one, start, stop in zip(found, ends, ends[2:], strict=False):
        before, after = (median(series[slice(*part)]) for part in ((start, one.index), (one.index, stop)))
        share = (after - before) / abs(before) if before else None
        if all(by):
            before = median(np.asarray(values[start : one.index]))
            after = before * (1 + share) if share is not None else before
        made.append(_step(told, line, one.index, before, after, share, one.standard_errors))
    return made


def _exact(metric: Metric, line: Line, values: Sequence[float]) -> list[Step]:
    found = []
    level = values[0]
    for place, value in enumerate(values):
        step = 0.0 if metric.share else line.points[place]["resolution"] or 0.0
        if abs(value - level) > step:
            share = (value - level) / abs(level) if level else None
            found.append(_step(metric, line, place, level, value, share, None))
            level = value
    return found


def _step(
    metric: Metric,
    line: Line,
    place: int,
    before: float,
    after: float,
    share: float | None,
    errors: float | None,
) -> Step:
    worse = None if metric.better is None else (after > before) == (metric.better is Better.LOWER)
    return Step(line, place, before, after, share, errors, worse)


def is_short(metric: str, line: Line) -> bool:
    """Whether a line has too few values to tell their noise."""
    return line.method not in lookup(metric).exact and len(line.points) < LEAST_HISTORY


def around(
    runs: Sequence[SeenRun],
    points: Iterable[Point],
    beside: Mapping[int, Beside],
    names: Mapping[Hashable, str],
) -> list[Around]:
    """What changed from a run to the next: its host, lab file and tools; and of its sessions, conditions.

    ``points`` are oldest first; ``names`` what the cases are called.
    """
    found: dict[tuple[int, str, str, str], list[str]] = {}
    for before, after in pairwise(runs):
        for what, old, new in _unlike(_of_run(before), _of_run(after)):
            found[after.id, what, old, new] = []
    of_run = {run.id: run.versions for run in runs}
    last: dict[Hashable, tuple[tuple[Any, ...], dict[str, str]]] = {}
    for point in points:
        case, with_it = case_of(point), beside[point["session"]]
        held = (
            with_it[:3],
            of_run[point["run"]],
            point["value"] is None or (point["conditions"], point["over"]),
        )
        told, before_it = last.get(case, (None, {}))
        if held == told:
            continue
        now = _of_session(point, with_it, of_run[point["run"]])
        for what, old, new in _unlike(before_it, now):
            of = found.setdefault((point["run"], what, old, new), [])
            if names[case] not in of:
                of.append(names[case])
        last[case] = held, {**before_it, **now}
    places = {run.id: place for place, run in enumerate(runs)}
    made = [Around(*key, tuple(of)) for key, of in found.items()]
    return sorted(made, key=lambda one: (places[one.run], one.what))


def _unlike(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """What both tell, and tell otherwise."""
    return [
        (what, before[what], after[what]) for what in after if what in before and before[what] != after[what]
    ]


def _of_run(run: SeenRun) -> dict[str, str]:
    lab = {} if run.lab is None else {"lab file": run.lab[:_HASH]}
    return {"host": run.host, **lab, **run.versions}


def _of_session(point: Point, beside: Beside, of_run: Mapping[str, str]) -> dict[str, str]:
    """But for what is said of its run already."""
    own = {name: held for name, held in beside.versions.items() if of_run.get(name) != held}
    more = {"compiler": beside.toolchain, "probe": beside.probe}
    if point["value"] is not None:
        vectors = None if point["over"] is None else f"{point['over']:,}"
        more |= {"conditions": point["conditions"] or "none", "vectors": vectors}
    return {**own, **{name: held for name, held in more.items() if held is not None}}
