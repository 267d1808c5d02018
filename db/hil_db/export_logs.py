"""What `hil export --logs` prints: what happened in each session, line by line."""

from __future__ import annotations

from typing import TextIO

from sqlalchemy import select

from hil_db import engine, logs
from hil_db.export import write_rows
from hil_db.references import run_ids
from hil_db.schema import SESSION, SESSION_LOG
from hil_db.store import Store

COLUMNS = ("run", "session", "board", "model", "precision", "time", "line")


def export_logs(url: str | None, run: str, form: str, out: TextIO) -> None:
    """Write the logs of ``latest``, ``all`` or one run's id or UUID to ``out``, a row for each line.

    ``form`` is csv or json, as of ``export``. Sessions come in their order, each with its lines in theirs.
    StoreError when there is no such run, or a log is damaged.
    """
    query = (
        select(SESSION.c.run_id, SESSION.c.id, SESSION.c.board, SESSION.c.model, SESSION.c.precision)
        .join(SESSION_LOG, SESSION_LOG.c.session_id == SESSION.c.id)
        .order_by(SESSION.c.run_id, SESSION.c.id)
    )
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        ids = run_ids(connection, run, store.url)
        chosen = query if ids is None else query.where(SESSION.c.run_id.in_(ids))
        rows = [
            [*about, line.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"), line.text]
            for about in connection.execute(chosen).all()
            for line in logs.read(connection, about.id)
        ]
    write_rows(COLUMNS, rows, form, out)
