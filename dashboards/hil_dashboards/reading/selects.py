"""The statements that the pages' rows come from; see data.py for what their columns are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, select

from hil.metrics import (
    CURRENT_AVG,
    CURRENT_IDLE,
    CURRENT_PEAK,
    ENERGY_NET_PER_INFERENCE,
    ENERGY_PER_INFERENCE,
    LATENCY_CYCLES,
    POWER_AVG,
    VECTORS,
)
from hil_dashboards.choices.profile import ProfileChoice
from hil_dashboards.choices.trace import TraceChoice
from hil_dashboards.reading.columns import CASE_COLUMNS
from hil_db.records import Status
from hil_db.schema import (
    IMAGE,
    MEASURE,
    MEASURE_COLUMNS,
    NEWEST_SESSION,
    NEWEST_VALUE,
    POWER_PASS,
    PROFILE,
    RUN,
    SESSION,
)
from hil_db.trials import is_no_trial

Statement = Select[*tuple[Any, ...]]

POWER = (
    ENERGY_PER_INFERENCE,
    ENERGY_NET_PER_INFERENCE,
    POWER_AVG,
    CURRENT_AVG,
    CURRENT_PEAK,
    CURRENT_IDLE,
)
_CASE = tuple(SESSION.c[name] for name in CASE_COLUMNS)
_NEWEST_CASE = tuple(NEWEST_SESSION.c[name] for name in CASE_COLUMNS)
# A session may be stored long after it ran (`hil store`): its number does not say which is newest.
_NEWEST_FIRST = (SESSION.c.started.desc(), SESSION.c.id.desc())
# Conditions stay text: the same few stand beside all values, and who reads them decodes each once.
_MEASURE = tuple(
    cast(MEASURE.c[name], Text) if name == "conditions" else MEASURE.c[name] for name in MEASURE_COLUMNS
)


def newest_sessions() -> Statement:
    """SESSION_COLUMNS of the newest session of each case."""
    newest = NEWEST_SESSION.c
    return _sessions().join(NEWEST_SESSION, newest.session_id == SESSION.c.id).order_by(*_CASE)


def one_session(session_id: int) -> Statement:
    """SESSION_COLUMNS of one session."""
    return _sessions().where(SESSION.c.id == session_id)


def values_of(session_id: int) -> Statement:
    """VALUE_COLUMNS of all measures of one session."""
    return _values().where(SESSION.c.id == session_id).order_by(MEASURE.c.id)


def some_sessions(session_ids: Sequence[int]) -> Statement:
    """SESSION_COLUMNS of some sessions."""
    return _sessions().where(SESSION.c.id.in_(session_ids))


def newest_values(metrics: Sequence[str]) -> Statement:
    """The number of a measure, its session's, and MEASURE_COLUMNS with conditions as text.

    Of these metrics, from each case's newest finished session that has one.
    """
    newest = NEWEST_VALUE.c
    # What is no column does not tell SQLite which measures' metrics are wanted: of two it would look at all
    # values ever stored, and for each at all newest ones.
    metric = newest.metric.concat("")
    of_metric = and_(MEASURE.c.session_id == newest.session_id, MEASURE.c.metric == metric)
    wanted = select(MEASURE.c.id, newest.session_id, *_MEASURE).join(MEASURE, of_metric)
    return wanted.where(newest.metric.in_(metrics))


def most_vectors() -> Statement:
    """MOST_COLUMNS of each case."""
    newest = NEWEST_SESSION.c
    return select(*_NEWEST_CASE, newest.most_vectors).where(newest.most_vectors > 0)


def profiled_cases() -> Statement:
    """CASE_COLUMNS of the cases with a profile."""
    return select(*_NEWEST_CASE).where(NEWEST_SESSION.c.profiled)


def traced_cases() -> Statement:
    """CASE_COLUMNS of the cases whose newest session, or newest energy, is of a power probe."""
    first = and_(POWER_PASS.c.number == 0)
    newest = select(*_NEWEST_CASE).join(
        POWER_PASS, and_(first, POWER_PASS.c.session_id == NEWEST_SESSION.c.session_id)
    )
    value = NEWEST_VALUE.c
    told = select(*(value[name] for name in CASE_COLUMNS)).join(
        POWER_PASS, and_(first, POWER_PASS.c.session_id == value.session_id)
    )
    return select(newest.union(told.where(value.metric == ENERGY_PER_INFERENCE.name)).subquery())


def traced_session(choice: TraceChoice) -> Statement:
    """The number of the choice's session, or of the newest one of its case that a power probe saw."""
    if choice.session is not None:
        return select(SESSION.c.id).where(SESSION.c.id == choice.session)
    return _traced_of(choice).with_only_columns(SESSION.c.id).order_by(*_NEWEST_FIRST).limit(1)


