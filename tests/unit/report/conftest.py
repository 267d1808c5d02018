"""Runs in a database of their own, and reports on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hil import cli
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store
from report_runs import BEGAN, Add, Say, Written, record


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path}/results.db"


@pytest.fixture
def add(url: str) -> Add:
    """Store a run of sessions, a day after the one before it; its number."""
    runs = 0

    def one(*records: SessionRecord, status: Status = Status.FINISHED, **about: object) -> int:
        nonlocal runs
        began = BEGAN + timedelta(days=runs)
        runs += 1
        with Store.open(url) as store:
            info = RunInfo(began, "pytest --board=all", git_branch="main", git_commit=f"{runs:040x}")
            run = store.begin_run(replace(info, **about))  # type: ignore[arg-type]
            for session in records or (record(),):
                store.save_session(run, replace(session, started=began, finished=began))
            store.finish_run(run, status, began + timedelta(minutes=1))
        return run

    return one


@pytest.fixture
def say(url: str, capsys: pytest.CaptureFixture[str]) -> Say:
    """`hil report` with arguments: its exit code and what it printed."""

    def run(*arguments: str, db: str = url, out: str = "report.html") -> tuple[int, str, str]:
        code = cli.main(["report", f"--db={db}", f"--out={out}", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def written(say: Say, tmp_path: Path) -> Written:
    """The text of a report."""

    def write(*arguments: str) -> str:
        code, _, err = say(*arguments)
        assert (code, err) == (0, "")
        return (tmp_path / "report.html").read_text(encoding="utf-8")

    return write
