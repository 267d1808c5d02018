"""What boards said lately: their newest sessions with all that was measured of them, and their incidents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from hil.kinds import KINDS
from hil_db import engine
from hil_db.export import time_text
from hil_db.records import Status
from hil_db.schema import IMAGE, INCIDENT, MEASURE, RUN, SESSION
from hil_db.store import Store

_FINISHED, _OTHERS = 3, 5  # sessions of each board
_INCIDENTS = 20
_BOARDS = 8
_EMULATED = tuple(kind.name for kind in KINDS.values() if kind.emulator is not None)


def recent(url: str | None, boards: Sequence[str] | None) -> dict[str, Any]:
    """By board its newest sessions that finished, and that did not, and its newest incidents.

    None: the boards of silicon that ran last. What is stored is told as it is, for a JSON file. StoreError
    when there is no database, or it cannot be read.
    """
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        names = _silicon(connection) if boards is None else list(boards)
        return {name: _of_board(connection, name) for name in names}


def _silicon(connection: Connection) -> list[str]:
    query = (
        select(SESSION.c.board)
        .where(SESSION.c.kind.not_in(_EMULATED))
        .order_by(SESSION.c.started.desc(), SESSION.c.id.desc())
    )
    found: dict[str, None] = {}
    for name in connection.scalars(query):
        found[name] = None
        if len(found) == _BOARDS:
            break
    return list(found)


def _of_board(connection: Connection, board: str) -> dict[str, Any]:
    finished = SESSION.c.status == Status.FINISHED
    incidents = (
        select(INCIDENT)
        .where(INCIDENT.c.board == board)
        .order_by(INCIDENT.c.time.desc(), INCIDENT.c.id.desc())
        .limit(_INCIDENTS)
    )
    return {
        "sessions": [
            *_sessions(connection, board, finished, _FINISHED),
            *_sessions(connection, board, ~finished, _OTHERS),
        ],
        "incidents": [
            {
                "time": time_text(row.time),
                "kind": row.kind,
                "action": row.action,
                "evidence": row.evidence,
                "seconds": row.seconds,
            }
            for row in connection.execute(incidents)
        ],
    }


def _sessions(connection: Connection, board: str, which: Any, most: int) -> list[dict[str, Any]]:
    query = (
        select(
            SESSION,
            IMAGE.c.sha256,
            IMAGE.c.toolchain,
            RUN.c.command,
            RUN.c.git_commit,
            RUN.c.versions.label("of_run"),
        )
        .outerjoin(IMAGE, IMAGE.c.id == SESSION.c.image_id)
        .join(RUN, RUN.c.id == SESSION.c.run_id)
        .where(SESSION.c.board == board, which)
        .order_by(SESSION.c.started.desc(), SESSION.c.id.desc())
        .limit(most)
    )
    return [
        {
            "run": row.run_id,
            "time": time_text(row.started),
            "command": row.command,
            "commit": row.git_commit,
            "kind": row.kind,
            "probe": row.probe,
            "image": f"{row.model}/{row.precision}",
            "sha256": row.sha256,
            "toolchain": row.toolchain,
            "status": row.status,
            "error": row.error,
            "versions": {**(row.of_run or {}), **(row.versions or {})},
            "measures": _measures(connection, row.id),
        }
        for row in connection.execute(query).all()
    ]


def _measures(connection: Connection, session: int) -> list[dict[str, Any]]:
    query = select(MEASURE).where(MEASURE.c.session_id == session).order_by(MEASURE.c.id)
    return [
        {
            "metric": row.metric,
            "value": row.value,
            "unit": row.unit,
            "method": row.method,
            "technique": row.technique,
            "conditions": row.conditions,
        }
        for row in connection.execute(query)
    ]
