"""`hil db …` and `hil baseline …`: what they do and say; each refusal is one line and changes nothing."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import func, select

from hil.cli import main
from hil_db import baselines, engine, newest
from hil_db.checking import check
from hil_db.migrate import REVISIONS
from hil_db.pruning import Limits, prune
from hil_db.records import RunInfo
from hil_db.schema import IMAGE, NEWEST_SESSION, NEWEST_VALUE, RUN, SAMPLE, SESSION, VERSION_TABLE
from hil_db.scripts import run_back
from hil_db.store import Store
from seeded import BEGAN, Planted, Seeded, make, uid

WORKER = Path(__file__).with_name("worker.py")
Say = Callable[..., tuple[int, list[str]]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six runs of two images, the last of more bytes."""
    path = tmp_path_factory.mktemp("made") / "results.db"
    larger = Planted(5, "flash_bytes", 1.5)
    make(f"sqlite:///{path}", Seeded(6, 2, vectors=5, profiled=6, rebuilt=3, planted=(larger,)))
    return path


@pytest.fixture
def url(made: Path, tmp_path: Path) -> str:
    shutil.copy(made, tmp_path)
    return f"sqlite:///{tmp_path}/results.db"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.db"


@pytest.fixture
def say(url: str, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs a command on the database; its exit code and what it prints."""

    def command(*words: str) -> tuple[int, list[str]]:
        code = main([*words, f"--db={url}"])
        out, err = capsys.readouterr()
        return code, [*out.splitlines(), *err.splitlines()]

    return command


def scalar(url: str, query: object) -> object:
    with Store.open_read_only(url) as store, store.engine.connect() as connection:
        return connection.scalar(query)  # type: ignore[call-overload]


def test_a_baseline_is_set_moved_listed_and_removed(say: Say, url: str) -> None:
    assert say("baseline", "list") == (0, ["no baseline is set"])
    third = uid("run", 2, 1)
    uuid = "-".join((third[:8], third[8:12], third[12:16], third[16:20], third[20:]))
    code, lines = say("baseline", "set", "release", "3", "--reason", "what we ship", "--author", "ann")
    assert (code, len(lines)) == (0, 1)
    assert lines[0].startswith(f"release: run 3 ({uuid}) of 2024-01-01 18:00 UTC, commit ")
    code, lines = say("baseline", "set", "release", "--reason", "newer")
    assert lines[0].startswith("release: run 6 (")
    assert f"; it was run 3 ({uuid})" in lines[0]
    assert say("baseline", "set", "old", third[:9].upper(), "--reason", "x")[1][0].startswith("old: run 3 (")
    code, lines = say("baseline", "list")
    assert [line.partition(" (")[0] for line in lines] == ["old: run 3", "release: run 6"]
    assert re.search(r"; \d{4}-\d\d-\d\d \d\d:\d\d UTC by .+: newer$", lines[1])
    assert say("baseline", "remove", "release", "--reason", "sold out")[1][0].startswith(
        "release is no baseline any more; it was run 6 ("
    )
    assert len(say("baseline", "list")[1]) == 1
    code, lines = say("baseline", "list", "--history")
    assert [line.partition(" (")[0].partition(";")[0] for line in lines] == [
        "release: run 3", "release: run 6", "old: run 3", "release: removed",
    ]  # fmt: skip
    assert say("baseline", "remove", "release")[0] == 1


@pytest.mark.parametrize("name", ["7", "latest", "all", "deadbeef", "", "-x", "a b", "ü", "x" * 129, "a,b"])
def test_a_name_that_could_be_taken_for_a_run_or_not_be_typed(url: str, name: str) -> None:
    assert main(["baseline", "set", f"--db={url}", "--reason=x", "--", name]) == 1
    with Store.open_read_only(url) as store, store.engine.connect() as connection:
        assert baselines.history(connection) == []


def test_a_baseline_that_there_is_not_and_a_run_that_there_is_not(say: Say) -> None:
    told = say("baseline", "remove", "release")[1][0]
    assert "there is no baseline 'release' in " in told
    assert "set one with `hil baseline set release --db=sqlite:////" in told
    say("baseline", "set", "release", "--reason", "x")
    code, lines = say("baseline", "remove", "relaese")
    assert (code, len(lines)) == (1, 1)
    assert lines[0].endswith("; did you mean release?")
    for run in ("7", "0", str(1 << 40), "ffffffffff", "mian"):
        code, lines = say("baseline", "set", "release", run, "--reason", "x")
        assert (code, len(lines)) == (1, 1)
        assert f"there is no run '{run}' in " in lines[0]
        assert "se latest or one of 6, 5" in lines[0]
    assert lines[0].endswith("did you mean 'main'? Else use latest or one of 6, 5, 4, 3, 2, 1")
    assert say("baseline", "set", "of-main", "main", "--reason", "x")[1][0].startswith("of-main: run 6 (")
    assert "a baseline is one run" in say("baseline", "set", "release", "all", "--reason", "x")[1][0]


def test_a_run_without_results_is_no_baseline(say: Say, url: str, info: RunInfo) -> None:
    with Store.open(url) as store:
        store.begin_run(info)
    code, lines = say("baseline", "set", "release", "7", "--reason", "x")
    assert (code, "run 7" in lines[0], "has no results" in lines[0]) == (1, True, True)


def test_pruning_says_first_what_goes_and_never_takes_a_baselines_run(say: Say, url: str, path: Path) -> None:
    say("baseline", "set", "release", "3", "--reason", "x")
    say("baseline", "set", "moved", "2", "--reason", "x")
    say("baseline", "set", "moved", "6", "--reason", "x")
    before = path.read_bytes()
    code, lines = say("db", "prune", "--keep-runs", "2")
    assert code == 0
    assert lines[0].startswith(f"{path}: would delete 3 runs (1, 2, 4): 6 sessions, ")
    assert lines[1:] == ["kept for baselines: release", "add --yes to do it"]
    assert path.read_bytes() == before
    assert scalar(url, select(func.count()).select_from(IMAGE)) == 6
    code, lines = say("db", "prune", "--keep-runs", "2", "--yes")
    assert lines[0].startswith(f"{path}: deleted 3 runs (1, 2, 4): 6 sessions, ")
    assert check(url).damaged == ()
    with Store.open_read_only(url) as store, store.engine.connect() as connection:
        assert connection.scalars(select(RUN.c.id).order_by(RUN.c.id)).all() == [3, 5, 6]
        assert connection.scalar(select(func.count()).select_from(SESSION)) == 6
    assert path.stat().st_size < len(before)
    assert say("db", "prune", "--keep-runs", "2", "--yes")[1][0] == f"{path}: deleted 0 runs"
    assert say("baseline", "list", "--history")[1][1].startswith("moved: a run that is not here (")


def test_images_that_nothing_runs_go_with_the_runs(say: Say, url: str) -> None:
    say("db", "prune", "--keep-runs", "1", "--yes")
    assert scalar(url, select(func.count()).select_from(IMAGE)) == 2


def test_only_samples_are_pruned(say: Say, url: str) -> None:
    _, lines = say("db", "prune", "--keep-runs", "4", "--samples-only", "--yes")
    assert "deleted raw samples of 2 runs (1, 2): 4 sessions, " in lines[0]
    assert scalar(url, select(func.count()).select_from(RUN)) == 6
    assert scalar(url, select(func.min(SAMPLE.c.session_id))) == 5
    assert check(url).damaged == ()


class Later(datetime):
    """Thirty days after the first of the runs, whatever this machine's clock says."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.combine(BEGAN.date() + timedelta(days=30), BEGAN.time(), tz)


def test_a_run_goes_when_it_is_neither_among_the_newest_nor_young(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hil_db.pruning.datetime", Later)
    days = 30.0
    assert prune(url, Limits(days=days - 2), really=False).runs == (1, 2, 3, 4, 5, 6)
    assert prune(url, Limits(days=days + 2), really=False).runs == ()
    assert prune(url, Limits(runs=4, days=days - 2), really=False).runs == (1, 2)
    assert prune(url, Limits(runs=0, days=days + 2), really=False).runs == ()


def test_the_newest_values_are_those_of_the_runs_that_are_left(url: str, info: RunInfo) -> None:
    """The newest run is not the last to be stored: here it is the one that goes."""
    with Store.open(url) as store, store.engine.begin() as connection:
        connection.execute(SESSION.update().where(SESSION.c.run_id == 1).values(started=datetime(2025, 1, 1)))
        newest.rebuild(connection)
    assert prune(url, Limits(runs=5), really=True).runs == (1,)
    assert check(url).damaged == ()
    for table in (NEWEST_SESSION, NEWEST_VALUE):
        assert scalar(url, select(func.min(table.c.session_id))) == 11


def test_a_run_that_goes_on_is_not_pruned(url: str) -> None:
    with Store.open(url) as store:
        store.begin_run(RunInfo(datetime(2020, 1, 1), "pytest"))
    assert prune(url, Limits(runs=0), really=False).runs == (1, 2, 3, 4, 5, 6)


def test_without_a_limit_nothing_is_pruned(say: Say) -> None:
    code, lines = say("db", "prune", "--yes")
    assert (code, len(lines)) == (1, 1)
    for words in (["--keep-runs=-1"], ["--older-than=soon"], ["--keep-runs=x"]):
        assert main(["db", "prune", *words]) == 2


def test_a_whole_database_is_said_to_be_whole(say: Say, path: Path) -> None:
    assert say("db", "check") == (
        0,
        [f"{path} is whole: 6 runs, 12 sessions, 6 images, 24 samples, 0 power traces"],
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE sample SET blob = substr(blob, 1, 20) WHERE id = 3", "the blob of latency_cycles"),
        ("UPDATE sample SET count = 6 WHERE id = 3", "the blob of latency_cycles"),
        ("UPDATE image SET symbols = x'00' WHERE id = 2", "the symbols of image 2 "),
        ("UPDATE run SET started = 'soon' WHERE id = 4", "run 4 cannot be read: "),
        ("UPDATE session SET versions = '{' WHERE id = 4", "session 4 cannot be read: "),
        ("UPDATE measure SET conditions = '{' WHERE id = 4", "measure 4 cannot be read: "),
        ("UPDATE profile SET regions = 0 WHERE session_id = 4", "the profile of session 4: "),
        (
            "UPDATE measure SET session_id = 99 WHERE id = 4",
            "measure 4 refers to a session that is not there",
        ),
        ("DELETE FROM newest_value WHERE metric = 'accuracy'", "newest_value lacks session 11 for qemu/"),
        ("UPDATE newest_session SET session_id = 1", "newest_session wrongly names session 1 for qemu/"),
    ],
)
def test_what_is_damaged_is_named(say: Say, path: Path, change: str, told: str) -> None:
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute(change).rowcount > 0
        raw.commit()
    code, lines = say("db", "check")
    assert code == 1
    assert any(line.startswith(f"{path}: {told}") for line in lines), lines


def test_a_damaged_page_is_found(say: Say, path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 8192] = bytes(8192)
    path.write_bytes(content)
    assert say("db", "check")[0] == 1


def test_a_backup_is_the_database_and_takes_the_place_of_an_older_one(
    say: Say, path: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "backup.db"
    for keep in ("6", "3"):
        say("db", "prune", "--keep-runs", keep, "--yes")
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM sample")  # of a transaction that is not committed
        code, lines = say("db", "backup", str(copy))
        writer.close()
        assert (code, lines) == (0, [f"{copy}: {copy.stat().st_size:,} B"])
        assert check(f"sqlite:///{copy}").counts == check(f"sqlite:///{path}").counts
    assert sorted(one.name for one in tmp_path.iterdir() if "backup" in one.name) == ["backup.db"]


def test_a_backup_replaces_nothing_but_a_backup(say: Say, path: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with closing(sqlite3.connect(tmp_path / "photos.db")) as raw:
        raw.execute("CREATE TABLE photo (id INTEGER)")
    for name in ("thesis.txt", "photos.db", "results.db"):
        before = (tmp_path / name).read_bytes()
        code, lines = say("db", "backup", str(tmp_path / name))
        assert (code, len(lines)) == (1, 1)
        assert name in lines[0]
        assert (tmp_path / name).read_bytes() == before
    code, lines = say("db", "backup", str(tmp_path / "none" / "backup.db"))
    assert (code, len(lines)) == (1, 1)
    assert "cannot be written (No such file or directory)" in lines[0]


def test_an_upgrade_says_from_where_to_where(say: Say, url: str, path: Path) -> None:
    assert say("db", "upgrade") == (0, [f"{path} is up to date: schema {REVISIONS[-1]}"])
    writer = engine.writer(engine.parse(url))
    with writer.begin() as connection:
        run_back(connection, "0005")
    writer.dispose()
    assert say("db", "upgrade") == (0, [f"{path}: from schema 0005 to {REVISIONS[-1]}"])
    assert check(url).damaged == ()


def test_an_export_to_a_file(say: Say, tmp_path: Path) -> None:
    printed = say("db", "export")[1]
    assert say("db", "export", "--out", str(tmp_path / "x.csv")) == (0, [])
    assert (tmp_path / "x.csv").read_text().splitlines() == printed
    assert len(printed) == 1 + 6 * 2 * 21
    assert say("db", "export", "--format", "parquet")[0] == 1


def test_an_export_as_parquet(say: Say, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert say("db", "export", "--format=parquet", "--run=latest", "--out", str(tmp_path / "x")) == (0, [])
    table = parquet.read_table(tmp_path / "x")
    rows = table.to_pylist()
    assert len(rows) == 2 * 21
    first = rows[0]
    assert (first["run"], first["metric"], first["value"]) == (6, "accuracy", 0.9833)
    assert (first["git_dirty"], first["conditions"], first["low"]) == (False, "{}", None)
    assert first["time"].isoformat() == "2024-01-02T18:00:00+00:00"
    assert str(table.schema.field("value").type) == "double"


def test_without_pyarrow_a_line_says_so(url: str, tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['pyarrow'] = None; from hil.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ["db", "export", "--format=parquet", f"--out={tmp_path}/x", f"--db={url}"]
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "pip install 'hil-lab[parquet]'" in done.stderr
    assert not (tmp_path / "x").exists()


COMMANDS = [
    ["db", "check"],
    ["db", "upgrade"],
    ["db", "backup", "OTHER"],
    ["db", "prune", "--keep-runs=1"],
    ["db", "prune", "--keep-runs=1", "--yes"],
    ["db", "import", "GOOD"],
    ["db", "export"],
    ["baseline", "set", "release", "--reason=x"],
    ["baseline", "list"],
    ["baseline", "remove", "release"],
]


def spoil(path: Path, how: str) -> None:
    if how == "not a database":
        path.write_bytes(b"not a database at all, but long enough to look like something\n" * 99)
    elif how == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "folder":
        path.unlink()
        path.mkdir()
    else:
        with closing(sqlite3.connect(path)) as raw:
            if how == "newer":
                raw.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
            else:
                raw.execute(f"DROP TABLE {VERSION_TABLE}")
            raw.commit()


@pytest.mark.parametrize("how", ["not a database", "cut", "folder", "newer", "another program's"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_database_that_cannot_be_used(
    say: Say, path: Path, tmp_path: Path, how: str, words: list[str]
) -> None:
    good = tmp_path / "good.db"
    good.write_bytes(path.read_bytes())
    spoil(path, how)
    before = path.read_bytes() if path.is_file() else None
    places = {"OTHER": str(tmp_path / "copy.db"), "GOOD": str(good)}
    code, lines = say(*(places.get(word, word) for word in words))
    assert (code, len(lines)) == (1, 1), lines
    assert str(path) in lines[0]
    assert "Traceback" not in lines[0]
    assert before is None or path.read_bytes() == before
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("how", ["not a database", "cut", "folder", "newer", "another program's", "missing"])
def test_a_source_that_cannot_be_used(say: Say, path: Path, tmp_path: Path, how: str) -> None:
    source = tmp_path / "theirs.db"
    if how != "missing":
        source.write_bytes(path.read_bytes())
        spoil(source, how)
    code, lines = say("db", "import", str(source))
    assert (code, len(lines)) == (1, 1), lines
    assert str(source) in lines[0]


WRITING = [
    words for words in COMMANDS if words[:2] in (["db", "import"], ["baseline", "set"]) or "--yes" in words
]


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_locked_database(
    say: Say, path: Path, tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Store.open.__func__.__kwdefaults__, "busy_s", 0.01)  # type: ignore[attr-defined]
    make(f"sqlite:///{tmp_path}/good.db", Seeded(1, 1, seed=2))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        code, lines = say(*(str(tmp_path / "good.db") if word == "GOOD" else word for word in words))
        other.execute("ROLLBACK")
    assert (code, len(lines)) == (1, 1)
    assert f"the database {path} is locked by another program" in lines[0]
    assert say("db", "check")[0] == 0


@pytest.mark.parametrize("words", [*WRITING, ["db", "upgrade"]], ids=" ".join)
def test_a_read_only_database(say: Say, url: str, path: Path, tmp_path: Path, words: list[str]) -> None:
    make(f"sqlite:///{tmp_path}/good.db", Seeded(1, 1, seed=2))
    writer = engine.writer(engine.parse(url))
    if words == ["db", "upgrade"]:
        with writer.begin() as connection:
            run_back(connection, "0006")
    writer.dispose()
    path.chmod(0o444)
    line = unprivileged(
        *(str(tmp_path / "good.db") if word == "GOOD" else word for word in words), f"--db={url}"
    )
    assert line.startswith(f"hil: the database {path} ")
    assert "is read-only" in line or "cannot be opened" in line
    path.chmod(0o644)


def test_a_backup_that_the_disk_has_no_room_for(url: str, path: Path, tmp_path: Path) -> None:
    for there in (False, True):
        copy = tmp_path / "room" / "backup.db"
        copy.parent.mkdir(exist_ok=True)
        if there:
            assert main(["db", "backup", str(copy), f"--db={url}"]) == 0
        before = copy.read_bytes() if there else None
        line = unprivileged("db", "backup", str(copy), f"--db={url}", size=path.stat().st_size // 3)
        assert "the disk" in line
        assert (copy.read_bytes() if copy.exists() else None) == before
        assert [one.name for one in copy.parent.iterdir()] == ["backup.db"] * there


def test_an_import_that_the_disk_has_no_room_for(url: str, path: Path, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/small.db"
    Store.open(target).engine.dispose()
    line = unprivileged(
        "db", "import", str(path), f"--db={target}", size=(tmp_path / "small.db").stat().st_size
    )
    assert line.startswith(f"hil: the database {tmp_path}/small.db ")
    assert check(target).damaged == ()
    assert main(["db", "import", str(path), f"--db={target}"]) == 0
    assert check(target).counts == check(url).counts


def unprivileged(*words: str, size: int | None = None) -> str:
    """What a user without root's privileges is told, in one line, with files of at most so many bytes."""
    program = (
        "import resource, sys; sys.path.insert(0, sys.argv[1])\n"
        "from worker import drop_privileges\n"
        "from hil.cli import main\n"
        "drop_privileges()\n"
        "size = int(sys.argv[2])\n"
        "if size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))\n"
        "sys.exit(main(sys.argv[3:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(WORKER.parent), str(size or 0), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    return done.stderr
