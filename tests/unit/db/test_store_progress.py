"""What is told of a run in progress: there while it goes on, gone when it has ended, and never copied."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from hil.errors import StoreError
from hil_db import engine
from hil_db.checking import check
from hil_db.histories import Case
from hil_db.progress import SILENT_S, Ended, Mishap, Progress, Teller, Told, Working, read
from hil_db.pruning import Limits, prune
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.schema import PROGRESS
from hil_db.store import Store
from hil_db.transfer import copy_runs

PLAN = (Case("qemu", "qemu_mps2_an386", "m", "q15"), Case("qemu", "qemu_mps2_an386", "m", "q7"))
HALF = Progress(
    PLAN,
    {"qemu": 2},
    (Working(1, 12, 540, 2.5, 1.5, "energy, 1 to go", waits=True),),
    (Ended(0, 3.25, "failed", "qemu: no frame"),),
    (Mishap("qemu", "started again", "reset"),),
    (540, None),
)


@pytest.fixture
def known(info: RunInfo) -> RunInfo:
    """A run that began, and can be told from others."""
    return replace(info, uid="a" * 32, host=socket.gethostname(), pid=os.getpid())


def told(store: Store, now: datetime | None = None) -> list[Told]:
    with store.engine.connect() as connection:
        return read(connection, now)


def rows(store: Store) -> int:
    with store.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(PROGRESS)) or 0


def gone() -> int:
    """The number of a process that has ended."""
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], stdout=-1, check=True)
    return int(ended.stdout)


def left(store: Store, info: RunInfo, *, host: str | None = None, pid: int | None = None) -> None:
    """A row that a run left which could not say that it ended."""
    with Teller(store.url, info) as teller:
        teller.tell(HALF)
        with store.engine.connect() as connection:
            row = connection.execute(select(PROGRESS)).mappings().one()
    moved = {"host": host or row["host"], "pid": pid if pid is not None else row["pid"]}
    with store.writing() as connection:
        connection.execute(insert(PROGRESS), {**row, **moved})


def test_what_is_told_comes_back_and_is_rewritten(store: Store, known: RunInfo) -> None:
    with Teller(store.url, known) as teller:
        teller.tell(Progress(PLAN))
        teller.tell(HALF)
        (one,) = told(store)
    assert one.progress == HALF
    assert (one.run_uid, one.host, one.status) == ("a" * 32, socket.gethostname(), Status.RUNNING)
    assert (one.command, one.started, one.silent) == (known.command, known.started, False)


def test_one_that_does_not_tell_how_many_vectors_it_runs_is_read(store: Store, known: RunInfo) -> None:
    with Teller(store.url, known) as teller:
        teller.tell(HALF)
        with store.writing() as connection:
            connection.execute(text("UPDATE progress SET plan = json_remove(plan, '$.vectors')"))
        (one,) = told(store)
    assert one.progress == replace(HALF, vectors=())


def test_it_is_gone_when_the_run_has_ended(store: Store, known: RunInfo, record: SessionRecord) -> None:
    with Teller(store.url, known) as teller:
        teller.tell(HALF)
        run = store.begin_run(known, record)
        assert rows(store) == 1
        store.finish_run(run, Status.FINISHED)
        assert rows(store) == 0
    with Teller(store.url, known) as teller:
        teller.tell(HALF)
    assert told(store) == []


def test_a_row_that_somebody_took_for_a_dead_runs_comes_back(store: Store, known: RunInfo) -> None:
    with Teller(store.url, known) as teller:
        teller.tell(HALF)
        with store.writing() as connection:
            connection.execute(delete(PROGRESS))
        teller.tell(HALF)
        assert [one.progress for one in told(store)] == [HALF]


def test_texts_that_no_database_takes_are_told_without_passwords(store: Store, known: RunInfo) -> None:
    why = "postgresql://me:secret@host/a\0\udcff" + "x" * 1000
    with Teller(store.url, known) as teller:
        teller.tell(replace(HALF, ended=(Ended(0, 1.0, "failed", why),)))
        (one,) = told(store)
    error = one.progress.ended[0].error
    assert error is not None
    assert "secret" not in error
    assert error.endswith("…")
    assert len(error) == 500


def test_a_run_whose_process_is_gone_is_told_until_the_next_begins(store: Store, known: RunInfo) -> None:
    left(store, known, pid=gone())
    assert [one.status for one in told(store)] == [Status.INTERRUPTED]
    with Teller(store.url, replace(known, uid="b" * 32)) as teller:
        teller.tell(HALF)
        assert [one.run_uid for one in told(store)] == ["b" * 32]


@pytest.mark.parametrize("held", ["a text", b"\x00\xff", 1.5])
def test_what_was_damaged_of_it_keeps_nobody_from_storing(
    store: Store, url: str, known: RunInfo, record: SessionRecord, tmp_path: Path, held: object
) -> None:
    left(store, known)
    with closing(sqlite3.connect(tmp_path / "results.db")) as raw:
        raw.execute("UPDATE progress SET pid = ?", (held,))
        raw.commit()
    store.begin_run(replace(known, uid="b" * 32), record)
    assert rows(store) == 0
    prune(url, Limits(runs=9), really=True)


def test_a_run_of_another_host_is_silent_after_a_while(store: Store, known: RunInfo) -> None:
    left(store, known, host="elsewhere", pid=gone())
    (one,) = told(store)
    assert (one.status, one.silent) == (Status.RUNNING, False)
    (later,) = told(store, one.updated + timedelta(seconds=SILENT_S + 1))
    assert later.silent


def test_an_import_copies_none_and_ends_what_it_ends(
    store: Store, known: RunInfo, record: SessionRecord, tmp_path: Path
) -> None:
    run = store.begin_run(known, record)
    with Store.open(f"sqlite:///{tmp_path / 'other.db'}") as other, Teller(store.url, known) as teller:
        teller.tell(HALF)
        copy_runs(store, other)
        assert rows(other) == 0
        left(other, known)
        store.finish_run(run, Status.FINISHED)
        copy_runs(store, other)
        assert rows(other) == 0


@pytest.mark.parametrize(
    ("host", "days", "stays"), [("elsewhere", 2, 0), ("elsewhere", 0, 1), (socket.gethostname(), 0, 0)]
)
def test_pruning_forgets_runs_that_could_not_say_that_they_ended(
    store: Store, url: str, known: RunInfo, host: str, days: int, stays: int
) -> None:
    left(store, known, host=host, pid=gone())
    with store.writing() as connection:
        since = datetime.now(UTC) - timedelta(days=days)
        connection.execute(update(PROGRESS).values(updated=since))
    prune(url, Limits(runs=1000), really=True)
    assert rows(store) == stays


def test_a_run_that_ended_and_is_told_to_go_on_is_damage(
    store: Store, url: str, known: RunInfo, record: SessionRecord
) -> None:
    run = store.begin_run(known, record)
    left(store, known)
    assert check(url).damaged == ()
    with store.writing() as connection:
        held = connection.execute(select(PROGRESS)).mappings().one()
    store.finish_run(run, Status.FINISHED)
    with store.writing() as connection:
        connection.execute(insert(PROGRESS), dict(held))
    assert check(url).damaged == (f"run {run} has ended, and is still told to be in progress",)


@pytest.mark.parametrize(
    "change",
    [
        "plan = '{'",
        "plan = '{}'",
        "plan = '[]'",
        """plan = json_set(plan, '$.vectors', json('[540]'))""",
        """plan = json_set(plan, '$.vectors', json('[540, "many"]'))""",
        "state = 'null'",
        """plan = '{"cases": [], "boards": {}}'""",
        """state = '{"working": [{"lace": 1}], "ended": [], "mishaps": []}'""",
    ],
)
def test_what_is_damaged_is_told(store: Store, url: str, known: RunInfo, change: str) -> None:
    left(store, known)
    with closing(sqlite3.connect(engine.file_of(store.url) or "")) as raw:
        raw.execute(f"UPDATE progress SET {change}")
        raw.commit()
    assert any(line.startswith("the progress of run aaaa") for line in check(url).damaged)


def test_a_writer_that_holds_the_database_is_a_refusal(
    store: Store, known: RunInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hil_db.progress.BUSY_S", 0.05)
    with Teller(store.url, known) as teller:
        with store.writing(), pytest.raises(StoreError, match="is locked by another program"):
            teller.tell(HALF)
        teller.tell(HALF)
        assert len(told(store)) == 1


def test_only_what_need_not_last_waits_for_no_disk(store: Store) -> None:
    normal, full = 1, 2
    for lasting, meant in ((True, full), (False, normal)):
        bound = engine.writer(store.url, lasting=lasting)
        with bound.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == meant
        bound.dispose()


def test_without_a_log_all_waits_for_the_disk(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'one.db'}", one_file=True) as store:
        bound = engine.writer(store.url, lasting=False)
        with bound.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        bound.dispose()
