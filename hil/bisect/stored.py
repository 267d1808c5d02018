"""What the database holds of a commit's image: runs that need not be done again, and how they compare."""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlalchemy.engine import URL

from hil.bisect.sources import Identity
from hil.metrics import VECTORS
from hil_db.comparing import Case
from hil_db.records import Status
from hil_db.references import StoredRun, checked_run
from hil_db.schema import IMAGE, MEASURE, SESSION

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


def why_failed(connection: Connection, run: int, case: Case) -> str | None:
    """What ended a case's last session in a run; None when it finished."""
    query = (
        select(SESSION.c.status, SESSION.c.error)
        .where(SESSION.c.run_id == run, *(SESSION.c[name] == held for name, held in case._asdict().items()))
        .order_by(SESSION.c.id.desc())
    )
    found = connection.execute(query).first()
    if found is None:
        return "its session was not stored"
    return None if found.status == Status.FINISHED else (found.error or f"its session {found.status}")


def metrics_of(connection: Connection, run: int) -> list[str]:
    """The names of what was measured in a run."""
    query = select(MEASURE.c.metric).join(SESSION, SESSION.c.id == MEASURE.c.session_id)
    return sorted(set(connection.scalars(query.where(SESSION.c.run_id == run))))
