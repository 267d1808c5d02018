"""Reading what power probes saw in stored sessions: passes with their windows, and the traces themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, select

from hil.errors import PowerProbeError, StoreError
from hil.measure.windows import Window
from hil.power.base import PowerTrace
from hil_db import engine
from hil_db.references import run_ids
from hil_db.schema import POWER_PASS, POWER_TRACE, POWER_WINDOW, RUN, SESSION
from hil_db.shelf import Shelf
from hil_db.store import Store

_NAMED = 8  # so many sessions does an error name


@dataclass(frozen=True)
class StoredPass:
    """A pass of a session: ``number`` from 0, its windows in order, ``trace`` by its hash where there is one.

    ``untraced`` says why there is none, ``missing`` why there are no windows; ``vector`` was repeated.
    """

    run: int
    host: str
    session: int
    started: datetime
    board: str
    kind: str
    model: str
    precision: str
    number: int
    trace: str | None
    bytes: int | None
    driver: str | None
    untraced: str | None
    samples: int
    rate_hz: float
    supply_v: float
    inferences: int
    idle: tuple[int, int] | None
    missing: str | None
    way: str | None
    vector: int | None
    windows: tuple[Window, ...] = ()

    @property
    def seconds(self) -> float:
        """By the probe's clock."""
        return self.samples / self.rate_hz

    @property
    def name(self) -> str:
        """What it is of, for messages."""
        return f"pass {self.number} of session {self.session} ({self.board}, {self.model}/{self.precision})"

    @property
    def valid(self) -> int:
        """How many windows count."""
        return sum(window.invalid is None for window in self.windows)


def read_passes(connection: Connection, of: Select[Any]) -> list[StoredPass]:
    """The passes of the sessions whose ids a query gives, by session and number."""
    query = (
        select(
            SESSION.c.run_id.label("run"),
            RUN.c.host,
            SESSION.c.id.label("session"),
            SESSION.c.started,
            SESSION.c.board,
            SESSION.c.kind,
            SESSION.c.model,
            SESSION.c.precision,
            POWER_PASS.c.number,
            POWER_TRACE.c.sha256.label("trace"),
            POWER_TRACE.c.bytes,
            POWER_TRACE.c.driver,
            POWER_PASS.c.untraced,
            POWER_PASS.c.samples,
            POWER_PASS.c.rate_hz,
            POWER_PASS.c.supply_v,
            POWER_PASS.c.inferences,
            POWER_PASS.c.idle_begin,
            POWER_PASS.c.idle_end,
            POWER_PASS.c.missing,
            POWER_PASS.c.way,
            POWER_PASS.c.vector,
        )
        .join(SESSION, SESSION.c.id == POWER_PASS.c.session_id)
        .join(RUN, RUN.c.id == SESSION.c.run_id)
        .outerjoin(POWER_TRACE, POWER_TRACE.c.id == POWER_PASS.c.trace_id)
        .where(POWER_PASS.c.session_id.in_(of))
        .order_by(POWER_PASS.c.session_id, POWER_PASS.c.number)
    )
    found = []
    for row in connection.execute(query).mappings():
        fields: dict[str, Any] = dict(row)
        begin, end = fields.pop("idle_begin"), fields.pop("idle_end")
        found.append(StoredPass(**fields, idle=None if begin is None else (begin, end)))
    columns = POWER_WINDOW.c
    windows: dict[tuple[int, int], list[Window]] = {}
    rows = connection.execute(
        select(POWER_WINDOW)
        .where(columns.session_id.in_(of))
        .order_by(columns.session_id, columns.pass_number, columns.number)
    )
    for one in rows:
        energy = float("nan") if one.energy_j is None else one.energy_j
        window = Window(one.begin, one.end, energy, one.invalid)
        windows.setdefault((one.session_id, one.pass_number), []).append(window)
    return [replace(each, windows=tuple(windows.get((each.session, each.number), ()))) for each in found]


def trace_of(shelf: Shelf, one: StoredPass) -> PowerTrace:
    """Its trace; PowerProbeError when there is none, or its file is missing or damaged."""
    if one.trace is None or shelf.traces is None:
        raise PowerProbeError(f"there is no trace of {one.name}", evidence=one.untraced or shelf.missing)
    return shelf.traces.load(one.trace)


@contextmanager
def chosen(url: str | None, run: str, session: int | None = None) -> Iterator[tuple[Shelf, list[StoredPass]]]:
    """The passes of a run as ``hil check`` takes it, or of one session; StoreError when there is no such."""
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        of = select(SESSION.c.id)
        if session is not None:
            of = of.where(SESSION.c.id == session)
            if connection.scalar(of) is None:
                raise StoreError(f"there is no session {session} in {engine.shown(store.url)}")
        else:
            ids = run_ids(connection, run, store.url)
            of = of if ids is None else of.where(SESSION.c.run_id.in_(ids))
        found = read_passes(connection, of)
        yield store.shelf, found
