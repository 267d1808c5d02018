"""What `hil export --incidents` prints: what failed on the bench itself, and what was done about it."""

from __future__ import annotations

from typing import TextIO

from sqlalchemy import select

from hil_db import engine
from hil_db.export import time_text, write_rows
from hil_db.references import run_ids
from hil_db.schema import INCIDENT, SESSION
from hil_db.store import Store

COLUMNS = ("run", "time", "board", "model", "precision", "incident", "action", "seconds", "evidence")


def export_incidents(url: str | None, run: str, form: str, out: TextIO) -> None:
    """Write the incidents of ``latest``, ``all`` or one run's id or UUID to ``out``, oldest first.

    ``form`` is csv or json, as of ``export``. ``board`` is the one that it befell, which a pool's name hides;
    model and precision are its session's, empty where it befell none. ``seconds`` is how long it held up the
    board, where that is known. A run without any gives none. StoreError when there is no such run.
    """
    query = (
        select(
            INCIDENT.c.run_id,
            INCIDENT.c.time,
            INCIDENT.c.board,
            SESSION.c.model,
            SESSION.c.precision,
            INCIDENT.c.kind,
            INCIDENT.c.action,
            INCIDENT.c.seconds,
            INCIDENT.c.evidence,
        )
        .join(SESSION, SESSION.c.id == INCIDENT.c.session_id, isouter=True)
        .order_by(INCIDENT.c.run_id, INCIDENT.c.time, INCIDENT.c.id)
    )
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        ids = run_ids(connection, run, store.url)
        chosen = query if ids is None else query.where(INCIDENT.c.run_id.in_(ids))
        rows = [[number, time_text(time), *rest] for number, time, *rest in connection.execute(chosen)]
    write_rows(COLUMNS, rows, form, out)
