"""Traces of power probes beside a database: there whole, once, as long as a session needs them."""

from __future__ import annotations

import math
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from sqlalchemy import select, text

from hil.bench.recorder import Recorder
from hil.cli import main
from hil.errors import StoreError
from hil.metrics import ENERGY_PER_INFERENCE
from hil.values import Method
from hil_db import baselines, engine, shelf
from hil_db.baselines import Baseline
from hil_db.checking import check
from hil_db.incoming import import_database
from hil_db.kept import store_file
from hil_db.pruning import Limits, prune
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.schema import MEASURE, POWER_PASS, POWER_TRACE, POWER_WINDOW
from hil_db.sources import back_up
from hil_db.store import Store
from namespaces import with_little_room
from postgres_server import Server, running_server
from power_passes import clipped_pass, power_pass

HOUR = timedelta(hours=1)
IMPATIENT = "options=-clock_timeout%3D5000"  # milliseconds for a lock that another transaction has


@pytest.fixture(scope="module")
def cluster() -> Iterator[Server]:
    with running_server() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/results.db"
    server: Server = request.getfixturevalue("cluster")
    return server.new_database()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as opened:
        yield opened


@pytest.fixture
def traced(record: SessionRecord) -> SessionRecord:
    return replace(record, passes=(replace(power_pass(0), vector=3), clipped_pass(1, 2)))


def held(of: Store | str) -> set[str]:
    """The traces whose files are there."""
    kept = of.shelf if isinstance(of, Store) else shelf.of(engine.parse(of))
    assert kept.traces is not None
    return {sha256 for sha256, _ in kept.traces.held()}


def told(store: Store) -> list[tuple[object, ...]]:
    """Each pass with its trace's hash, or why it has none."""
    query = select(POWER_PASS.c.session_id, POWER_PASS.c.number, POWER_TRACE.c.sha256, POWER_PASS.c.untraced)
    with store.engine.connect() as connection:
        joined = query.outerjoin(POWER_TRACE, POWER_TRACE.c.id == POWER_PASS.c.trace_id)
        return [tuple(row) for row in connection.execute(joined.order_by(*query.selected_columns[:2]))]


def add(store: Store, info: RunInfo, record: SessionRecord, uid: str, hours: int = 0) -> int:
    """A finished run of one session, begun some hours after the first."""
    begun = replace(info, uid=uid, started=info.started + hours * HOUR)
    run = store.begin_run(begun, replace(record, uid=f"session-{uid}"))
    store.finish_run(run, Status.FINISHED)
    return run


def test_windows_and_traces_are_stored_with_their_session(
    store: Store, info: RunInfo, traced: SessionRecord
) -> None:
    run = store.begin_run(info)
    session = store.save_session(run, traced)
    first, second = traced.passes
    with store.engine.connect() as connection:
        passes = connection.execute(select(POWER_PASS).order_by(POWER_PASS.c.number)).all()
        windows = connection.execute(
            select(POWER_WINDOW).order_by(POWER_WINDOW.c.pass_number, POWER_WINDOW.c.number)
        ).all()
    assert [(one.session_id, one.number, one.inferences, one.missing, one.vector) for one in passes] == [
        (session, 0, 7, None, 3),
        (session, 1, 7, None, None),
    ]
    assert (passes[0].idle_begin, passes[0].idle_end) == first.idle
    meant = [*first.windows.windows, *second.windows.windows]
    assert [(one.begin, one.end, one.invalid) for one in windows] == [
        (one.begin, one.end, one.invalid) for one in meant
    ]
    assert [one.energy_j for one in windows] == [
        None if math.isnan(one.energy_j) else one.energy_j for one in meant
    ]
    assert sum(one.energy_j is None for one in windows) == 1
    assert windows[len(first.windows.windows) + 2].invalid.startswith("the current is beyond")
    assert store.untraced == {}
    assert store.shelf.traces is not None
    for _, number, sha256, untraced in told(store):
        assert untraced is None
        trace = store.shelf.traces.load(str(sha256))
        assert (trace.raw == traced.passes[int(str(number))].trace.raw).all()