def traced_runs(session_id: int, most: int) -> Statement:
    """The newest runs in which a power probe saw a session of the same case, each with the newest of it."""
    own = SESSION.alias()
    same = and_(*(SESSION.c[name] == own.c[name] for name in CASE_COLUMNS))
    query = select(SESSION.c.run_id, func.max(SESSION.c.id)).join(
        POWER_PASS, and_(POWER_PASS.c.session_id == SESSION.c.id, POWER_PASS.c.number == 0)
    )
    wanted = _of_no_trial(query.join(own, same)).where(own.c.id == session_id).group_by(SESSION.c.run_id)
    return wanted.order_by(*_newest_runs()).limit(most)


def power_values(session_id: int) -> Statement:
    """VALUE_COLUMNS of what a session's passes on a power probe tell."""
    return (
        _values()
        .where(SESSION.c.id == session_id, MEASURE.c.metric.in_([metric.name for metric in POWER]))
        .order_by(MEASURE.c.id)
    )


def profiled_runs(choice: ProfileChoice, most: int) -> Statement:
    """The numbers of the newest runs with a profile of the choice's case, whichever run it names."""
    runs = _of_no_trial(_profiled_of(choice)).with_only_columns(SESSION.c.run_id).group_by(SESSION.c.run_id)
    return runs.order_by(*_newest_runs()).limit(most)


def profiled_session(choice: ProfileChoice) -> Statement:
    """The number of the choice's newest session with a profile; of its run, where it names one."""
    wanted = _profiled_of(choice)
    wanted = _of_no_trial(wanted) if choice.run is None else wanted.where(SESSION.c.run_id == choice.run)
    return wanted.with_only_columns(SESSION.c.id).order_by(*_NEWEST_FIRST).limit(1)


def cycles(session_id: int, technique: str) -> Statement:
    """VALUE_COLUMNS of what a session's inference takes by a technique."""
    return _values().where(
        SESSION.c.id == session_id,
        MEASURE.c.metric == LATENCY_CYCLES.name,
        MEASURE.c.technique == technique,
    )


def vectors_of(session: ColumnElement[int]) -> ColumnElement[Any]:
    """How many vectors a session ran, None where nothing tells."""
    counted = MEASURE.alias().c
    return (
        select(func.max(counted.value))
        .where(counted.session_id == session, counted.metric == VECTORS.name)
        .correlate_except(counted.value.table)
        .scalar_subquery()
    )


def session_columns() -> Sequence[Any]:
    """SESSION_COLUMNS, of sessions with their runs and images."""
    return (
        SESSION.c.id,
        SESSION.c.run_id,
        SESSION.c.started,
        *_CASE,
        SESSION.c.status,
        SESSION.c.error,
        RUN.c.git_commit,
        RUN.c.git_dirty,
        RUN.c.git_note,
        IMAGE.c.sha256,
        vectors_of(SESSION.c.id),
    )


def _sessions(*more: Any) -> Statement:
    return (
        select(*session_columns(), *more)
        .join(RUN, RUN.c.id == SESSION.c.run_id)
        .outerjoin(IMAGE, IMAGE.c.id == SESSION.c.image_id)
    )


def _values() -> Statement:
    return _sessions(*_MEASURE).join(MEASURE, MEASURE.c.session_id == SESSION.c.id)


def _of_no_trial(sessions: Statement) -> Statement:
    """Those of the bench's own runs: `hil bisect` measures old commits."""
    return sessions.join(RUN, RUN.c.id == SESSION.c.run_id).where(is_no_trial())


def _newest_runs() -> tuple[Any, ...]:
    return func.max(SESSION.c.started).desc(), SESSION.c.run_id.desc()


def _profiled() -> Statement:
    return (
        select(SESSION.c.id)
        .join(PROFILE, PROFILE.c.session_id == SESSION.c.id)
        .where(SESSION.c.status == Status.FINISHED)
    )


def _traced_of(choice: TraceChoice) -> Statement:
    seen = and_(POWER_PASS.c.session_id == SESSION.c.id, POWER_PASS.c.number == 0)
    return _of_no_trial(
        select(SESSION.c.id)
        .join(POWER_PASS, seen)
        .where(
            SESSION.c.board == choice.board,
            SESSION.c.kind == choice.kind,
            SESSION.c.model == choice.model,
            SESSION.c.precision == choice.precision,
        )
    )


def _profiled_of(choice: ProfileChoice) -> Statement:
    return _profiled().where(
        SESSION.c.board == choice.board,
        SESSION.c.kind == choice.kind,
        SESSION.c.model == choice.model,
        SESSION.c.precision == choice.precision,
    )
