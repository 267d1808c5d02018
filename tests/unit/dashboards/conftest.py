"""A database that tests fill run by run."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hil.image import Manifest
from hil.measure.profile import ClassCost, PathCost, Profile
from hil.values import Measure, Method, Precision
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store

COMMIT = "c" * 40


class Bench:
    """Makes measures and sessions, and appends runs to one database."""

    def __init__(self, url: str, store: Store) -> None:
        self.url = url
        self._store = store

    def cost(self, value: float, technique: str = "timer", method: Method = Method.COUNTED) -> Measure:
        return Measure("instructions", value, "instructions", method, technique, 40.0)

    def vectors(self, count: int) -> Measure:
        return Measure("vectors", float(count), "1", Method.COUNTED, "link")

    def flash(self, value: float) -> Measure:
        return Measure("flash_bytes", value, "B", Method.COUNTED, "elf")

    def stream(self, value: float) -> Measure:
        return Measure("stream_s", value, "s", Method.MEASURED, "host-clock")

    def golden(self, value: float) -> Measure:
        return Measure("golden_exact", value, "1", Method.COUNTED, "bit-exact")

    def estimate(
        self,
        value: float,
        technique: str = "cycle-model-1",
        clock_hz: float = 25e6,
        band: tuple[float, float] | None = (0.97, 1.22),
    ) -> Measure:
        """Cycles; ``band`` in shares of the value."""
        ends = None if band is None else (value * band[0], value * band[1])
        conditions = {"clock_hz": clock_hz, "wait_states": 0.0}
        return Measure("latency_cycles", value, "cycles", Method.ESTIMATED, technique, None, ends, conditions)

    def stack(self, value: float, technique: str, method: Method) -> Measure:
        return Measure("stack_bytes", value, "B", method, technique)

    def session(
        self,
        day: int,
        *measures: Measure,
        board: str = "qemu",
        model: str = "digits",
        precision: Precision = Precision.Q15,
        error: str | None = None,
        profile: Profile | None = None,
    ) -> SessionRecord:
        """A session of a day of November; one with an error has failed."""
        digest = hashlib.sha256(f"{model} {precision}".encode()).hexdigest()
        began = datetime(2026, 11, day, 3, 0, tzinfo=UTC)
        return SessionRecord(
            board=board,
            kind="kind_a",
            model=model,
            precision=precision,
            started=began,
            finished=began + timedelta(seconds=9),
            status=Status.FINISHED if error is None else Status.FAILED,
            manifest=Manifest(
                "kind_a", model, precision, digest, digest, digest[:32], "gcc 12.2.1", {}, 8, 8, 8, 10, digest
            ),
            error=error,
            measures=measures,
            profile=profile,
        )

    def run(self, *sessions: SessionRecord, **told: Any) -> int:
        """Append one finished run; returns its id."""
        run = self.begin(sessions[0].started, *sessions, **told)
        self._store.finish_run(run, Status.FINISHED)
        return run

    def begin(
        self,
        began: datetime,
        *sessions: SessionRecord,
        pid: int = 1,
        commit: str | None = COMMIT,
        dirty: bool | None = False,
        note: str | None = None,
        command: str = "pytest --board=all",
        **told: Any,
    ) -> int:
        """Append a run that has not ended; returns its id."""
        run = self._store.begin_run(
            RunInfo(
                began,
                command,
                pid=pid,
                git_commit=commit,
                git_dirty=dirty,
                git_note=note,
                **told,
            )
        )
        for session in sessions:
            self._store.save_session(run, session)
        return run

    def change(self, statement: str, *given: object) -> None:
        """Change what is stored as no bench does; the file is SQLite's."""
        with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as database:
            database.execute(statement, given)
            database.commit()


@pytest.fixture
def profile() -> Profile:
    """Of 10 inferences of 200 cycles each."""
    return Profile(
        "cycle-model-1",
        10,
        (
            PathCost(("run",), 10, 100, 200),
            PathCost(("run", "step"), 80, 400, 600),
            PathCost(("run", "step", "tanh<16>"), 25, 1000, 1200),
        ),
        (ClassCost("load", 500, 900), ClassCost("alu", 1000, 1100), ClassCost("divide", 0, 0)),
    )


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a page would be made before its verdicts are there."""
    for name in ("_PATIENCE_S", "_JUDGED_S"):
        monkeypatch.setattr(f"hil_dashboards.reading.matrix.{name}", 600.0)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'results.db'}"


@pytest.fixture
def bench(url: str) -> Iterator[Bench]:
    with Store.open(url) as store:
        yield Bench(url, store)