def test_a_technique_that_names_probe_part_and_way_is_stored(
    store: Store, info: RunInfo, traced: SessionRecord
) -> None:
    technique = "joulescope model of STM32G431 currents by shape"
    found = ENERGY_PER_INFERENCE.measure(11.2, Method.MODELLED, technique)
    values = ENERGY_PER_INFERENCE.samples(np.array([11.1, 11.2, 11.3]), Method.MODELLED, technique)
    session = store.save_session(store.begin_run(info), replace(traced, measures=(found,), samples=(values,)))
    assert store.read_samples(session, found.metric, technique=technique).tolist() == [11.1, 11.2, 11.3]


def test_the_same_trace_is_there_once_and_a_session_is_stored_once(
    store: Store, info: RunInfo, traced: SessionRecord
) -> None:
    twice = replace(traced, uid="a" * 32, passes=(power_pass(0), power_pass(0)))
    run = store.begin_run(info, twice)
    store.save_session(run, twice)
    store.save_session(run, replace(twice, uid="b" * 32))
    assert len(held(store)) == 1
    assert len(told(store)) == 4


def test_a_session_that_cannot_be_stored_leaves_no_trace(
    store: Store, info: RunInfo, traced: SessionRecord
) -> None:
    with pytest.raises(StoreError, match="there is no run 99"):
        store.save_session(99, traced)
    run = store.begin_run(info, replace(traced, passes=traced.passes[:1]))
    too_long = replace(traced, board="b" * 300, passes=traced.passes)
    if store.url.get_backend_name() == "sqlite":
        with store.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE power_window")
    with pytest.raises(StoreError):
        store.save_session(run, too_long)
    assert len(held(store)) == 1
    assert store.shelf.traces is not None
    assert list(store.shelf.traces.folder.glob("*.part")) == []


