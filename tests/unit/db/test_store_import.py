"""Another database's results are added once, whatever its schema, and it stays as it was."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hil.errors import StoreError
from hil_db import baselines, engine
from hil_db.baselines import Baseline
from hil_db.checking import check
from hil_db.export import export
from hil_db.export_profile import export_profile
from hil_db.incoming import import_database
from hil_db.records import Incident, RunInfo, SessionRecord
from hil_db.schema import BASELINE, IMAGE, INCIDENT, METADATA, SESSION, VERSION_TABLE
from hil_db.scripts import run_back
from hil_db.sources import back_up
from hil_db.store import Store
from postgres_server import Server, running_server
from seeded import BEGAN, Seeded, make, uid

WANTED = Seeded(3, 2, vectors=7, profiled=2)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Server]:
    with running_server() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, url: str) -> str:
    if request.param == "sqlite":
        return url
    server: Server = request.getfixturevalue("cluster")
    return server.new_database()


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Three runs, a baseline that moved, an incident of a session and one of a run."""
    path = tmp_path / "theirs.db"
    make(f"sqlite:///{path}", WANTED)
    with Store.open(f"sqlite:///{path}") as store:
        for run in (0, 2):
            told = Baseline("release", uid("run", run, WANTED.seed), "ann", BEGAN, f"run {run}")
            baselines.add(store, told)
        store.save_incidents(2, [Incident("qemu", "hang", "reset it", BEGAN, "no word", 3.0)])
        with store.engine.begin() as connection:
            connection.execute(INCIDENT.update().values(session_id=4))
        store.save_incidents(2, [Incident("qemu", "power", "waited", BEGAN)])
    return path


def exported(url: str) -> list[str]:
    out = io.StringIO()
    export(url, "all", "csv", out)
    for view in ("functions", "classes"):
        export_profile(url, "all", view, "csv", out)
    return out.getvalue().splitlines()


def counts(url: str) -> dict[str, int]:
    with Store.open_read_only(url) as store, store.engine.connect() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in METADATA.sorted_tables
        }


def test_an_import_brings_everything_and_the_second_nothing(theirs: Path, target: str) -> None:
    source, before = f"sqlite:///{theirs}", theirs.read_bytes()
    first = import_database(str(theirs), target)
    assert (first.runs, first.sessions, first.incidents, first.baselines) == (3, 6, 2, 2)
    assert exported(target) == exported(source)
    held = counts(target)
    assert held == counts(source)
    second = import_database(source, target)
    assert (second.runs, second.sessions, second.known, second.incidents, second.baselines) == (3, 0, 6, 0, 0)
    assert counts(target) == held
    assert check(target).damaged == ()
    with Store.open_read_only(target) as store, store.engine.connect() as connection:
        assert [one.reason for one in baselines.history(connection, "release")] == ["run 0", "run 2"]
        assert baselines.current(connection)["release"].run_uid == uid("run", 2, 1)
        session = connection.scalar(select(SESSION.c.id).where(SESSION.c.uid == uid("session", 1, 1, 1)))
        assert connection.scalars(select(INCIDENT.c.session_id).order_by(INCIDENT.c.kind)).all() == [
            session,
            None,
        ]
        assert connection.scalar(select(func.count()).where(IMAGE.c.symbols.is_(None))) == 0
    assert theirs.read_bytes() == before


def test_it_goes_beside_what_is_there(
    theirs: Path, target: str, info: RunInfo, record: SessionRecord
) -> None:
    with Store.open(target) as store:
        store.save_session(store.begin_run(info), record)
    import_database(str(theirs), target)
    assert counts(target)["session"] == 7
    assert check(target).damaged == ()


@pytest.mark.parametrize("schema", ["0001", "0003", "0005", "0006"])
def test_an_older_database_is_read_and_left_as_it_is(theirs: Path, url: str, schema: str) -> None:
    writer = engine.writer(engine.parse(f"sqlite:///{theirs}"))
    with writer.begin() as connection:
        run_back(connection, schema)
    writer.dispose()
    before = theirs.read_bytes()
    assert import_database(str(theirs), url).sessions == 6
    assert import_database(str(theirs), url).sessions == 0
    assert theirs.read_bytes() == before
    with sqlite3.connect(theirs) as raw:
        assert raw.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall() == [(schema,)]
    raw.close()


def test_a_backup_of_a_server_is_a_file_that_can_be_imported(
    cluster: Server, theirs: Path, tmp_path: Path, url: str
) -> None:
    served = cluster.new_database()
    import_database(str(theirs), served)
    back_up(served, tmp_path / "backup.db")
    assert exported(f"sqlite:///{tmp_path}/backup.db") == exported(f"sqlite:///{theirs}")
    assert import_database(str(tmp_path / "backup.db"), url).baselines == 2
    back_up(served, tmp_path / "backup.db")


def test_the_database_itself_is_not_imported(theirs: Path, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(theirs)
    for name in ("theirs.db", "link.db"):
        with pytest.raises(StoreError, match="is the database itself"):
            import_database(str(tmp_path / name), f"sqlite:///{theirs}")


def test_a_source_that_there_is_not_is_no_reason_to_run_the_bench(tmp_path: Path, url: str) -> None:
    missing = tmp_path / "none.db"
    with pytest.raises(StoreError, match=f"^there is no database {missing}; name a file, or a URL, to read"):
        import_database(str(missing), url)
    assert not missing.exists()


def test_nothing_is_imported_of_a_database_without_runs(tmp_path: Path, url: str) -> None:
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreError, match=r"no run is stored in .*empty\.db"):
        import_database(str(tmp_path / "empty.db"), url)


def test_a_run_that_cannot_be_stored_whole_is_not_stored(
    theirs: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its second session is refused: the first is not there either, and the runs before it are."""
    with Store.open(url) as store, store.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER refuses BEFORE INSERT ON session WHEN NEW.uid = "
            f"'{uid('session', 1, 1, 1)}' BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
    with pytest.raises(StoreError, match="not this one"):
        import_database(str(theirs), url)
    assert (counts(url)["run"], counts(url)["session"]) == (1, 2)
    with Store.open(url) as store, store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER refuses")
    assert import_database(str(theirs), url).sessions == 4
    assert counts(url) == counts(f"sqlite:///{theirs}")


def test_baselines_are_told_apart_by_their_uids(theirs: Path, url: str) -> None:
    import_database(str(theirs), url)
    with Store.open(url) as store:
        baselines.add(store, Baseline("release", None, "bob", baselines.now(), "sold out"))
        with store.engine.connect() as connection:
            assert baselines.current(connection) == {}
            assert connection.scalar(select(func.count()).select_from(BASELINE)) == 3
    assert import_database(str(theirs), url).baselines == 0
