"""What a name of a run stands for, and what is said of one that stands for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from hil.errors import StoreError
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.references import StoredRun, baseline_run, checked_run, run_id
from hil_db.schema import BASELINE
from hil_db.store import Store
from postgres_server import Server, running_server

BEGAN = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
Add = Callable[..., int]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, url: str) -> str:
    if request.param == "sqlite":
        return url
    running: Server = request.getfixturevalue("server")
    return running.new_database()


@pytest.fixture
def add(store: Store, info: RunInfo, record: SessionRecord) -> Add:
    """Stores a run of one session, each a day after the one before; returns its id."""
    count = 0

    def one(uid: str, status: Status | None = Status.FINISHED, **about: object) -> int:
        nonlocal count
        count += 1
        about = {"started": BEGAN + timedelta(days=count), "uid": uid, **about}
        run = store.begin_run(replace(info, **about))  # type: ignore[arg-type]
        store.save_session(run, record)
        if status is not None:
            store.finish_run(run, status)
        return run

    return one


def name_baseline(store: Store, name: str, run_uid: str | None) -> None:
    row = {"uid": f"{name}{run_uid}"[:32], "name": name, "run_uid": run_uid, "author": "ann", "time": BEGAN}
    with store.engine.begin() as connection:
        connection.execute(insert(BASELINE), {**row, "reason": "released"})


def baseline(store: Store, name: str, run: StoredRun | None = None) -> StoredRun:
    with store.engine.connect() as connection:
        return baseline_run(connection, name, store.url, run)


def checked(store: Store, name: str = "latest") -> StoredRun:
    with store.engine.connect() as connection:
        return checked_run(connection, name, store.url)


def refused(store: Store, name: str, run: StoredRun | None = None) -> str:
    with pytest.raises(StoreError) as error:
        baseline(store, name, run)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_every_kind_of_name(store: Store, add: Add) -> None:
    first = add("a1b2c3" + "0" * 26, git_branch="main", git_commit="1" * 40, git_tags=("v1", "nightly"))
    second = add("a1b2ff" + "0" * 26, git_branch="main", git_commit="2" * 40)
    third = add("c" * 32, git_branch="topic", git_commit="3" * 40)
    name_baseline(store, "release", "a1b2c3" + "0" * 26)
    run = checked(store)
    assert run.id == third
    told = {
        str(first): first,
        "release": first,
        "v1": first,
        "nightly": first,
        "1" * 7: first,
        "a1b2c3": first,
        "A1B2C300-0000-0000-0000-000000000000": first,
        "a1b2ff": second,
        "main": second,
        "latest": second,
    }
    assert {name: baseline(store, name, run).id for name in told} == told
    told["latest"] = third
    with store.engine.connect() as connection:
        assert {name: run_id(connection, name, store.url) for name in told} == told


def test_a_branch_is_its_newest_finished_run_and_never_the_run_itself(store: Store, add: Add) -> None:
    first = add("a" * 32, git_branch="main")
    add("b" * 32, Status.FAILED, git_branch="main")
    last = add("c" * 32, git_branch="main")
    assert baseline(store, "main").id == last
    assert baseline(store, "main", checked(store, str(last))).id == first


def test_the_run_to_look_at_is_the_newest_that_ended_however(store: Store, add: Add) -> None:
    add("a" * 32)
    failed = add("b" * 32, Status.FAILED)
    add("c" * 32, None, host="elsewhere")  # which is still running, as far as can be told
    assert checked(store).id == failed


def test_a_baseline_is_the_newest_of_its_name_until_it_is_removed(store: Store, add: Add) -> None:
    runs = [add(letter * 32) for letter in "abc"]
    name_baseline(store, "release", "a" * 32)
    name_baseline(store, "release", "b" * 32)
    assert baseline(store, "release").id == runs[1]
    name_baseline(store, "release", None)
    assert "'release'" in refused(store, "release")
    name_baseline(store, "pruned", "f" * 32)
    assert "is not in" in refused(store, "pruned")


@pytest.mark.parametrize(("name", "near"), [("mian", "main"), ("releas", "release"), ("v1.O", "v1.0")])
def test_a_name_that_nothing_has_is_told_with_the_nearest(
    store: Store, add: Add, name: str, near: str
) -> None:
    add("a" * 32, git_branch="main", git_tags=("v1.0",))
    name_baseline(store, "release", "a" * 32)
    assert f"did you mean '{near}'?" in refused(store, name)


def test_what_cannot_be_meant(store: Store, add: Add) -> None:
    assert "there is no run 'main' in " in refused(store, "main")
    assert "run `pytest --board=all" in refused(store, "main")
    add("abcd" * 8, git_branch="main")
    add("abcd" * 7 + "0000", Status.FAILED, git_branch="broken")
    run = checked(store, "1")
    said = refused(store, "zzzzzzzzzz")
    assert "use latest or one of 2, 1; names: broken, main" in said
    assert "no baseline, branch, tag or commit is called so" in said
    assert "UUIDs of several runs" in refused(store, "abcd")
    for number in ("9", str((1 << 31) + 1), "9" * 30):
        assert f"there is no run '{number}' in " in refused(store, number)
    assert "is empty" in refused(store, "")
    assert "no finished run" in refused(store, "broken")
    assert "run 2 failed" in refused(store, "broken")
    assert "run 1 is the one to compare" in refused(store, "main", run)
    assert "itself" in refused(store, "1", run)


def test_a_database_without_results(store: Store) -> None:
    with store.engine.connect() as connection, pytest.raises(StoreError, match="no run with results"):
        checked_run(connection, "latest", store.url)