def test_what_the_limit_does_not_allow_is_told_and_the_windows_are_kept(
    url: str, info: RunInfo, traced: SessionRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(shelf.MOST_VARIABLE, "100K")
    with Store.open(url) as store:
        store.begin_run(info, traced)
        (first, second) = told(store)
        assert first[3] is None
        assert str(second[3]).endswith(
            "of traces are kept already, 100.0 KiB at most; `hil db prune --traces-most=SIZE` makes room, "
            "or raise HIL_TRACES_MOST"
        )
        assert store.untraced == {second[3]: 1}
        with store.engine.connect() as connection:
            assert len(connection.execute(select(POWER_WINDOW)).all()) == sum(
                len(one.windows.windows) for one in traced.passes
            )
        assert len(held(store)) == 1


def test_a_limit_that_is_no_size_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(shelf.MOST_VARIABLE, "much")
    with pytest.raises(StoreError, match=r"HIL_TRACES_MOST: 'much' is no size, as 512M or 4G"):
        Store.open(url)


@pytest.mark.parametrize(
    ("text", "count"), [("512", 512), ("1.5k", 1536), ("4G", 4 << 30), ("2 MiB", 2 << 20), ("1tb", 1 << 40)]
)
def test_sizes(text: str, count: int) -> None:
    assert shelf.size(text) == count


def test_traces_lie_where_they_are_told_to(
    url: str, info: RunInfo, traced: SessionRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(shelf.FOLDER_VARIABLE, str(tmp_path / "elsewhere"))
    with Store.open(url) as store:
        store.begin_run(info, traced)
        assert len(held(store)) == 2
        assert not any(sha256 is None for *_, sha256, _ in told(store))
    assert len(list((tmp_path / "elsewhere").glob("*/*/*.parquet"))) == 2
    other = f"sqlite:///{tmp_path}/other.db"
    with Store.open(other) as store:
        store.clear_traces()  # of another database: they are not its own to delete
    assert len(held(url)) == 2


def test_databases_of_two_servers_have_folders_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who prunes one would otherwise delete the traces of the other."""

    def folder(url: str, **told: str) -> Path:
        with monkeypatch.context() as patched:
            for name in ("PGHOST", "PGPORT", "PGDATABASE"):
                patched.delenv(name, raising=False)
            for name, value in told.items():
                patched.setenv(name, value)
            kept = shelf.of(engine.parse(url))
        assert kept.traces is not None
        return kept.traces.folder

    socket_of = "postgresql:///hil?host=/run/postgresql"
    unlike = [
        folder(f"{socket_of}&port=5433"),
        folder(f"{socket_of}&port=5434"),
        folder("postgresql:///hil"),
        folder("postgresql:///hil", PGHOST="one"),
        folder("postgresql:///hil", PGHOST="other"),
        folder("postgresql://one", PGDATABASE="other"),
    ]
    assert len(set(unlike)) == len(unlike)
    assert folder("postgresql://one/hil") == folder("postgresql://one:5432/hil")
    assert folder("postgresql://one/hil") == folder("postgresql:///hil", PGHOST="one", PGPORT="5432")


def test_a_server_without_a_folder_for_traces_keeps_the_figures(
    url: str, info: RunInfo, traced: SessionRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_home(_: str) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("platformdirs.user_data_path", no_home)
    with Store.open(url) as store:
        store.begin_run(info, traced)
        if store.url.get_backend_name() == "sqlite":
            assert len(held(store)) == 2
            return
        why = "the user has no home folder to keep results in; name a folder in HIL_TRACES_DIR"
        assert store.untraced == {why: 2}
        assert [row[3] for row in told(store)] == [why, why]
        assert store.clear_traces() == 0
    assert check(url).damaged == ()


def test_a_link_to_a_database_leads_to_the_same_traces(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.db").write_text("")
    (tmp_path / "b.db").symlink_to(tmp_path / "real" / "a.db")
    kept = shelf.of(engine.parse(f"sqlite:///{tmp_path}/b.db"))
    assert kept.traces is not None
    assert kept.traces.folder == tmp_path / "real" / "a.db.traces"


def test_without_pyarrow_the_run_says_how_to_keep_traces(tmp_path: Path) -> None:
    said = of_a_run(tmp_path, "sys.modules['pyarrow'] = None\n")
    assert said == [
        "2 power traces are not kept, windows are: pyarrow is not installed "
        "(import of pyarrow halted; None in sys.modules); pip install 'hil-lab[parquet]'",
        f"stored: run 1 in sqlite:///{tmp_path}/results.db",
        "2 sessions, 3 measures each, 8 windows",
    ]


def test_a_disk_that_fills_up_costs_traces_alone(tmp_path: Path) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    before = (
        f"import os; os.environ['HIL_TRACES_DIR'] = {str(traces)!r}\n"
        "import hil.power.traces; hil.power.traces.RESERVE = -(1 << 40)\n"  # it is found while writing
    )
    told, *rest = of_a_run(tmp_path, before, (traces, 40))
    assert told.startswith("2 power traces are not kept, windows are: the disk of")
    assert told.endswith("(No space left on device); make room, or name another folder in HIL_TRACES_DIR")
    assert rest == [
        f"stored: run 1 in sqlite:///{tmp_path}/results.db",
        "2 sessions, 3 measures each, 8 windows",
    ]


def test_on_a_small_disk_figures_go_before_traces(tmp_path: Path) -> None:
    told, *rest = of_a_run(tmp_path, "", (tmp_path, 4_000))
    assert told.startswith(
        f"2 power traces are not kept, windows are: the disk of {tmp_path}/results.db.traces"
    )
    assert rest[-1] == "2 sessions, 3 measures each, 8 windows"


def test_traces_go_with_the_last_run_that_has_them(
    store: Store, url: str, info: RunInfo, traced: SessionRecord
) -> None:
    shared, own = traced.passes[0], power_pass(2)
    add(store, info, replace(traced, passes=(shared, own)), "old")
    add(store, info, replace(traced, passes=(shared,)), "new", 1)
    assert len(held(store)) == 2
    would = prune(url, Limits(runs=1), really=False)
    assert (would.runs, would.traces) == ((1,), 1)
    assert len(held(store)) == 2
    assert prune(url, Limits(runs=1), really=True) == would
    (left,) = told(store)
    assert held(store) == {left[2]}


def test_who_waits_to_name_traces_keeps_nobody_waiting(
    cluster: Server, info: RunInfo, record: SessionRecord, traced: SessionRecord
) -> None:
    """An import names traces before it adds their sessions: the other order would be a deadlock."""
    url = cluster.new_database()
    waits = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with Store.open(url) as first, Store.open(f"{url}{'&' if '?' in url else '?'}{IMPATIENT}") as other:
        run = first.begin_run(info)
        with other.writing() as connection:
            shelf.lock(connection)
            saving = Thread(target=first.save_session, args=(run, traced))
            saving.start()
            deadline = time.monotonic() + 60
            while not connection.scalar(waits):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            with Store.open(other.url.render_as_string(hide_password=False)) as third:
                assert third.save_session(run, replace(record, uid="another")) > 0
        saving.join()
        assert len(told(first)) == 2


def test_traces_alone_are_pruned_and_the_passes_say_so(
    store: Store, url: str, info: RunInfo, traced: SessionRecord
) -> None:
    add(store, info, traced, "old")
    add(store, info, replace(traced, passes=(power_pass(3),)), "new", 1)
    found = prune(url, Limits(runs=1, traces_only=True), really=True)
    assert (found.runs, found.traces, found.sample_bytes) == ((1,), 2, 0)
    first, second, newest = told(store)
    assert first[2] is None
    assert str(first[3]).startswith("it was pruned on 20")
    assert second[2] is None
    assert held(store) == {newest[2]}
    with store.engine.connect() as connection:
        assert len(connection.execute(select(POWER_WINDOW)).all()) == 12
        assert len(connection.execute(select(MEASURE)).all()) == 2 * len(traced.measures)


def test_the_oldest_traces_go_until_the_rest_fits(
    store: Store, url: str, info: RunInfo, traced: SessionRecord
) -> None:
    for place in range(4):
        add(store, info, replace(traced, passes=(power_pass(place),)), f"run-{place}", place)
    baselines.add(store, Baseline("release", "run-0", "ann", info.started, "ships"))
    with store.engine.connect() as connection:
        sizes = connection.scalars(select(POWER_TRACE.c.bytes).order_by(POWER_TRACE.c.id)).all()
    most = sizes[0] + sizes[3]
    found = prune(url, Limits(traces_only=True, traces_most=most), really=True)
    assert (found.runs, found.traces, found.kept) == ((2, 3), 2, ("release",))
    assert found.left_bytes == most
    assert [row[2] is not None for row in told(store)] == [True, False, False, True]


def test_a_run_in_work_keeps_its_traces(store: Store, url: str, info: RunInfo, traced: SessionRecord) -> None:
    store.begin_run(replace(info, pid=os.getpid(), host=socket.gethostname()), traced)
    found = prune(url, Limits(traces_only=True), really=True)
    assert (found.runs, found.traces) == ((), 0)
    assert len(held(store)) == 2


def test_what_no_session_has_goes_when_something_is_pruned(
    store: Store, url: str, info: RunInfo, traced: SessionRecord
) -> None:
    add(store, info, traced, "old")
    assert store.shelf.traces is not None
    stray = store.shelf.traces.stage(power_pass(9).trace)
    store.shelf.traces.settle(stray)
    prune(url, Limits(runs=1), really=True)
    assert held(store) == {row[2] for row in told(store)}


def test_the_command_says_what_goes(
    url: str, capsys: pytest.CaptureFixture[str], info: RunInfo, traced: SessionRecord
) -> None:
    with Store.open(url) as store:
        add(store, info, traced, "old")

    def lines(*words: str) -> list[str]:
        assert main(["db", "prune", *words, f"--db={url}"]) == 0
        return capsys.readouterr().out.splitlines()

    would, hint = lines("--traces-most=10K")
    assert re.search(
        r": would delete power traces of 1 run \(1\): 2 power traces, 1\d\d\.\d KiB; 0 B stay$", would
    )
    assert hint == "add --yes to do it"
    assert lines("--traces-most=1G", "--yes")[0].endswith("deleted power traces of 0 runs")
    (did,) = lines("--older-than=1d", "--traces-only", "--yes")
    assert ": deleted power traces of 1 run (1): 2 power traces" in did
    assert main(["db", "prune", "--samples-only", "--traces-most=1G", f"--db={url}"]) == 1
    assert "--samples-only leaves traces" in capsys.readouterr().err


def test_without_a_limit_the_command_names_all_that_there_are(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["db", "prune", "--traces-only", f"--db={url}"]) == 1
    told = capsys.readouterr().err
    assert all(limit in told for limit in ("--keep-runs", "--older-than", "--traces-most"))


def test_files_that_are_missing_damaged_or_nobodys_are_named(
    store: Store, url: str, info: RunInfo, traced: SessionRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = replace(info, host=socket.gethostname())
    store.begin_run(here, replace(traced, passes=(*traced.passes, power_pass(2))))
    found = check(url)
    assert (found.damaged, found.counts["power_trace"]) == ((), 3)
    traces = store.shelf.traces
    assert traces is not None
    gone, spoilt, _ = (str(row[2]) for row in told(store))
    traces.path(gone).unlink()
    with traces.path(spoilt).open("r+b") as file:
        file.truncate(1000)
    stray = traces.stage(power_pass(9).trace)
    traces.settle(stray)
    (traces.folder / "notes.txt").write_text("mine")
    monkeypatch.setattr("hil_db.checking._YOUNG_S", 0.0)
    of = "of session 1 of run 1"
    told_of_them = check(url).damaged
    assert told_of_them[0] == f"the power trace {traces.path(gone)} {of} is missing"
    assert told_of_them[1].startswith(
        f"the power trace {traces.path(spoilt)} {of} is damaged: its SHA-256 is another one"
    )
    assert told_of_them[2:] == (
        f"the power trace {traces.path(stray.sha256)} is no session's; `hil db prune` deletes it",
        f"{traces.folder}/notes.txt is no power trace",
    )


def test_a_trace_that_has_just_come_is_nobodys_yet(store: Store, url: str) -> None:
    assert store.shelf.traces is not None
    store.shelf.traces.settle(store.shelf.traces.stage(power_pass(9).trace))
    assert check(url).damaged == ()


def test_traces_on_another_host_are_not_missing_here(
    store: Store, url: str, info: RunInfo, traced: SessionRecord
) -> None:
    store.begin_run(replace(info, host="another"), traced)
    shutil.rmtree(store.shelf.traces.folder)  # type: ignore[union-attr]
    shared = store.url.get_backend_name() != "sqlite"
    assert len(check(url).damaged) == (0 if shared else 2)


def test_a_backup_has_the_traces_and_loses_them_as_the_database_does(
    store: Store, url: str, info: RunInfo, traced: SessionRecord, tmp_path: Path
) -> None:
    copy = tmp_path / "backup" / "copy.db"
    copy.parent.mkdir()
    add(store, info, traced, "old")
    add(store, info, replace(traced, passes=(power_pass(3),)), "new", 1)
    assert back_up(url, copy) == {}
    assert held(f"sqlite:///{copy}") == held(store)
    assert len(held(store)) == 3
    prune(url, Limits(runs=1), really=True)
    assert back_up(url, copy) == {}
    assert held(f"sqlite:///{copy}") == held(store)
    assert check(f"sqlite:///{copy}").damaged == ()


def test_a_backup_says_which_traces_it_lacks(
    store: Store,
    url: str,
    info: RunInfo,
    traced: SessionRecord,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    add(store, info, traced, "old")
    traces = store.shelf.traces
    assert traces is not None
    gone = str(told(store)[0][2])
    traces.path(gone).unlink()
    copy = tmp_path / "copy.db"
    assert main(["db", "backup", str(copy), f"--db={url}"]) == 0
    _, lacks = capsys.readouterr().out.splitlines()
    assert lacks == f"1 power trace is not kept, windows are: in {traces.folder} it is missing"
    assert check(f"sqlite:///{copy}").damaged == ()
    with Store.open_read_only(f"sqlite:///{copy}") as copied:
        assert [row[2] is None for row in told(copied)] == [True, False]


def test_an_import_brings_the_traces(
    store: Store, url: str, info: RunInfo, traced: SessionRecord, tmp_path: Path
) -> None:
    theirs = f"sqlite:///{tmp_path}/theirs.db"
    add(store, info, replace(traced, passes=(power_pass(5),)), "mine")
    with Store.open(theirs) as source:
        add(source, info, traced, "theirs")
        add(source, info, replace(traced, passes=traced.passes[:1]), "again", 1)
        meant = [row[2] for row in told(source)]
    for _ in range(2):
        import_database(str(tmp_path / "theirs.db"), url)
    assert [row[2] for row in told(store)][1:] == meant
    with store.engine.connect() as connection:
        vectors = select(POWER_PASS.c.vector).order_by(POWER_PASS.c.session_id, POWER_PASS.c.number)
        assert list(connection.scalars(vectors)) == [None, 3, None, 3]
    assert len(held(store)) == 3
    assert check(url).damaged == ()


def test_an_import_says_which_traces_the_other_database_lacks(
    store: Store,
    url: str,
    info: RunInfo,
    traced: SessionRecord,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Store.open(f"sqlite:///{tmp_path}/theirs.db") as source:
        add(source, info, traced, "theirs")
        assert source.shelf.traces is not None
        shutil.rmtree(source.shelf.traces.folder)
    assert main(["db", "import", str(tmp_path / "theirs.db"), f"--db={url}"]) == 0
    line, *lacks = capsys.readouterr().out.splitlines()
    assert ": 1 session, 0 incidents, 0 baselines of 1 run added to " in line
    why = f"in {source.shelf.traces.folder} it is missing"
    assert lacks == [f"2 power traces are not kept, windows are: {why}"]
    assert [row[3] for row in told(store)] == [why, why]


def test_what_a_run_keeps_in_a_file_keeps_its_traces(
    info: RunInfo, traced: SessionRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    url = f"sqlite:///{tmp_path}/results.db"
    recorder = Recorder.open(url, info, tmp_path)
    with Store.open(url) as store, store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE session")
    recorder.save(traced)
    recorder.finish(Status.FINISHED)
    kept = next((tmp_path / "data" / "hil" / "kept").glob("*.db"))
    later = f"sqlite:///{tmp_path}/later.db"
    store_file(kept, later)
    assert held(later) == held(f"sqlite:///{kept}")
    assert len(held(later)) == 2
    assert held(url) == set()


RUN_OF_TWO = """
import sys
sys.path[:0] = sys.argv[1:3]
{before}
from dataclasses import replace
from pathlib import Path
from sqlalchemy import func, select
from hil.bench.recorder import Recorder
from hil_db.records import RunInfo, Status
from hil_db.schema import MEASURE, POWER_WINDOW
from hil_db.store import Store
from power_passes import power_pass
from worker import record

one = record(1)
one = replace(one, measures=one.measures[:3])
folder = Path(sys.argv[3])
url = f"sqlite:///{{folder}}/results.db"
recorder = Recorder.open(url, RunInfo(one.started, "pytest --board=all"), folder)
for seed in (0, 10):
    recorder.save(replace(one, passes=(power_pass(seed), )))
recorder.finish(Status.FINISHED)
print(*recorder.lines(), sep="\\n")
with Store.open_read_only(url) as store, store.engine.connect() as connection:
    measures = connection.scalar(select(func.count()).select_from(MEASURE))
    windows = connection.scalar(select(func.count()).select_from(POWER_WINDOW))
print(f"2 sessions, {{measures // 2}} measures each, {{windows}} windows")
"""


def of_a_run(folder: Path, before: str, small: tuple[Path, int] | None = None) -> list[str]:
    """What a run of two sessions told, and what is stored of it; nothing on standard error.

    ``small`` is a folder with a disk of its own, of so many kilobytes.
    """
    here = Path(__file__).parent
    program = RUN_OF_TWO.format(before=before)
    command = [sys.executable, "-c", program, str(here), str(here.parents[1] / "support"), str(folder)]
    if small is not None:
        command = with_little_room(*small, *command)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.splitlines()
