"""A run whose database fails in the middle goes on, loses nothing, and can be stored later."""

from __future__ import annotations

import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session as Transaction

from hil.bench.recorder import Recorder
from hil.cli import main
from hil.errors import StoreError
from hil.values import Measure, Method
from hil_db.kept import Kept
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store
from postgres_server import Server, running_server
from recorded import NOW, TICKS, record, recorder
from stored import Image, Run, Session

SUPPORT = Path(__file__).parents[2] / "support"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "hil"


@pytest.fixture
def url(tmp_path: Path) -> str:
    (tmp_path / "db").mkdir()
    return f"sqlite:///{tmp_path}/db/results.db"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Server]:
    with running_server() as started:
        yield started


def test_a_run_is_stored_with_its_first_session_or_not_at_all(url: str, tmp_path: Path) -> None:
    """Killed between the two it would be a run of nothing, which others take for the newest."""
    with Store.open(url), sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        database.execute("create trigger no before insert on session begin select raise(abort, 'no'); end")
    run = recorder(url, tmp_path)
    run.save(record(1))
    run.finish(Status.FINISHED)
    with Store.open_read_only(url) as store, Transaction(store.engine) as found:
        assert list(found.scalars(select(Run))) == []
    assert "kept: 1 session" in "\n".join(run.lines())


def check_whole(url: str, numbers: list[int], status: Status = Status.FINISHED) -> None:
    """The database has one run with these sessions, each complete."""
    with Store.open_read_only(url) as store, Transaction(store.engine) as found:
        (run,) = found.scalars(select(Run))
        assert run.status == status
        assert run.finished is not None
        assert [session.board for session in run.sessions] == [f"board-{number}" for number in numbers]
        for number, session in zip(numbers, run.sessions, strict=True):
            sent = record(number)
            (measure,) = session.measures
            assert (measure.value, measure.low, measure.resolution) == (number + 0.5, number, 40)
            assert session.image is not None
            assert session.image.sha256 == f"{number % 2:064x}"
            np.testing.assert_array_equal(store.read_samples(session.id, "ticks"), TICKS + number)
            assert store.read_profile(session.id) == sent.profile
        assert len(found.scalars(select(Image)).all()) == len({number % 2 for number in numbers})


def kept_file(lines: list[str]) -> Path:
    words = shlex.split(lines[-1].partition("hil store ")[2])
    return Path(words[0])


def store_later(lines: list[str], url: str) -> None:
    """As the last line says; the password in it is masked."""
    assert main(["store", str(kept_file(lines)), f"--db={url}"]) == 0


def test_a_run_without_sessions_leaves_nothing(url: str, tmp_path: Path) -> None:
    run = recorder(url, tmp_path)
    run.finish(Status.FINISHED)
    assert run.lines() == []
    with Store.open_read_only(url) as store, Transaction(store.engine) as found:
        assert found.scalars(select(Run)).all() == []


def test_a_database_that_takes_all(url: str, tmp_path: Path, data: Path) -> None:
    run = recorder(url, tmp_path)
    for number in range(3):
        run.save(record(number))
    run.finish(Status.FAILED)
    assert run.complete
    assert run.lines() == [f"stored: run 1 in {url}"]
    check_whole(url, [0, 1, 2], Status.FAILED)
    assert not data.exists()


def test_a_kept_file_is_a_new_one(tmp_path: Path, data: Path) -> None:
    """Where temporary files lie, another user may have laid a link with its name."""
    info = RunInfo(NOW, "pytest --board=all", uid="0123456789abcdef")
    folder, victim = data / "kept", tmp_path / "victim"
    folder.mkdir(parents=True)
    (folder / "hil-20261124-030007-01234567-1.db").symlink_to(victim)
    with Kept(info, tmp_path) as kept:
        kept.save(replace(record(0), uid="1"))
    assert kept.files == (folder / "hil-20261124-030007-01234567-2.db",)
    assert kept.files[0].stat().st_mode & 0o777 == 0o600
    assert not victim.exists()


def test_what_the_commit_does_not_tell_is_said(url: str, tmp_path: Path) -> None:
    info = RunInfo(NOW, "pytest --board=all", git_note="no commit: git is not installed")
    run = Recorder.open(url, info, tmp_path)
    run.save(record(0))
    run.finish(Status.FINISHED)
    assert run.lines() == [info.git_note, f"stored: run 1 in {url}"]


