"""What `hil export --incidents` prints."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from hil import cli
from hil.errors import StoreError
from hil_db.export_incidents import COLUMNS, export_incidents
from hil_db.records import Incident, RunInfo, SessionRecord
from hil_db.store import Store


def text(url: str, run: str = "latest", form: str = "csv") -> str:
    out = io.StringIO()
    export_incidents(url, run, form, out)
    return out.getvalue()


@pytest.fixture
def stored(store: Store, info: RunInfo, record: SessionRecord) -> int:
    """A board that was reset and power-cycled in a session, and a run in which nothing befell any."""
    began = record.started
    reset = Incident("desk-1", "stopped answering", "reset", began, "desk-1: silent, 7 B")
    cycled = Incident("desk-1", "debug probe failed", "power-cycled", began + timedelta(minutes=1), None, 2.5)
    run = store.begin_run(info)
    store.save_session(run, replace(record, incidents=(cycled, reset)))
    away = Incident("desk-2", "offline", "=left out", began, "no probe")
    store.save_incidents(run, [replace(away, time=began - timedelta(minutes=1))])
    quiet = store.begin_run(replace(info, uid=None))
    store.save_session(quiet, replace(record, uid=None))
    return run


def test_incidents_to_the_byte_the_oldest_first(url: str, stored: int) -> None:
    assert text(url, str(stored)) == (
        "run,time,board,model,precision,incident,action,seconds,evidence\n"
        "1,2026-11-24T02:59:07Z,desk-2,,,offline,'=left out,,no probe\n"
        '1,2026-11-24T03:00:07Z,desk-1,fastgrnn_digits,q15,stopped answering,reset,,"desk-1: silent, 7 B"\n'
        "1,2026-11-24T03:01:07Z,desk-1,fastgrnn_digits,q15,debug probe failed,power-cycled,2.5,\n"
    )


def test_json_has_the_same(url: str, stored: int) -> None:
    rows = json.loads(text(url, "all", "json"))
    assert [tuple(row) for row in rows] == [COLUMNS] * 3
    assert [row["seconds"] for row in rows] == [None, None, 2.5]


def test_a_run_without_any_has_a_head_alone(url: str, stored: int) -> None:
    assert text(url) == ",".join(COLUMNS) + "\n"


def test_a_run_that_is_none_is_told(url: str, stored: int) -> None:
    with pytest.raises(StoreError, match="there is no run '7'"):
        text(url, "7")


def test_the_command_prints_them_or_profiles(
    url: str, stored: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["export", "--incidents", "--run=1", f"--db={url}"]) == 0
    assert capsys.readouterr().out == text(url, "1")
    assert cli.main(["export", "--incidents", "--profile=functions", f"--db={url}"]) == 2
