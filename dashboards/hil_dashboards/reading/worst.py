"""Which boards' images a metric got worst of, from few values of each: no history is read.

Verdicts need those (hil_db.comparing), and seconds; these are an order to look at things in, and no verdicts.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from math import inf
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, false, null, or_, select

from hil.metrics import Better, Metric, lookup
from hil_dashboards.choices.series import LINES_MOST, Way
from hil_dashboards.reading.database import told
from hil_dashboards.reading.selects import vectors_of
from hil_db.histories import Case
from hil_db.records import Status
from hil_db.schema import CASE_COLUMNS, MEASURE, NEWEST_SESSION, NEWEST_VALUE, RUN, SESSION
from hil_db.trials import is_no_trial

_AT_ONCE = 10_000  # sessions of which a query asks


class Held(NamedTuple):
    """A value of a case with what it holds for; ``conditions`` are JSON."""

    session: int
    value: float
    unit: str
    conditions: str
    vectors: float | None
    resolution: float | None

    @property
    def told(self) -> str:
        """The conditions in words."""
        return told(self.conditions)

    def worse(self, metric: Metric, then: Held) -> float:
        """By which share it is worse than that, below 0 where it is better; 0 for what is not comparable.

        Of a metric that neither way is better of, by how much it changed; of one that is a share itself, by
        how much of all.
        """
        if self[2:5] != then[2:5]:
            return 0.0
        apart = self.value - then.value
        if abs(apart) <= max(self.resolution or 0.0, then.resolution or 0.0) and not metric.share:
            return 0.0
        if metric.better is None:
            apart = abs(apart)
        elif metric.better is Better.HIGHER:
            apart = -apart
        if metric.share or apart == 0:
            return apart
        return apart / abs(then.value) if then.value else inf if apart > 0 else -inf


def newest_values(connection: Connection, metric: str, cases: Sequence[Case]) -> dict[Way, dict[Case, Held]]:
    """The newest value of each of the cases, by the ways that they were obtained in."""
    newest = NEWEST_VALUE.c
    of_it = and_(MEASURE.c.session_id == newest.session_id, MEASURE.c.metric == newest.metric)
    query = (
        select(
            *(newest[name] for name in CASE_COLUMNS),
            MEASURE.c.method,
            MEASURE.c.technique,
            *_held(metric, newest.session_id),
        )
        .join(MEASURE, of_it)
        .where(newest.metric == metric)
    )
    if len(cases) <= LINES_MOST:  # each by the table's key; of more, all of the table is read
        query = query.where(or_(false(), *(_is(newest, case) for case in cases)))
    wanted = set(cases)
    found: dict[Way, dict[Case, Held]] = {}
    for board, kind, model, precision, method, technique, *held in connection.execute(query):
        case = Case(board, kind, model, precision)
        if case in wanted:
            found.setdefault(Way(method, technique), {})[case] = _checked(held)
    return found


def known_cases(connection: Connection) -> list[Case]:
    """All cases, with and without values."""
    columns = [NEWEST_SESSION.c[name] for name in CASE_COLUMNS]
    return [Case(*row) for row in connection.execute(select(*columns).order_by(*columns))]


def _is(columns: Any, case: Case) -> ColumnElement[bool]:
    return and_(*(columns[name] == held for name, held in zip(CASE_COLUMNS, case, strict=True)))


def values_of_run(
    connection: Connection, metric: str, way: Way, run: int, cases: Container[Case]
) -> dict[Case, Held]:
    """What the last finished session of each of these cases in a run holds."""
    columns = [SESSION.c[name] for name in CASE_COLUMNS]
    query = select(SESSION.c.id, *columns).where(SESSION.c.run_id == run, SESSION.c.status == Status.FINISHED)
    rows = connection.execute(query.order_by(SESSION.c.started, SESSION.c.id))
    found = {Case(*case): session for session, *case in rows}
    wanted = {case: session for case, session in found.items() if case in cases}
    return _values(connection, metric, way, wanted)


def ordered(
    connection: Connection,
    metric: str,
    way: Way,
    now: Mapping[Case, Held],
    since: datetime | None,
    baseline: Mapping[Case, Held],
) -> list[Case]:
    """The cases of ``now``, that which got worst first; those that got better stand before the others.

    Each is compared with what it was in the baseline's run, in the session before, and in its first ``since``
    a time.
    """
    then = [baseline, _past(connection, metric, way, None)]
    then += [_past(connection, metric, way, since)] if since is not None else []
    about = lookup(metric)

    def order(case: Case) -> tuple[float, float, Case]:
        steps = [0.0, *(now[case].worse(about, held[case]) for held in then if case in held)]
        return -max(steps), min(steps), case

    return sorted(now, key=order)


def _past(connection: Connection, metric: str, way: Way, since: datetime | None) -> dict[Case, Held]:
    """What each case's first session since a time holds, or the one before its newest."""
    newest = NEWEST_VALUE.c
    like = [SESSION.c[name] == newest[name] for name in CASE_COLUMNS]
    time = SESSION.c.started
    if since is None:
        like += [time <= newest.started, SESSION.c.id != newest.session_id]
        order = (time.desc(), SESSION.c.id.desc())
    else:
        like.append(time >= since)
        order = (time.asc(), SESSION.c.id.asc())
    session = (
        select(SESSION.c.id)
        .join(RUN, RUN.c.id == SESSION.c.run_id)
        .where(*like, SESSION.c.status == Status.FINISHED, is_no_trial())
        .order_by(*order)
        .limit(1)
        .correlate(NEWEST_VALUE)
        .scalar_subquery()
    )
    columns = [newest[name] for name in CASE_COLUMNS]
    rows = connection.execute(select(session, *columns).where(newest.metric == metric))
    found = {Case(*case): session for session, *case in rows if session is not None}
    return _values(connection, metric, way, found)


def _values(connection: Connection, metric: str, way: Way, sessions: Mapping[Case, int]) -> dict[Case, Held]:
    """What sessions hold of a metric."""
    of_session = {session: case for case, session in sessions.items()}
    numbers = sorted(of_session)
    found: dict[Case, Held] = {}
    for first in range(0, len(numbers), _AT_ONCE):
        query = select(*_held(metric, MEASURE.c.session_id)).where(
            MEASURE.c.session_id.in_(numbers[first : first + _AT_ONCE]),
            MEASURE.c.metric == metric,
            MEASURE.c.method == way.method,
            MEASURE.c.technique == way.technique,
        )
        for row in connection.execute(query):
            held = _checked(row)
            found[of_session[held.session]] = held
    return found


def _held(metric: str, session: ColumnElement[int]) -> tuple[Any, ...]:
    """The columns of a Held."""
    vectors: ColumnElement[Any] = vectors_of(session) if lookup(metric).of_vectors else null()
    held = MEASURE.c
    return session, held.value, held.unit, cast(held.conditions, Text), vectors, held.resolution


def _checked(cells: Sequence[Any]) -> Held:
    held = Held(*cells)
    for number in (held.value, held.vectors, held.resolution):  # SQLite keeps whatever a column is given
        if isinstance(number, str | bytes):
            raise TypeError(f"a number is {number!r:.40}")
    told(held.conditions)  # raises where they are none
    return held
