"""What the database holds of a commit's image: runs that need not be done again, and how they compare."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.engine import URL

from hil.bisect.sources import Identity
from hil.measure.verdicts import Taken
from hil.metrics import REFERENCE_S, VECTORS, lookup
from hil.values import Measure, Method
from hil_db import codec
from hil_db.comparing import Case
from hil_db.histories import divisor
from hil_db.records import Status
from hil_db.references import StoredRun, checked_run
from hil_db.schema import IMAGE, MEASURE, SAMPLE, SESSION

_MOST = 100  # sessions of one image that are looked at


def run_of(connection: Connection, number: int, url: URL) -> StoredRun:
    """The run of that number."""
    return checked_run(connection, str(number), url)


def runs_of(connection: Connection, case: Case, identity: Identity, url: URL) -> list[StoredRun]:
    """The runs in which that image was measured over those vectors, newest first."""
    query = (
        select(SESSION.c.run_id)
        .join(IMAGE, IMAGE.c.id == SESSION.c.image_id)
        .join(MEASURE, MEASURE.c.session_id == SESSION.c.id)
        .where(
            *(SESSION.c[name] == held for name, held in case._asdict().items()),
            SESSION.c.status == Status.FINISHED,
            SESSION.c.vectors_sha256 == identity.vectors_sha256,
            IMAGE.c.source_sha256 == identity.source_sha256,
            MEASURE.c.metric == VECTORS.name,
            MEASURE.c.value == identity.vectors,
        )
        .order_by(SESSION.c.started.desc(), SESSION.c.id.desc())
        .limit(_MOST)
    )
    return [run_of(connection, number, url) for number in dict.fromkeys(connection.scalars(query))]


class Session(NamedTuple):
    """A case's session in a run."""

    id: int
    image: int | None
    status: str
    error: str | None
    vectors: str | None


def session_of(connection: Connection, run: int, case: Case) -> Session | None:
    """A case's last session in a run that finished, or else the last; None when it has none."""
    held = SESSION.c
    query = select(held.id, held.image_id, held.status, held.error, held.vectors_sha256)
    mine = (held[name] == value for name, value in case._asdict().items())
    found = [Session(*row) for row in connection.execute(query.where(held.run_id == run, *mine))]
    return max(found, key=lambda one: (one.status == Status.FINISHED, one.id), default=None)


def taken_of(connection: Connection, session: Session, metric: str, vectors: str | None) -> list[Taken]:
    """What a session holds of a metric, by technique; ``vectors`` is how its vectors are called.

    ValueError when what is stored is no measure, StoreError when a blob is damaged.
    """
    samples = {
        (row["method"], row["technique"]): codec.unpack(row["blob"], row["dtype"], row["count"], row["codec"])
        for row in connection.execute(
            select(SAMPLE).where(SAMPLE.c.session_id == session.id, SAMPLE.c.metric == metric)
        ).mappings()
    }
    per_vector = lookup(metric).exact if lookup(metric).per_vector else frozenset()
    names = (metric, VECTORS.name, REFERENCE_S.name)
    query = select(MEASURE).where(MEASURE.c.session_id == session.id, MEASURE.c.metric.in_(names))
    rows = connection.execute(query.order_by(MEASURE.c.id)).all()
    told = {row.metric: row.value for row in rows}
    ran = f"{vectors} {told.get(VECTORS.name)}"
    found = []
    for row in rows:
        if row.metric != metric:
            continue
        band = None if row.low is None or row.high is None else (row.low, row.high)
        about = (row.metric, row.value, row.unit, Method(row.method), row.technique)
        measure = Measure(*about, row.resolution, band, row.conditions)
        reference = divisor((row.metric, row.technique), told.get(REFERENCE_S.name))
        held = samples.get((row.method, row.technique)) if measure.method in per_vector else None
        found.append(Taken(measure, str(session.image), ran, held, reference))
    return found


def metrics_of(connection: Connection, run: int) -> list[str]:
    """The names of what was measured in a run."""
    query = select(MEASURE.c.metric).join(SESSION, SESSION.c.id == MEASURE.c.session_id)
    return sorted(set(connection.scalars(query.where(SESSION.c.run_id == run))))