def test_a_server_that_dies_in_the_middle(
    cluster: Server, tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = cluster.new_database()
    run = recorder(url, tmp_path)
    run.save(record(0))
    run.save(record(1))
    cluster.stop()
    for number in (2, 3, 4):
        run.save(record(number))
    run.finish(Status.FINISHED)
    assert not run.complete
    stored, kept = lines = run.lines()
    assert stored.startswith("stored: 2 of 5 sessions, run 1 in postgresql+psycopg://lab:***@/lab")
    assert "check that its server runs" in stored
    assert kept.startswith(f"kept: 3 sessions in {data}/kept/hil-20261124-030007-")
    assert "secret" not in stored + kept
    assert [len(line.splitlines()) for line in lines] == [1, 1]

    assert main(["store", str(kept_file(lines)), f"--db={url}"]) == 1
    assert "cannot be reached" in capsys.readouterr().err
    cluster.start()
    for told in ("3 sessions added to run 1 in", "0 sessions added, 3 already in run 1 in"):
        store_later(lines, url)
        said = capsys.readouterr().out
        assert told in said
        assert "secret" not in said
        check_whole(url, [0, 1, 2, 3, 4])


def test_a_server_that_dies_before_it_acknowledges(
    cluster: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the session, and the run does not know."""
    url = cluster.new_database()
    run = recorder(url, tmp_path)
    save = Store.save_session

    def cut(store: Store, run_id: int, sent: SessionRecord) -> int:
        number = save(store, run_id, sent)
        if sent.board == "board-1" and "postgresql" in store.url.drivername:
            raise StoreError("the server closed the connection")
        return number

    monkeypatch.setattr(Store, "save_session", cut)
    for number in range(3):
        run.save(record(number))
    run.finish(Status.FINISHED)
    assert run.lines()[0].startswith("stored: 1 of 3 sessions, run 1")
    store_later(run.lines(), url)
    check_whole(url, [0, 1, 2])


def test_a_server_that_dies_before_the_first_session(cluster: Server, tmp_path: Path) -> None:
    url = cluster.new_database()
    run = recorder(url, tmp_path)
    cluster.stop()
    run.save(record(0))
    run.finish(Status.FINISHED)
    cluster.start()
    assert run.lines()[0].startswith("stored: 0 of 1 session in postgresql")
    store_later(run.lines(), url)
    check_whole(url, [0])


def test_a_server_that_dies_before_the_end(cluster: Server, tmp_path: Path) -> None:
    url = cluster.new_database()
    run = recorder(url, tmp_path)
    run.save(record(0))
    cluster.stop()
    run.finish(Status.HANGUP)
    cluster.start()
    assert not run.complete
    stored, kept = run.lines()
    assert stored.startswith("stored: 1 of 1 session, run 1 in ")
    assert kept.startswith("kept: the end of the run in ")
    store_later([stored, kept], url)
    check_whole(url, [0], Status.HANGUP)


@pytest.mark.parametrize("change", ["remove", "replace"])
def test_a_file_that_is_removed_gives_back_what_it_had(url: str, tmp_path: Path, change: str) -> None:
    path = tmp_path / "db" / "results.db"
    run = recorder(url, tmp_path)
    run.save(record(0))
    run.save(record(1))
    if change == "replace":
        with Store.open(f"sqlite:///{tmp_path}/other.db", one_file=True):
            pass
        (tmp_path / "other.db").replace(path)
    else:
        path.unlink()
    run.save(record(2))
    run.save(record(3))
    run.finish(Status.FINISHED)
    stored, kept = lines = run.lines()
    assert stored.startswith(f"stored: 0 of 4 sessions in {url}: the database {path} was removed or replaced")
    assert kept.startswith("kept: 4 sessions in ")
    for log in path.parent.glob("*-*"):
        log.unlink()  # the removed file's
    store_later(lines, url)
    check_whole(url, [0, 1, 2, 3])


def test_a_file_that_stays_locked(url: str, tmp_path: Path) -> None:
    run = Recorder(url, Store.open(url, busy_s=0.0), RunInfo(NOW, "pytest"), tmp_path)
    run.save(record(0))
    other = sqlite3.connect(tmp_path / "db" / "results.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    run.save(record(1))
    other.execute("ROLLBACK")
    other.close()
    run.save(record(2))  # the database would take it again: what is missing would not be seen
    run.finish(Status.FINISHED)
    assert run.lines()[0].startswith(f"stored: 1 of 3 sessions, run 1 in {url}: ")
    assert "is locked by another program" in run.lines()[0]
    store_later(run.lines(), url)
    check_whole(url, [0, 1, 2])


def test_a_disk_that_takes_no_more_bytes(tmp_path: Path, url: str) -> None:
    """Neither does any file: what one takes, and what the next, comes together again."""
    program = (
        "import resource, sys; sys.path.insert(0, sys.argv[1])\n"
        "from recorded import Path, Status, record, recorder\n"
        "run = recorder(sys.argv[2], Path(sys.argv[3]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (220_000, 220_000))\n"
        "for number in range(60): run.save(record(number))\n"
        "run.finish(Status.FINISHED)\n"
        "print(*run.lines(), sep='\\n')\n"
    )
    words = [sys.executable, "-c", program, str(SUPPORT), url, str(tmp_path)]
    ended = subprocess.run(words, capture_output=True, text=True, check=True)
    stored, kept = ended.stdout.splitlines()
    found = re.match(r"stored: (\d+) of 60 sessions, run 1 in .*the disk", stored)
    assert found is not None, stored
    assert kept.startswith(f"kept: {60 - int(found[1])} sessions in ")
    files = shlex.split(kept.partition("hil store ")[2])[:-1]
    assert len(files) > 1
    assert main(["store", *files, f"--db={url}"]) == 0
    check_whole(url, list(range(60)))


def test_where_no_file_can_be_kept_the_loss_is_told(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "file"
    nowhere.touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(nowhere))
    monkeypatch.setattr("tempfile.tempdir", str(nowhere / "tmp"))
    run = recorder(url, nowhere / "here")
    run.save(record(0))
    (tmp_path / "db" / "results.db").unlink()
    run.save(record(1))
    run.finish(Status.FINISHED)
    stored, lost = run.lines()
    assert stored.startswith("stored: 0 of 2 sessions in ")
    assert lost.startswith("lost: 2 sessions, which no file could keep: cannot make the folder ")
    assert not run.complete


def test_without_a_home_the_file_lies_where_the_tests_ran(
    cluster: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_home(_: str) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("platformdirs.user_data_path", no_home)
    run = recorder(cluster.new_database(), tmp_path)
    cluster.stop()
    run.save(record(0))
    run.finish(Status.FINISHED)
    cluster.start()
    assert kept_file(run.lines()).parent == tmp_path


def test_a_record_that_no_database_takes_is_refused_and_the_store_goes_on(url: str, tmp_path: Path) -> None:
    run = recorder(url, tmp_path)
    wrong = replace(record(0), measures=(Measure("x", float("nan"), "1", Method.COUNTED, "link"),))
    with pytest.raises(StoreError, match="x of m/q15 is nan"):
        run.save(wrong)
    run.save(record(1))
    run.finish(Status.FINISHED)
    assert run.complete
    check_whole(url, [1])


@pytest.mark.parametrize("what", ["nothing", "empty", "text", "changed"])
def test_a_file_that_cannot_be_stored_later(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    path = tmp_path / "kept.db"
    if what == "empty":
        path.touch()
    if what == "text":
        path.write_text("not a database" * 100)
    if what == "changed":
        with Store.open(f"sqlite:///{path}") as store:
            store.begin_run(RunInfo(NOW, "pytest"))
            with store.engine.begin() as connection:
                connection.exec_driver_sql("UPDATE run SET uid = NULL")
    assert main(["store", str(path), f"--db={url}"]) == 1
    said = capsys.readouterr().err
    told = {
        "nothing": "there is no file",
        "empty": "no run is stored in",
        "text": "is not a database",
        "changed": "cannot be told from others",
    }
    assert told[what] in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("ended", [Status.FINISHED, Status.TERMINATED])
def test_the_kept_file_says_how_a_run_ended_that_was_taken_for_dead(
    url: str, tmp_path: Path, ended: Status
) -> None:
    run = Recorder(url, Store.open(url, busy_s=0.0), RunInfo(NOW, "pytest", pid=2**22 + 1), tmp_path)
    run.save(record(0))
    other = sqlite3.connect(tmp_path / "db" / "results.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    run.save(record(1))
    run.finish(ended)
    other.execute("ROLLBACK")
    other.execute("UPDATE run SET status = 'interrupted'")
    other.close()
    store_later(run.lines(), url)
    check_whole(url, [0, 1], ended)


def test_any_database_can_be_brought_into_another(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources: list[Callable[[], Recorder]] = [
        lambda: recorder(f"sqlite:///{tmp_path}/one.db", tmp_path),
        lambda: recorder(f"sqlite:///{tmp_path}/one.db", tmp_path),
        lambda: recorder(url, tmp_path),
    ]
    for make in sources:
        run = make()
        run.save(record(0))
        run.finish(Status.FINISHED)
    assert main(["store", f"{tmp_path}/one.db", f"--db={url}"]) == 0
    assert capsys.readouterr().out.count("1 session added to run") == 2
    with Store.open_read_only(url) as store, Transaction(store.engine) as found:
        assert len(found.scalars(select(Session)).all()) == 3
