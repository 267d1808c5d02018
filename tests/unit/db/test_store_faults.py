"""Each injected fault gives one clear line with the database, the cause, the remedy, and loses nothing."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import event

from hil.errors import StoreError
from hil_db import engine
from hil_db.export import export
from hil_db.kept import store_file
from hil_db.records import RunInfo, SessionRecord
from hil_db.store import Store

WORKER = Path(__file__).with_name("worker.py")


def said(error: StoreError, path: Path) -> str:
    """The one line a user sees, which names the database and a remedy."""
    line = str(error)
    assert "\n" not in line
    assert str(path) in error.what
    assert error.remedy
    assert len(line) < 400
    return line


def everything(url: str) -> str:
    out = io.StringIO()
    export(url, "all", "csv", out)
    return out.getvalue()


def work(*words: str) -> str:
    """The worker's output; it must not die of anything but a StoreError."""
    ended = subprocess.run([sys.executable, str(WORKER), *words], capture_output=True, text=True, check=False)
    assert ended.returncode in (0, 3), ended.stderr
    assert ended.stderr == ""
    return ended.stdout


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder whose mode a test may change; made writable again at the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.db"


def test_locked_by_another_writer(
    url: str, path: Path, seed: Callable[[], int], info: RunInfo, record: SessionRecord
) -> None:
    run = seed()
    before = everything(url)
    other = sqlite3.connect(path, isolation_level=None)
    with Store.open(url, busy_s=0.01) as store:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught:
            store.begin_run(info)
        assert "is locked by another program (database is locked); end" in said(caught.value, path)
        with pytest.raises(StoreError) as caught:
            store.save_session(run, record)
        assert "is locked" in said(caught.value, path)
        other.execute("ROLLBACK")
        other.close()
        assert everything(url) == before
        store.save_session(run, record)  # and it goes on when the other is gone


def test_opening_and_reading_do_not_wait_for_a_writer(url: str, path: Path, seed: Callable[[], int]) -> None:
    seed()
    before = everything(url)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM measure")
    with Store.open(url, busy_s=0.0) as store:
        assert len(store.read_samples(1, "instructions")) == 540
        assert everything(url) == before
    other.execute("ROLLBACK")
    other.close()


def test_a_new_database_that_another_program_holds(url: str, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError) as caught:
        Store.open(url, busy_s=0.01)
    assert "is locked" in said(caught.value, path)
    other.close()


@pytest.mark.parametrize("opened", [Store.open, Store.open_read_only])
@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to look like something\n" * 99, b"SQLite format 3\0"]
)
def test_not_a_database(url: str, path: Path, opened: Callable[[str], Store], content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        opened(url)
    assert "is not a database" in said(caught.value, path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("opened", [Store.open, Store.open_read_only])
def test_a_truncated_database(
    url: str, path: Path, store: Store, seed: Callable[[], int], opened: Callable[[str], Store]
) -> None:
    seed()
    store.engine.dispose()  # the last connection takes the log into the file
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StoreError) as caught:
        opened(url)
    assert "is damaged" in said(caught.value, path)


def test_a_damaged_blob(url: str, path: Path, seed: Callable[[], int]) -> None:
    seed()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE sample SET blob = substr(blob, 1, 20)")
    with Store.open_read_only(url) as store, pytest.raises(StoreError) as caught:
        store.read_samples(1, "instructions")
    assert "damaged" in said(caught.value, path)
    assert "instructions" in str(caught.value)


@pytest.mark.parametrize("value", ["yesterday", "", 7, "2026-13-41 25:00:00"])
def test_a_damaged_date(url: str, path: Path, seed: Callable[[], int], info: RunInfo, value: object) -> None:
    seed()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE session SET started = ?", (value,))
        raw.execute("UPDATE run SET started = ?, status = 'running'", (value,))
    with pytest.raises(StoreError) as caught:
        everything(url)
    assert "is damaged (a value in it cannot be read: " in said(caught.value, path)
    with Store.open(url) as store, pytest.raises(StoreError) as caught:
        store.begin_run(info)
    assert "is damaged" in said(caught.value, path)


@pytest.mark.parametrize("value", ["{", "", "null", "[1]", "7"])
def test_damaged_json(url: str, path: Path, seed: Callable[[], int], value: str) -> None:
    seed()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE measure SET conditions = ?", (value,))
    with pytest.raises(StoreError) as caught:
        everything(url)
    assert "is damaged (a value in it cannot be read: " in said(caught.value, path)


@pytest.mark.parametrize("wrong", ["image SET symbols = 7", "measure SET value = ''"])
def test_a_wrong_value_is_not_copied(path: Path, seed: Callable[[], int], tmp_path: Path, wrong: str) -> None:
    """SQLAlchemy, not the driver, tells that no such value can be stored."""
    seed()
    with sqlite3.connect(path) as raw:
        raw.execute(f"UPDATE {wrong}")
    with pytest.raises(StoreError) as caught:
        store_file(path, f"sqlite:///{tmp_path / 'other.db'}")
    assert "is damaged (a value in it cannot be read: " in str(caught.value)


def test_a_folder_in_place_of_the_file(url: str, path: Path) -> None:
    path.mkdir()
    for opened in (Store.open, Store.open_read_only):
        with pytest.raises(StoreError) as caught:
            opened(url)
        assert "is a folder" in said(caught.value, path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none" / "results.db"
    with pytest.raises(StoreError) as caught:
        Store.open(f"sqlite:///{path}")
    assert "mkdir -p" in said(caught.value, path)
    assert not path.parent.exists()
    with pytest.raises(StoreError) as caught:
        Store.open_read_only(f"sqlite:///{path}")
    assert "there is no database" in said(caught.value, path)


def test_the_default_database_makes_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with Store.open() as store:
        assert store.url.database == str(tmp_path / "data" / "hil" / "hil.db")
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(StoreError) as caught:
        Store.open()
    assert "cannot make the folder" in said(caught.value, tmp_path / "file" / "hil" / "hil.db")


def test_what_to_type_names_the_database_unless_it_is_the_users_own() -> None:
    assert engine.bench_command(engine.parse(None)) == "`pytest --board=all`"
    of_file = engine.bench_command(engine.parse("sqlite:////a b/x.db"), "qemu")
    assert of_file == "`pytest --board=qemu '--db=sqlite:////a b/x.db'`"
    told = engine.bench_command(engine.parse("postgresql://lab:secret@host/lab"))
    assert told == "`pytest --board=all '--db=postgresql+psycopg://lab:***@host/lab'`"


def test_the_default_folder_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "a b?c=d#e%20"))
    with Store.open() as store:
        assert store.url.database == str(engine.default_path())
        assert engine.default_path().is_file()
    with Store.open_read_only(engine.default_url()):
        pass


