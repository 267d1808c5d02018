"""The history of a run's metrics: of each image those values alone that may be compared with its newest."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite
from typing import Any

from sqlalchemy import Connection, Text, cast, or_, select

from hil.measure.verdicts import Bench, Outcome, Verdict
from hil.metrics import METRICS, REFERENCE_S, VECTORS, lookup
from hil.report.data import Image, RunPoint, Series, Side
from hil.values import Measure
from hil_db.comparing import Case, outcome_of
from hil_db.histories import Names
from hil_db.records import Status
from hil_db.references import StoredRun
from hil_db.schema import CASE_COLUMNS, MEASURE, RUN, SESSION
from hil_db.trials import is_no_trial

_HOST_CLOCK = "host-clock"
_PLACES = {name: place for place, name in enumerate(METRICS)}


@dataclass(eq=False)
class _Past:
    """A finished session of the history, at its run's place."""

    case: Case
    place: int
    vectors: str | None
    inputs: str | None
    bench: Bench
    rows: list[Any] = field(default_factory=list)
    count: float | None = None
    reference: float | None = None

    def add(self, row: Any) -> None:
        """Take one of its values; how many vectors ran, and the reference workload, are known by name."""
        self.rows.append(row)
        if row.metric == VECTORS.name:
            self.count = row.value
        elif row.metric == REFERENCE_S.name:
            self.reference = row.value


def read_history(
    connection: Connection, run: StoredRun, before: StoredRun | None, images: Sequence[Image], most: int
) -> tuple[tuple[RunPoint, ...], dict[tuple[Case, str], Series]]:
    """The newest ``most`` runs up to one, of its branch and its baseline's, oldest first; and their series.

    ValueError or TypeError when what is stored cannot be understood.
    """
    axis = _axis(connection, run, before, most)
    past, lost = _past(connection, axis, {image.case for image in images})
    series: dict[tuple[Case, str], Series] = {}
    for image in images:
        by_metric: dict[str, list[tuple[_Past, Any]]] = defaultdict(list)
        for session in past.get(image.case, ()):
            for row in session.rows:
                by_metric[row.metric].append((session, row))
        for metric, (like, verdict) in _wanted(image).items():
            found = _series(image, like, verdict, by_metric.get(metric, ()), lost.get(image.case, ()))
            series[image.case, metric] = found
    return axis, series


def finest(measures: Sequence[Measure]) -> Measure:
    """The one of the finest technique."""
    return min(measures, key=lambda one: len(lookup(one.metric).finer(one.technique)))


def metrics_in_order(names: set[str]) -> list[str]:
    """The lab's own first, in their order."""
    return sorted(names, key=lambda name: (_PLACES.get(name, len(_PLACES)), name))


def _axis(
    connection: Connection, run: StoredRun, before: StoredRun | None, most: int
) -> tuple[RunPoint, ...]:
    branches = {run.branch, before.branch if before is not None else run.branch}
    named = [RUN.c.git_branch == branch for branch in branches if branch is not None]
    unnamed = [RUN.c.git_branch.is_(None)] if None in branches else []
    query = (
        select(RUN.c.id, RUN.c.started, RUN.c.git_commit)
        .where(or_(*named, *unnamed), or_(is_no_trial(), RUN.c.id == run.id), RUN.c.started <= run.started)
        .order_by(RUN.c.started.desc(), RUN.c.id.desc())
    )
    rows = [row for row in connection.execute(query) if (row.started, row.id) <= (run.started, run.id)]
    return tuple(RunPoint(row.id, row.started, row.git_commit) for row in reversed(rows[:most]))


def _past(
    connection: Connection, axis: Sequence[RunPoint], wanted: set[Case]
) -> tuple[dict[Case, list[_Past]], dict[Case, list[int]]]:
    """The last finished session of each case in each run, in the runs' order, and where there was none."""
    places = {run.id: place for place, run in enumerate(axis)}
    runs = list(places)
    held = SESSION.c
    about = (held.id, held.run_id, held.status, held.vectors_sha256, held.inputs_sha256, held.probe)
    query = (
        select(*about, *(held[name] for name in CASE_COLUMNS), RUN.c.origin, RUN.c.host)
        .join(RUN, RUN.c.id == held.run_id)
        .where(held.run_id.in_(runs))
    )
    last: dict[tuple[Case, int], tuple[int, _Past]] = {}
    lost: dict[Case, set[int]] = defaultdict(set)
    for row in connection.execute(query.order_by(SESSION.c.started, SESSION.c.id)):
        case = Case(*(getattr(row, name) for name in CASE_COLUMNS))
        place = places[row.run_id]
        if case not in wanted:
            continue
        if row.status != Status.FINISHED:
            lost[case].add(place)
            continue
        bench = Bench(row.probe, row.origin, row.host)
        last[case, place] = (row.id, _Past(case, place, row.vectors_sha256, row.inputs_sha256, bench))
    sessions = dict(last.values())
    of = MEASURE.c
    columns = (of.session_id, of.metric, of.value, of.unit, of.method, of.technique)
    measures = (
        select(*columns, cast(of.conditions, Text).label("conditions"))
        .join(SESSION, SESSION.c.id == of.session_id)
        .where(SESSION.c.run_id.in_(runs))
    )
    for row in connection.execute(measures):
        if (session := sessions.get(row.session_id)) is not None:
            session.add(row)
    found: dict[Case, list[_Past]] = defaultdict(list)
    for (case, place), (_, session) in sorted(last.items(), key=lambda item: item[0][1]):
        found[case].append(session)
        lost[case].discard(place)
    return found, {case: sorted(gone) for case, gone in lost.items()}


