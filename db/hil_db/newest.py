"""The newest session and values of each case, kept beside the rows that they are derived from.

Trials of old commits are none of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Subquery,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
)

from hil.metrics import VECTORS
from hil_db.records import Status
from hil_db.rows import Row
from hil_db.schema import CASE_COLUMNS, MEASURE, NEWEST_SESSION, NEWEST_VALUE, PROFILE, RUN, SESSION
from hil_db.trials import is_no_trial

_CASE = tuple(SESSION.c[name] for name in CASE_COLUMNS)
# A session may be stored long after it ran: its number alone does not say which is newest.
_NEWEST_FIRST = (SESSION.c.started.desc(), SESSION.c.id.desc())
_FINISHED = SESSION.c.status == Status.FINISHED


def note(
    connection: Connection, session_id: int, session: Row, measures: Iterable[Row], profiled: bool
) -> None:
    """Take a session that was added into account; ``session`` is its row, ``measures`` are its own rows."""
    if connection.scalar(_counts(), {"run": session["run_id"]}) is None:
        return
    about = {name: session[name] for name in (*CASE_COLUMNS, "started")} | {"session_id": session_id}
    values: dict[str, float] = {}
    for one in measures:
        values[one["metric"]] = max(one["value"], values.get(one["metric"], one["value"]))
    finished = session["status"] == Status.FINISHED
    head = {"most_vectors": values.get(VECTORS.name, 0.0), "profiled": profiled and finished}
    dialect = connection.dialect.name
    connection.execute(_session_upsert(dialect), about | head)
    if finished and values:
        # In one order, so that no two writers of a server each wait for the other.
        connection.execute(_value_upsert(dialect), [about | {"metric": metric} for metric in sorted(values)])


def rebuild(connection: Connection) -> None:
    """Derive all of it anew, as after a migration."""
    for table, derived in ((NEWEST_SESSION, sessions()), (NEWEST_VALUE, values())):
        connection.execute(delete(table))
        _fill(connection, table, derived)


def forget(connection: Connection, run: int) -> None:
    """Derive anew what refers to sessions of a run that is about to be deleted."""
    gone = select(SESSION.c.id).where(SESSION.c.run_id == run)
    for table, derive in ((NEWEST_SESSION, sessions), (NEWEST_VALUE, values)):
        held = (
            select(*(table.c[name] for name in CASE_COLUMNS)).where(table.c.session_id.in_(gone)).distinct()
        )
        for row in connection.execute(held).all():
            of_case = [table.c[name] == getattr(row, name) for name in CASE_COLUMNS]
            like = [SESSION.c[name] == getattr(row, name) for name in CASE_COLUMNS]
            connection.execute(delete(table).where(*of_case))
            _fill(connection, table, derive(SESSION.c.run_id != run, *like))


def sessions(*conditions: Any) -> Select[*tuple[Any, ...]]:
    """What NEWEST_SESSION is to hold, of the sessions that conditions hold for."""
    measured = and_(MEASURE.c.session_id == SESSION.c.id, MEASURE.c.metric == VECTORS.name)
    profiled = case((and_(PROFILE.c.session_id.is_not(None), _FINISHED), 1), else_=0)
    ranked = (
        select(
            *_CASE,
            SESSION.c.started,
            SESSION.c.id.label("session_id"),
            func.max(func.coalesce(MEASURE.c.value, 0.0)).over(partition_by=_CASE).label("most_vectors"),
            (func.max(profiled).over(partition_by=_CASE) == 1).label("profiled"),
            func.row_number().over(partition_by=_CASE, order_by=_NEWEST_FIRST).label("place"),
        )
        .join(RUN, RUN.c.id == SESSION.c.run_id)
        .outerjoin(MEASURE, measured)
        .outerjoin(PROFILE, PROFILE.c.session_id == SESSION.c.id)
        .where(is_no_trial(), *conditions)
        .subquery()
    )
    return _first(NEWEST_SESSION, ranked)


def values(*conditions: Any) -> Select[*tuple[Any, ...]]:
    """What NEWEST_VALUE is to hold, of the sessions that conditions hold for."""
    place = func.row_number().over(partition_by=(*_CASE, MEASURE.c.metric), order_by=_NEWEST_FIRST)
    ranked = (
        select(
            *_CASE,
            SESSION.c.started,
            SESSION.c.id.label("session_id"),
            MEASURE.c.metric,
            place.label("place"),
        )
        .join(RUN, RUN.c.id == SESSION.c.run_id)
        .join(MEASURE, MEASURE.c.session_id == SESSION.c.id)
        .where(_FINISHED, is_no_trial(), *conditions)
        .subquery()
    )
    return _first(NEWEST_VALUE, ranked)


def _first(table: Table, ranked: Subquery) -> Select[*tuple[Any, ...]]:
    """The table's columns of what is first in its place."""
    return select(*(ranked.c[column.name] for column in table.columns)).where(ranked.c.place == 1)


def _fill(connection: Connection, table: Table, derived: Select[*tuple[Any, ...]]) -> None:
    names = [column.name for column in table.columns]
    connection.execute(insert(table).from_select(names, derived))


@cache
def _counts() -> Select[*tuple[Any, ...]]:
    """The number of a ``run``, unless it is a trial."""
    return select(RUN.c.id).where(RUN.c.id == bindparam("run"), is_no_trial())


@cache
def _session_upsert(dialect: str) -> Any:
    upsert = _insert(dialect, NEWEST_SESSION)
    new, old = upsert.excluded, NEWEST_SESSION.c
    newer = _newer(new, old)
    changed = {
        "started": case((newer, new.started), else_=old.started),
        "session_id": case((newer, new.session_id), else_=old.session_id),
        "most_vectors": case((new.most_vectors > old.most_vectors, new.most_vectors), else_=old.most_vectors),
        "profiled": or_(new.profiled, old.profiled),
    }
    return upsert.on_conflict_do_update(index_elements=CASE_COLUMNS, set_=changed)


@cache
def _value_upsert(dialect: str) -> Any:
    upsert = _insert(dialect, NEWEST_VALUE)
    new, old = upsert.excluded, NEWEST_VALUE.c
    return upsert.on_conflict_do_update(
        index_elements=(*CASE_COLUMNS, "metric"),
        set_={"started": new.started, "session_id": new.session_id},
        where=_newer(new, old),
    )


def _newer(new: Any, old: Any) -> Any:
    later = and_(new.started == old.started, new.session_id > old.session_id)
    return or_(new.started > old.started, later)


def _insert(dialect: str, table: Table) -> Any:
    """An insert that may replace; each of both databases has a statement of its own, of the same words."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)
