"""What a night is compared with, known before anything is flashed; and which run was the night's."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from sqlalchemy import Connection, select

from hil.commit import commit_of
from hil_db import baselines, engine
from hil_db.liveness import status_now
from hil_db.records import Status
from hil_db.references import StoredRun, baseline_run, newest_first
from hil_db.schema import RUN, SESSION
from hil_db.store import Store
from hil_db.trials import is_no_trial

# Where CI says which branch a change is to be merged into; empty or unset otherwise.
_TARGETS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")


def reference(url: str | None, baseline: str | None, folder: Path) -> StoredRun | None:
    """The run to compare with: the baseline, or else the newest finished run of the branch.

    The branch is the one that a change is to be merged into, where CI says so, or else the one checked out in
    ``folder``; without a repository it is the newest finished run of all. A baseline of the branch's name
    stands for the branch, as everywhere. None when there is no such run yet; StoreError when the baseline
    does not exist, or the database cannot be written.
    """
    with (
        Store.open(url) as store,
        engine.explained(store.url),
        engine.looking(store.engine).connect() as connection,
    ):
        with store.writing():
            pass  # what is locked or read-only costs no bench
        name = baseline if baseline is not None else _newest(connection, branch_of(folder))
        return None if name is None else baseline_run(connection, name, store.url)


def branch_of(folder: Path) -> str | None:
    """The branch whose runs are compared with; None where nothing tells."""
    return next(filter(None, map(os.environ.get, _TARGETS)), None) or commit_of(folder).branch


def _newest(connection: Connection, branch: str | None) -> str | None:
    if branch is not None and branch in baselines.current(connection):
        return branch
    of_branch = [] if branch is None else [RUN.c.git_branch == branch]
    with_results = select(SESSION.c.id).where(SESSION.c.run_id == RUN.c.id).exists()
    query = select(RUN.c.id).where(RUN.c.status == Status.FINISHED, with_results, is_no_trial(), *of_branch)
    found = connection.scalar(query.order_by(*newest_first()).limit(1))
    return None if found is None else str(found)


def run_of(url: str | None, pid: int, birth: str | None) -> tuple[int, Status] | None:
    """The run that a process of this machine stored, and how it ended; None when it stored none."""
    with (
        Store.open_read_only(url) as store,
        engine.explained(store.url),
        store.engine.connect() as connection,
    ):
        of_process = [RUN.c.host == socket.gethostname(), RUN.c.pid == pid]
        if birth is not None:
            of_process.append(RUN.c.pid_birth == birth)
        row = connection.execute(select(RUN).where(*of_process).order_by(RUN.c.id.desc()).limit(1)).first()
        if row is None:
            return None
        return row.id, status_now(row.status, row.host, row.pid, row.pid_birth)