def test_a_path_relative_to_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, info: RunInfo
) -> None:
    monkeypatch.chdir(tmp_path)
    with Store.open("sqlite:///here.db", busy_s=0.0) as store:
        monkeypatch.chdir("/")
        store.begin_run(info)
    assert (tmp_path / "here.db").is_file()


def test_a_read_only_file(open_folder: Path) -> None:
    path = open_folder / "results.db"
    work("save", f"sqlite:///{path}", "2")
    path.chmod(0o444)
    content = path.read_bytes()
    line = work("save", f"sqlite:///{path}", "1", "unprivileged")
    assert line.startswith(f"refused: the database {path} ")
    assert "is read-only" in line or "cannot be opened" in line
    assert work("read", f"sqlite:///{path}", "unprivileged").count("\n") == 1 + 2 * 8
    assert path.read_bytes() == content


def test_a_read_only_file_without_a_log(open_folder: Path) -> None:
    path = open_folder / "results.db"
    work("save", f"sqlite:///{path}", "2")
    with sqlite3.connect(path, isolation_level=None) as raw:
        assert raw.execute("PRAGMA journal_mode=DELETE").fetchall() == [("delete",)]
    path.chmod(0o444)
    line = work("save", f"sqlite:///{path}", "1", "unprivileged")
    assert line.startswith(f"refused: the database {path} is read-only (")


def test_a_folder_that_may_not_be_looked_into(open_folder: Path) -> None:
    path = open_folder / "results.db"
    work("save", f"sqlite:///{path}", "1")
    open_folder.chmod(0o000)
    for action in ("save", "read"):
        line = work(action, f"sqlite:///{path}", "1", "unprivileged")
        assert line.startswith(f"refused: the database {path} cannot be opened (Permission denied); check")


def test_a_name_that_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "kept.db").touch()
    tries: list[Callable[[], object]] = [
        lambda: Store.open("sqlite:///x.db"),
        lambda: Store.open_read_only("sqlite:///x.db"),
        lambda: store_file(folder / "kept.db", f"sqlite:///{tmp_path}/x.db"),
    ]
    for attempt in tries:
        with pytest.raises(StoreError) as caught:
            attempt()
        assert r"\xff" in str(caught.value)
        assert "(its path is not UTF-8); choose another place with --db" in str(caught.value)
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    with pytest.raises(StoreError, match="its path is not UTF-8"):
        Store.open()


def test_a_name_that_no_system_takes(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300)
    for opened in (Store.open, Store.open_read_only):
        with pytest.raises(StoreError, match=r"cannot be opened \(File name too long\)"):
            opened(f"sqlite:///{path}")


