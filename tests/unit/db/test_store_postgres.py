"""The same store on PostgreSQL, where the driver and a server are installed; clear words where not."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session as Transaction

from hil.errors import StoreError
from hil.measure.profile import PathCost, Profile
from hil_db import engine
from hil_db.checking import check
from hil_db.export import export
from hil_db.export_profile import export_profile
from hil_db.histories import Case
from hil_db.naming import name_run
from hil_db.progress import Progress, Teller, Working, read
from hil_db.pruning import Limits, prune
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.schema import METADATA, VERSION_TABLE
from hil_db.scripts import run_back, run_to_head
from hil_db.store import Store
from postgres_server import Server, running_server
from seeded import Seeded, make
from stored import Image, Run, Session

WORKER = Path(__file__).with_name("worker.py")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Server]:
    with running_server() as started:
        yield started


@pytest.fixture
def server(cluster: Server) -> str:
    """The folder of the server's socket."""
    return cluster.folder


@pytest.fixture
def url(cluster: Server) -> str:
    """A new database on the server."""
    return cluster.new_database()


def test_everything_comes_back(store: Store, url: str, info: RunInfo, record: SessionRecord) -> None:
    run_id = store.begin_run(info)
    session_id = store.save_session(run_id, record)
    store.save_session(run_id, record)
    store.finish_run(run_id, Status.FINISHED, info.started)
    with Store.open_read_only(url) as reader, Transaction(reader.engine) as found:
        row = found.get_one(Session, session_id)
        assert (row.started, row.finished) == (record.started, record.finished)
        assert (row.run.started, row.run.git_dirty, row.run.versions) == (info.started, True, info.versions)
        assert row.image is not None
        assert record.manifest is not None
        assert row.image.sections == record.manifest.sections
        assert [measure.value for measure in row.measures] == [m.value for m in record.measures]
        assert len(found.scalars(select(Image)).all()) == 1
        for sent in record.samples:
            np.testing.assert_array_equal(reader.read_samples(session_id, sent.metric), sent.values)
    out = io.StringIO()
    export(url, "latest", "csv", out)
    first = out.getvalue().splitlines()[1]
    where = "1,2026-11-24T03:00:07Z,qemu,qemu_mps2_an386,fastgrnn_digits,q15"
    value = "accuracy,0.983,1,counted,labels,0.001851851851851852,,,{}"
    assert first == f"{where},{value},{info.git_commit},True,"


def test_a_band_conditions_and_a_profile_come_back(
    store: Store, url: str, info: RunInfo, record: SessionRecord, profile: Profile
) -> None:
    estimate = replace(
        record.measures[1], band=(35_000.0, 36_000.5), conditions={"clock_hz": 25e6, "core": "m4"}
    )
    huge = PathCost(("f" * 3000, "g"), 1, 1 << 40, (1 << 63) - 1)  # longer than an index takes
    profile = replace(profile, regions=1 << 40, paths=(huge, *profile.paths))
    run = store.begin_run(info)
    session_id = store.save_session(run, replace(record, measures=(estimate,), profile=profile))
    with Store.open_read_only(url) as reader, Transaction(reader.engine) as found:
        assert reader.read_profile(session_id) == profile
        (row,) = found.get_one(Session, session_id).measures
        assert (row.low, row.high, row.conditions) == (35_000.0, 36_000.5, estimate.conditions)
    for view in ("functions", "classes", "folded"):
        out = io.StringIO()
        export_profile(url, "latest", view, "csv", out)
        assert out.getvalue().count("\n") > 2


def test_an_older_database_is_brought_up_to_date(
    store: Store, url: str, info: RunInfo, record: SessionRecord
) -> None:
    session_id = store.save_session(store.begin_run(info), record)
    with store.engine.begin() as connection:
        run_back(connection, "0002")
    with Store.open(url) as again, Transaction(again.engine) as found:
        rows = found.get_one(Session, session_id).measures
        kept = [(row.value, row.low, row.conditions) for row in rows]
        assert kept == [(measure.value, None, {}) for measure in record.measures]


@pytest.mark.parametrize("made_by", ["scripts", "schema"])
def test_the_migrations_make_what_the_schema_says(url: str, made_by: str) -> None:
    writer = engine.writer(engine.parse(url))
    with writer.begin() as connection:
        if made_by == "scripts":
            run_to_head(connection)
    Store.open(url).engine.dispose()
    with writer.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, METADATA) == []
    writer.dispose()


def test_a_server_is_checked_and_pruned(url: str) -> None:
    make(url, Seeded(5, 2, vectors=4, profiled=5))
    assert check(url).damaged == ()
    name_run(url, "release", "2", "ann", "what we ship")
    assert prune(url, Limits(runs=2), really=False).runs == (1, 3)
    gone = prune(url, Limits(runs=2), really=True)
    assert (gone.runs, gone.sessions, gone.kept) == ((1, 3), 4, ("release",))
    found = check(url)
    assert (found.damaged, found.counts["run"], found.counts["session"]) == ((), 3, 6)
    with Store.open(url) as store, store.engine.begin() as connection:
        connection.execute(text("UPDATE sample SET count = 3 WHERE id = (SELECT max(id) FROM sample)"))
        connection.execute(text("DELETE FROM newest_value WHERE metric = 'accuracy'"))
    damaged = check(url).damaged
    assert len(damaged) == 3
    assert damaged[0].startswith("the blob of ")
    assert damaged[1].startswith("newest_value lacks session ")


