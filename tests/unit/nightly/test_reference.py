"""What a night is compared with, and which run was the night's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hil.errors import StoreError
from hil.nightly.reference import reference, run_of
from hil.provenance import host_name
from hil_db import naming
from hil_db.incoming import import_database
from hil_db.liveness import birth_of
from hil_db.records import RunInfo, Status
from hil_db.store import Store
from session_records import BEGAN, record

TARGETS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
NAMED = ("GITHUB_HEAD_REF", "GITHUB_REF_TYPE", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_REF_NAME")


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*TARGETS, *NAMED):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/results.db"


def add(
    url: str,
    branch: str | None = "main",
    status: Status = Status.FINISHED,
    sessions: int = 1,
    command: str = "pytest",
) -> int:
    with Store.open(url) as store:
        run = store.begin_run(RunInfo(BEGAN, command, git_branch=branch))
        for _ in range(sessions):
            store.save_session(run, record())
        store.finish_run(run, status)
    return run


def repository(folder: Path, branch: str) -> Path:
    words = (("init", "-q", "-b", branch), ("-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q",
             "--allow-empty", "-m", "x"))  # fmt: skip
    for some in words:
        subprocess.run(["git", *some], cwd=folder, check=True)
    return folder


def found(url: str, folder: Path, baseline: str | None = None) -> int | None:
    run = reference(url, baseline, folder)
    return None if run is None else run.id


def test_nothing_in_a_database_that_is_made(tmp_path: Path, url: str) -> None:
    assert found(url, tmp_path) is None
    assert (tmp_path / "results.db").exists()


def test_the_newest_finished_run_of_the_branch(tmp_path: Path, url: str) -> None:
    repository(tmp_path, "main")
    wanted = add(url)
    add(url, status=Status.FAILED)  # one that was worse
    add(url, status=Status.INTERRUPTED)
    add(url, branch="work")
    add(url, sessions=0)  # one that measured nothing
    assert found(url, tmp_path) == wanted


def test_without_a_repository_the_newest_of_all(tmp_path: Path, url: str) -> None:
    add(url)
    newest = add(url, branch="work")
    assert found(url, tmp_path) == newest
    add(url, branch=None, command="hil bisect v1 main --model m --metric flash_bytes")
    assert found(url, tmp_path) == newest, "a trial of an old commit is no night"
    other = f"sqlite:///{tmp_path}/other.db"
    add(other)
    import_database(f"{tmp_path}/other.db", url)
    assert found(url, tmp_path) == newest, "nor is a run of another lab"


@pytest.mark.parametrize("variable", TARGETS)
def test_in_ci_the_branch_that_a_change_goes_into(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    repository(tmp_path, "work")
    wanted = add(url)
    own = add(url, branch="work")
    assert found(url, tmp_path) == own
    monkeypatch.setenv(variable, "main")
    assert found(url, tmp_path) == wanted
    monkeypatch.setenv(variable, "")  # as GitHub sets it for a push
    assert found(url, tmp_path) == own
    monkeypatch.setenv(variable, "release")
    assert found(url, tmp_path) is None


def test_a_branch_called_like_a_number_is_a_branch(tmp_path: Path, url: str) -> None:
    repository(tmp_path, "1")
    add(url)
    assert found(url, tmp_path) is None
    wanted = add(url, branch="1")
    assert found(url, tmp_path) == wanted


def test_a_baseline_of_the_branchs_name_stands_for_it(tmp_path: Path, url: str) -> None:
    repository(tmp_path, "main")
    accepted = add(url, status=Status.FAILED)
    add(url)
    naming.name_run(url, "main", str(accepted), "ann", "meant")
    assert found(url, tmp_path) == accepted


def test_a_baseline_that_is_named_has_to_be_there(tmp_path: Path, url: str) -> None:
    wanted = add(url)
    assert found(url, tmp_path, "main") == wanted
    with pytest.raises(StoreError, match="did you mean 'main'"):
        found(url, tmp_path, "mian")


def test_the_run_of_a_process(url: str) -> None:
    birth = birth_of(os.getpid())
    with Store.open(url) as store:
        store.begin_run(RunInfo(BEGAN, "pytest", host="elsewhere", pid=os.getpid()))
    assert run_of(url, os.getpid(), birth) is None
    with Store.open(url) as store:
        run = store.begin_run(RunInfo(BEGAN, "pytest", host=host_name(), pid=os.getpid()))
    assert run_of(url, os.getpid(), birth) == (run, Status.RUNNING)
    assert run_of(url, os.getpid(), "another boot/1") is None
