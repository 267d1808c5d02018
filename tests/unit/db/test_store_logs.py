"""What happened in each session: stored, copied, checked, printed, and gone with its run."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hil import cli
from hil.logbook import LogLine
from hil_db import logs
from hil_db.checking import check
from hil_db.export_logs import COLUMNS, export_logs
from hil_db.incoming import import_database
from hil_db.pruning import Limits, prune
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.schema import SESSION_LOG
from hil_db.store import Store


@pytest.fixture
def logged(record: SessionRecord) -> SessionRecord:
    """Whose log has what is hard to keep: another script, a password, a break, a zero."""
    texts = (
        "connected to µ in 0.1 s",
        "postgresql://lab:secret@host/hil said\nno",
        "a zero \0, an escape \udce9",
    )
    lines = [
        LogLine(record.started + timedelta(milliseconds=5 * place), one) for place, one in enumerate(texts)
    ]
    return replace(record, log=tuple(lines))


KEPT = ["connected to µ in 0.1 s", "postgresql://lab:***@host/hil said no", "a zero \\x00, an escape \\udce9"]


def read(url: str, session: int = 1) -> tuple[LogLine, ...]:
    with Store.open_read_only(url) as store, store.engine.connect() as connection:
        return logs.read(connection, session)


def test_lines_come_back_with_their_times(
    store: Store, url: str, info: RunInfo, logged: SessionRecord
) -> None:
    store.save_session(store.begin_run(info), logged)
    lines = read(url)
    assert [line.text for line in lines] == KEPT
    assert [line.time for line in lines] == [line.time for line in logged.log]


def test_a_session_without_a_log_has_none(
    store: Store, url: str, info: RunInfo, record: SessionRecord
) -> None:
    store.save_session(store.begin_run(info), record)
    assert read(url) == ()


def test_a_log_is_imported_and_pruned_with_its_session(
    store: Store, url: str, info: RunInfo, logged: SessionRecord, tmp_path: Path
) -> None:
    run = store.begin_run(info)
    store.save_session(run, logged)
    store.finish_run(run, Status.FINISHED)
    target = f"sqlite:///{tmp_path}/mine.db"
    import_database(url, target)
    assert read(target) == read(url) != ()
    prune(target, Limits(runs=0, samples_only=True), really=True)
    assert read(target) == read(url)
    prune(target, Limits(runs=0), really=True)
    with Store.open_read_only(target) as left, left.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(SESSION_LOG)) == 0
    assert check(target).damaged == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE session_log SET blob = substr(blob, 1, 20)", "it is damaged: "),
        ("UPDATE session_log SET blob = x'00'", "it is damaged: "),
        ("UPDATE session_log SET blob = 'text'", ""),
        ("UPDATE session_log SET lines = 2", "it has 3 lines instead of 2"),
    ],
)
def test_a_damaged_log_is_named(
    store: Store, url: str, info: RunInfo, logged: SessionRecord, tmp_path: Path, change: str, told: str
) -> None:
    store.save_session(store.begin_run(info), logged)
    assert check(url).damaged == ()
    with closing(sqlite3.connect(tmp_path / "results.db")) as raw:
        raw.execute(change)
        raw.commit()
    assert [line[: len(f"the log of session 1: {told}")] for line in check(url).damaged] == [
        f"the log of session 1: {told}"
    ]


def test_logs_are_printed_a_row_for_each_line(
    store: Store, url: str, info: RunInfo, logged: SessionRecord, capsys: pytest.CaptureFixture[str]
) -> None:
    store.save_session(store.begin_run(info), logged)
    out = io.StringIO()
    export_logs(url, "latest", "csv", out)
    assert out.getvalue().splitlines()[:2] == [
        ",".join(COLUMNS),
        "1,1,qemu,fastgrnn_digits,q15,2026-11-24T03:00:07.250Z,connected to µ in 0.1 s",
    ]
    assert cli.main(["export", "--logs", "--format=json", f"--db={url}"]) == 0
    assert [row["line"] for row in json.loads(capsys.readouterr().out)] == KEPT