def test_a_read_only_folder(open_folder: Path) -> None:
    path = open_folder / "results.db"
    work("save", f"sqlite:///{path}", "2")
    path.chmod(0o666)
    open_folder.chmod(0o555)
    line = work("save", f"sqlite:///{path}", "1", "unprivileged")
    assert line.startswith(f"refused: the database {path} ")
    assert "folder" in line
    assert line.count("\n") == 1
    assert work("read", f"sqlite:///{path}", "unprivileged").count("\n") == 1 + 2 * 8
    line = work("save", f"sqlite:///{open_folder}/new.db", "1", "unprivileged")
    assert line.startswith(f"refused: the database {open_folder}/new.db cannot be opened")


def test_a_file_that_may_not_be_read(open_folder: Path) -> None:
    path = open_folder / "results.db"
    work("save", f"sqlite:///{path}", "1")
    path.chmod(0o000)
    for action in ("save", "read"):
        line = work(action, f"sqlite:///{path}", "1", "unprivileged")
        assert line.startswith(f"refused: the database {path} cannot be opened")


def test_a_full_disk(url: str, path: Path, seed: Callable[[], int], record: SessionRecord) -> None:
    run = seed()
    before = everything(url)
    with Store.open(url) as store:

        @event.listens_for(store.engine, "connect")
        def _no_more_pages(connection: sqlite3.Connection, _: object) -> None:
            connection.execute("PRAGMA max_page_count=1").close()  # SQLite takes it as: no more than now

        store.engine.dispose()
        full = None
        for _ in range(200):
            try:
                store.save_session(run, record)
            except StoreError as error:
                full = error
                break
        assert full is not None
        assert "the disk is full" in said(full, path)
    after = everything(url)
    assert after.startswith(before)
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_disk_that_takes_no_more_bytes(open_folder: Path) -> None:
    path = open_folder / "results.db"
    lines = work("save", f"sqlite:///{path}", "500", "fsize=300000").splitlines()
    assert lines[-1].startswith(f"refused: the database {path} cannot")
    saved = sum(line.startswith("saved") for line in lines)
    assert saved >= 1
    assert work("read", f"sqlite:///{path}").count("\n") == 1 + saved * 8


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("results.db", "is not a database URL"),
        ("", "is not a database URL"),
        ("postgresql://lab:secret@host:port/lab", "is not a database URL"),
        ("mysql://lab:secret@host/lab", "names no database that the lab can use"),
        ("nonsense://x", "names no database that the lab can use"),
        ("sqlite+aiosqlite:///x.db", "a driver that the lab does not use"),
        ("postgresql+psycopg2://lab:secret@host/lab", "a driver that the lab does not use"),
        ("sqlite:///x.db?mode=ro", "has options"),
        ("sqlite:///file:x.db", "has options"),
        ("sqlite:///x.db?password=secret", "has options"),
        ("mysql://lab@host/lab?password=secret", "names no database that the lab can use"),
    ],
)
def test_a_url_that_is_none(url: str, words: str) -> None:
    for opened in (Store.open, Store.open_read_only):
        with pytest.raises(StoreError) as caught:
            opened(url)
        assert words in str(caught.value)
        assert "sqlite:///" in str(caught.value.remedy)
        assert "secret" not in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("change", ["remove", "replace"])
def test_a_file_that_is_removed_or_replaced(
    url: str, path: Path, seed: Callable[[], int], info: RunInfo, record: SessionRecord, change: str
) -> None:
    seed()
    with Store.open(url) as store:
        run = store.begin_run(info)
        if change == "replace":
            (path.parent / "other.db").write_bytes(path.read_bytes())
            (path.parent / "other.db").replace(path)
        else:
            path.unlink()
        for write in (lambda: store.save_session(run, record), lambda: store.begin_run(info)):
            with pytest.raises(StoreError) as caught:
                write()
            assert "was removed or replaced" in said(caught.value, path)


def test_a_user_without_a_home_needs_a_database_of_their_own(
    url: str, monkeypatch: pytest.MonkeyPatch, info: RunInfo
) -> None:
    def nobody(_: int) -> NoReturn:
        raise KeyError("getpwuid(): uid not found")

    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    with Store.open(url) as store:
        assert store.begin_run(info) == 1
    for opened in (Store.open, Store.open_read_only):
        with pytest.raises(StoreError) as caught:
            opened()
        assert str(caught.value).startswith("the user has no home folder to keep results in; name a database")
        assert "--db" in str(caught.value)
    with pytest.raises(StoreError, match="is in no folder"):
        Store.open("sqlite:///~/x.db")
