"""Two sessions vector by vector: the values of a metric, and the classes that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select
from sqlalchemy.engine import URL

from hil.measure.verdicts import Outcome, Verdict
from hil.measure.why import Turned, vectors_turned
from hil.metrics import PREDICTED
from hil.models.labels import Labels, find_labels
from hil.values import Measure
from hil_db import codec, engine
from hil_db.comparing import Compared
from hil_db.histories import Names
from hil_db.schema import SAMPLE, SESSION

_Way = tuple[Any, ...]  # session, metric, method, technique


@dataclass(frozen=True, eq=False)
class PerVector:
    """One metric's values of single vectors in both sessions, (vectors,) each, in the vectors' order."""

    verdict: Verdict
    before: npt.NDArray[np.float64]
    after: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Vectors:
    """What of two sessions is told by single vectors: the ``metrics`` that are, and ``shown``, one of them.

    ``apart`` are the titles of metrics whose vectors are not compared, and why.
    """

    metrics: tuple[str, ...]
    shown: PerVector | None
    apart: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Classes:
    """Which of ``count`` vectors changed their predicted class; ``why``: that is not known.

    ``labels`` are the right ones, (vectors,) or more, where they are at hand.
    """

    count: int
    turned: tuple[Turned, ...]
    labels: Labels | None = None
    why: str | None = None


def read_vectors(connection: Connection, one: Compared, wanted: str | None, url: URL) -> Vectors:
    """The values of the ``wanted`` metric, or else of the first that changed, or of the first there is.

    StoreError when a blob is damaged.
    """
    assert one.before is not None
    assert one.now is not None
    counts = _counts(connection, (one.before.session, one.now.session))
    paired: dict[str, Verdict] = {}
    apart: list[tuple[str, str]] = []
    for verdict in one.verdicts:
        if verdict.before is None or verdict.after is None or not verdict.metric.per_vector:
            continue
        old = counts.get(_way(one.before.session, verdict.before))
        new = counts.get(_way(one.now.session, verdict.after))
        if old is None or new is None:
            continue
        if verdict.outcome is Outcome.NOT_COMPARABLE and verdict.share is None:
            apart.append((verdict.metric.title, verdict.reason))
        elif old != new:
            apart.append((verdict.metric.title, f"{new:,} vectors now, {old:,} before"))
        else:
            paired[verdict.metric.name] = verdict
    shown = paired.get(wanted or "") or next(filter(_changed, paired.values()), None)
    shown = shown or next(iter(paired.values()), None)
    held = _values(connection, one, shown, url) if shown is not None else None
    return Vectors(tuple(paired), held, tuple(apart))


def read_classes(connection: Connection, one: Compared, model: str, url: URL) -> Classes:
    """Which vectors changed class, with the labels of a model's vectors; StoreError as ``read_vectors``."""
    assert one.before is not None
    assert one.now is not None
    sessions = (one.before.session, one.now.session)
    columns = (SAMPLE.c.session_id, SAMPLE.c.dtype, SAMPLE.c.count, SAMPLE.c.codec, SAMPLE.c.blob)
    query = select(*columns).where(SAMPLE.c.session_id.in_(sessions), SAMPLE.c.metric == PREDICTED.name)
    held = {
        number: codec.unpack(blob, dtype, count, packing, _what(PREDICTED.name, url))
        for number, dtype, count, packing, blob in connection.execute(query)
    }
    if len(held) < len(set(sessions)):
        return Classes(0, (), why="The classes of single vectors are not stored of both.")
    before, after = (held[session] for session in sessions)
    of_vectors = (SESSION.c.id, SESSION.c.vectors_sha256, SESSION.c.inputs_sha256)
    ran = {row.id: row for row in connection.execute(select(*of_vectors).where(SESSION.c.id.in_(sessions)))}
    names = Names((row.vectors_sha256, row.inputs_sha256) for row in ran.values())
    told = {names.told(row.vectors_sha256, row.inputs_sha256, None) for row in ran.values()}
    if len(told) > 1:
        return Classes(0, (), why="They ran other vectors.")
    if len(before) != len(after):
        return Classes(0, (), why=f"It ran {len(after):,} vectors now, {len(before):,} before.")
    labels = find_labels(model, ran[sessions[1]].vectors_sha256, ran[sessions[1]].inputs_sha256)
    fits = labels is not None and len(labels) >= len(after)
    return Classes(len(after), vectors_turned(before, after), labels if fits else None)


def _changed(verdict: Verdict) -> bool:
    return verdict.outcome in (Outcome.REGRESSION, Outcome.IMPROVEMENT)


def _counts(connection: Connection, sessions: Sequence[int]) -> Mapping[_Way, int]:
    held = SAMPLE.c
    query = select(held.session_id, held.metric, held.method, held.technique, held.count)
    found = connection.execute(query.where(held.session_id.in_(sessions)))
    return {tuple(way): count for *way, count in found}


def _way(session: int, measure: Measure) -> _Way:
    return session, measure.metric, str(measure.method), measure.technique


def _values(connection: Connection, one: Compared, verdict: Verdict, url: URL) -> PerVector:
    assert one.before is not None
    assert one.now is not None
    assert verdict.before is not None
    assert verdict.after is not None
    ways = (_way(one.before.session, verdict.before), _way(one.now.session, verdict.after))
    before, after = (_unpacked(connection, way, url) for way in ways)
    return PerVector(verdict, before, after)


def _unpacked(connection: Connection, way: _Way, url: URL) -> npt.NDArray[np.float64]:
    held = SAMPLE.c
    columns = (held.session_id, held.metric, held.method, held.technique)
    query = select(held.blob, held.dtype, held.count, held.codec)
    same = (column == part for column, part in zip(columns, way, strict=True))
    row = connection.execute(query.where(*same)).one()
    return codec.unpack(*row, _what(way[1], url)).astype(np.float64)


def _what(metric: str, url: URL) -> str:
    return f"a blob of {metric} in {engine.shown(url)}"