def _wanted(image: Image) -> dict[str, tuple[Measure, Verdict | None]]:
    """Of each metric the value that its history is like: the one that was compared, or else the finest."""
    by_metric: dict[str, list[Measure]] = defaultdict(list)
    for measure in image.now.measures if image.now is not None else ():
        by_metric[measure.metric].append(measure)
    verdicts = image.verdicts
    found: dict[str, tuple[Measure, Verdict | None]] = {}
    for metric in metrics_in_order({*by_metric, *verdicts}):
        verdict = verdicts.get(metric)
        compared = None if verdict is None else verdict.after or verdict.before
        like = compared if compared is not None else finest(by_metric[metric])
        found[metric] = (like, verdict)
    return found


def _series(
    image: Image,
    like: Measure,
    verdict: Verdict | None,
    held: Sequence[tuple[_Past, Any]],
    lost: Sequence[int],
) -> Series:
    side = image.now if image.now is not None else image.before
    assert side is not None
    scaled = _is_scaled(like, side)
    about = (like.unit, str(like.method), like.technique)
    conditions = tuple(sorted(like.conditions.items()))
    metric = lookup(like.metric)
    of_side = (side.vectors_sha256, side.inputs_sha256)
    names = Names([*((past.vectors, past.inputs) for past, _ in held), of_side])
    over = names.told(*of_side, _count(side)) if metric.of_vectors else None
    clocked = like.technique == _HOST_CLOCK and like.metric != REFERENCE_S.name
    places, values, others = [], [], set()
    for past, row in held:
        if not isinstance(row.value, int | float) or not isfinite(row.value):
            raise TypeError(f"a {row.metric} is {row.value!r:.40}")
        reference = past.reference if clocked else None
        if (
            (row.unit, row.method, row.technique) != about
            or (over is not None and names.told(past.vectors, past.inputs, past.count) != over)
            or (like.method not in metric.exact and side.bench.unlike(past.bench) is not None)
            or bool(reference) != scaled
            or _conditions(row.conditions) != conditions
        ):
            others.add(past.place)
            continue
        places.append(past.place)
        values.append(row.value * side.reference / reference if side.reference and reference else row.value)
    kept = tuple(sorted(zip(places, values, strict=True)))
    return Series(
        image.case,
        like,
        tuple(place for place, _ in kept),
        tuple(value for _, value in kept),
        scaled,
        _baseline(image, verdict, scaled),
        tuple(lost),
        len(others - set(places)),
    )


def _baseline(image: Image, verdict: Verdict | None, scaled: bool) -> float | None:
    """The older of the two values, as a host as fast as the newer one's would have taken it."""
    if verdict is None or verdict.before is None or outcome_of(verdict) is Outcome.NOT_COMPARABLE:
        return None
    if not scaled or image.now is None or image.before is None:
        return verdict.before.value
    if not image.now.reference or not image.before.reference:
        return None
    return verdict.before.value * image.now.reference / image.before.reference


def _is_scaled(like: Measure, side: Side) -> bool:
    """Whether values are divided by the reference workload: times of the host's clock, but not itself."""
    return like.technique == _HOST_CLOCK and like.metric != REFERENCE_S.name and bool(side.reference)


def _count(side: Side) -> float | None:
    return next((one.value for one in side.measures if one.metric == VECTORS.name), None)


@lru_cache
def _conditions(text: str | None) -> tuple[tuple[str, str | float], ...]:
    held: Mapping[str, str | float] = json.loads(text or "{}")
    if not isinstance(held, dict):
        raise TypeError(f"the conditions of a measure are {held!r:.40}")
    return tuple(sorted(held.items()))