def test_a_reader_cannot_write(store: Store, url: str, info: RunInfo) -> None:
    with Store.open_read_only(url) as reader, pytest.raises(StoreError, match="read-only"):
        reader.begin_run(info)


def test_what_is_refused_leaves_nothing(store: Store, info: RunInfo, record: SessionRecord) -> None:
    with pytest.raises(StoreError, match="run 9"):
        store.save_session(9, record)
    with Transaction(store.engine) as found:
        assert found.scalars(select(Image)).all() == []


def test_text_of_any_bytes(store: Store) -> None:
    run = store.begin_run(RunInfo(datetime.now(UTC), os.fsdecode(b"a\x00\xff")))
    with Transaction(store.engine) as found:
        assert found.get_one(Run, run).command == r"a\x00\udcff"


def test_writers_at_once_on_a_database_that_is_not_there_yet(url: str) -> None:
    workers = [
        subprocess.Popen([sys.executable, str(WORKER), "save", url, "20"], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    printed = [worker.communicate()[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0], printed
    with Store.open_read_only(url) as store, Transaction(store.engine) as found:
        assert len(found.scalars(select(Session)).all()) == 60
        assert len(found.scalars(select(Image)).all()) == 7
        assert [run.status for run in found.scalars(select(Run))] == ["finished"] * 3


def test_a_newer_schema_and_another_programs_tables(store: Store, url: str) -> None:
    with store.engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    for opened in (Store.open, Store.open_read_only):
        with pytest.raises(StoreError, match="newer version") as caught:
            opened(url)
        assert "secret" not in str(caught.value)
    with store.engine.begin() as connection:
        connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))
    with pytest.raises(StoreError, match="belongs to another program"):
        Store.open(url)


def test_a_connection_that_the_server_closed_is_opened_anew(store: Store, info: RunInfo) -> None:
    store.begin_run(info)
    name = store.url.database
    admin = create_engine(store.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        of_it = f"FROM pg_stat_activity WHERE datname = '{name}'"
        connection.execute(text(f"SELECT pg_terminate_backend(pid) {of_it}"))
    admin.dispose()
    assert store.begin_run(info) == 2


def test_a_database_that_is_not_on_the_server(server: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store.open(f"postgresql://lab:secret@/nowhere?host={server}")
    assert "cannot be reached" in caught.value.what
    assert "nowhere" in str(caught.value.evidence)
    assert "\n" not in str(caught.value)


def test_a_server_that_does_not_answer() -> None:
    pytest.importorskip("psycopg")
    with socket.socket() as taken:  # bound and never listening: the port refuses
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://lab:secret@127.0.0.1:{taken.getsockname()[1]}/lab"
        for opened in (Store.open, Store.open_read_only):
            with pytest.raises(StoreError) as caught:
                opened(url)
            line = str(caught.value)
            assert line.startswith("the database postgresql+psycopg://lab:***@127.0.0.1:")
            assert "cannot be reached" in line
            assert "check that its server runs" in line
            assert "secret" not in line
            assert "\n" not in line


@contextmanager
def standing_still(cluster: Server) -> Iterator[None]:
    """Nobody answers, and nobody waits long for it; before and after, a slow machine may take its time."""
    with cluster.standing_still(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("hil_db.server.ANSWER_S", 0.5)
        yield


def test_a_server_that_stands_still(
    cluster: Server, store: Store, url: str, info: RunInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hil_db.server.CONNECT_S", 2)  # the driver takes no less
    store.begin_run(info)
    with store.engine.connect() as connection:
        connection.execute(select(Run.id))
        with standing_still(cluster), pytest.raises(OperationalError, match=r"no answer in 0.5 s"):
            connection.execute(select(Run.id))
    store.begin_run(info)
    with standing_still(cluster):
        for attempt in (lambda: store.begin_run(info), lambda: Store.open(url)):
            with pytest.raises(StoreError, match=r"cannot be reached \(connection timeout expired\)"):
                attempt()
    assert store.begin_run(info) == 3


def test_a_driver_that_is_not_installed() -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None; from hil.errors import StoreError\n"
        "from hil_db.store import Store\n"
        "try: Store.open('postgresql://lab:secret@host/lab')\n"
        "except StoreError as error: print(error)\n"
    )
    line = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert line.startswith("the database postgresql+psycopg://lab:***@host/lab needs a driver")
    assert "pip install 'psycopg[binary]'" in line
    assert line.count("\n") == 1


def test_a_run_in_progress_is_told_and_forgotten(store: Store, info: RunInfo, record: SessionRecord) -> None:
    known = replace(info, uid="a" * 32)
    case = Case("qemu", "qemu_mps2_an386", "m", "q15")
    half = Progress((case,), {"qemu": 1}, (Working(0, 1, 2, 0.5, 0.25),))
    run = store.begin_run(known, record)
    with Teller(store.url, known) as teller:
        teller.tell(Progress((case,), {"qemu": 1}))
        teller.tell(half)
        with store.engine.connect() as connection:
            (one,) = read(connection)
        assert (one.progress, one.status) == (half, Status.RUNNING)
        store.finish_run(run, Status.FINISHED)
        with store.engine.connect() as connection:
            assert read(connection) == []
