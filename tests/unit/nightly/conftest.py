"""Nights whose bench stores what a test says, in a pytest of its own as ever, but without a board."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hil_db.records import RunInfo, Status
from hil_db.store import Store
from postgres_server import running_server
from session_records import BEGAN, record

# In the place of the bench's suite: tests that store sessions of a made-up image, as `what` asks.
BENCH = """
import json, os, signal, sys, time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, {support!r})
from hil.errors import ProbeError
from hil_db.records import RunInfo, Status
from hil_db.store import Store
from session_records import BEGAN, record
from hil.commit import commit_of
from hil.provenance import host_name

ASKED = json.loads(Path("asked.json").read_text())


def test_image():
    if not ASKED["stores"]:
        raise ProbeError("no probe answers")
    with Store.open({url!r}) as store:
        commit = commit_of(Path.cwd())
        run = store.begin_run(
            RunInfo(BEGAN, "pytest", host=host_name(), pid=os.getpid(), git_branch=commit.branch)
        )
        made = record(ASKED["cycles"])
        store.save_session(run, made)
        if ASKED["dead"]:
            store.save_session(run, replace(record(board="dead"), status=Status.FAILED, error="no answer"))
        if ASKED["dies"]:
            os.kill(os.getpid(), getattr(signal, ASKED["dies"]))
        if ASKED["waits"]:
            Path("waiting").touch()
            time.sleep(600)
        store.finish_run(run, Status.FAILED if ASKED["fails"] or ASKED["dead"] else Status.FINISHED)
    if ASKED["dead"]:
        raise ProbeError("no answer")
    assert not ASKED["fails"], "outputs <b>differ</b>"
"""


@dataclass(frozen=True)
class Desk:
    """A folder with a made-up bench, in which nights are run."""

    folder: Path
    url: str

    @property
    def newest(self) -> Path:
        return self.folder / "nightly" / "newest"

    def arguments(self, *arguments: str) -> list[str]:
        """What follows `hil`; options of the bench stand behind a ``--``."""
        ours, _, theirs = " ".join(arguments).partition("-- ")
        return ["nightly", f"--db={self.url}", *ours.split(), "--", *theirs.split(), "bench.py"]

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "hil", *self.arguments(*arguments)]

    def ask(self, cycles: int = 1000, **others: bool | str) -> None:
        """What the bench of the nights from now on does."""
        asked = {"stores": True, "dead": False, "dies": "", "waits": False, "fails": False, "cycles": cycles}
        asked |= others
        (self.folder / "asked.json").write_text(json.dumps(asked))

    def seed(self, status: Status = Status.FINISHED, branch: str | None = None) -> None:
        """Store what a night would have stored that went before."""
        with Store.open(self.url) as store:
            run = store.begin_run(RunInfo(BEGAN, "pytest", git_branch=branch))
            store.save_session(run, record())
            store.finish_run(run, status)

    def night(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    folder = tmp_path / "a desk"  # names with spaces are names
    folder.mkdir()
    return make_desk(folder, f"sqlite:///{folder}/results.db")


@pytest.fixture
def desk_with_server(tmp_path: Path) -> Iterator[Desk]:
    """The same, with results in PostgreSQL."""
    with running_server() as server:
        yield make_desk(tmp_path, server.new_database())


def make_desk(folder: Path, url: str) -> Desk:
    one = Desk(folder, url)
    support = Path(__file__).parents[2] / "support"
    (folder / "bench.py").write_text(BENCH.format(support=str(support), url=url))
    one.ask()
    return one
