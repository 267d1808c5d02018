"""What `hil export` prints."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hil.errors import StoreError
from hil.values import Measure, Method
from hil_db.export import COLUMNS, export
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store

HEADER = (
    "run,time,board,kind,model,precision,metric,value,unit,method,technique,resolution,low,high,conditions,"
    "git_commit,git_dirty,git_note"
)


def text(url: str, run: str, form: str = "csv") -> str:
    out = io.StringIO()
    export(url, run, form, out)
    return out.getvalue()


def test_csv_to_the_byte(url: str, seed: Callable[[], int]) -> None:
    seed()
    commit = f"{'d' * 40},True,"
    same = "1,2026-11-24T03:00:07Z,qemu,qemu_mps2_an386,fastgrnn_digits,q15"
    assert text(url, "latest") == (
        f"{HEADER}\n"
        f"{same},accuracy,0.983,1,counted,labels,0.001851851851851852,,,{{}},{commit}\n"
        f"{same},instructions,35120,instructions,counted,timer,40,,,{{}},{commit}\n"
        f"{same},stream_s,5.25,s,measured,host-clock,,,,{{}},{commit}\n"
    )


def test_json_says_the_same(url: str, seed: Callable[[], int]) -> None:
    seed()
    rows = json.loads(text(url, "latest", "json"))
    assert all(tuple(row) == COLUMNS for row in rows)
    told = [["" if cell is None else str(cell) for cell in row.values()] for row in rows]
    assert told == list(csv.reader(io.StringIO(text(url, "latest"))))[1:]
    assert rows[0]["value"] == 0.983
    assert rows[0]["run"] == 1


def test_a_band_and_conditions_are_told(url: str, store: Store, info: RunInfo, record: SessionRecord) -> None:
    conditions = {"wait_states": 0.0, "clock_hz": 25e6, "cache": "off, always"}
    estimate = Measure(
        "latency_us", 2448.5, "us", Method.ESTIMATED, "cycle-model-1", None, (2375.0, 2987.25), conditions
    )
    store.save_session(store.begin_run(info), replace(record, measures=(estimate,)))
    (row,) = json.loads(text(url, "latest", "json"))
    assert (row["low"], row["high"], row["resolution"]) == (2375, 2987.25, None)
    assert row["conditions"] == conditions
    (line,) = csv.DictReader(io.StringIO(text(url, "latest")))
    assert line["conditions"] == '{"cache": "off, always", "clock_hz": 25000000, "wait_states": 0}'
    assert (line["low"], line["high"], line["resolution"]) == ("2375", "2987.25", "")


def test_what_the_commit_does_not_hold_is_told(
    url: str, store: Store, info: RunInfo, record: SessionRecord
) -> None:
    info = replace(info, git_commit=None, git_dirty=None, git_note="no commit: git is not installed")
    store.save_session(store.begin_run(info), record)
    rows = json.loads(text(url, "latest", "json"))
    assert {(row["git_commit"], row["git_dirty"], row["git_note"]) for row in rows} == {
        (None, None, info.git_note)
    }


def runs(url: str, which: str) -> list[int]:
    return [row["run"] for row in json.loads(text(url, which, "json"))]


@pytest.mark.parametrize("board", ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "a\r=1", "\t=1", "\n=1"])
def test_no_text_becomes_a_formula(
    url: str, store: Store, info: RunInfo, record: SessionRecord, board: str
) -> None:
    store.save_session(store.begin_run(info), replace(record, board=board))
    (told, *_) = csv.DictReader(io.StringIO(text(url, "all"), newline=""))
    assert told["board"] == (f"'{board}" if board.isprintable() else board.encode("unicode_escape").decode())
    assert json.loads(text(url, "all", "json"))[0]["board"] == board


def test_numbers_below_zero_stay_numbers(
    url: str, store: Store, info: RunInfo, record: SessionRecord
) -> None:
    below = replace(record.measures[0], value=-1.5, band=None)
    store.save_session(store.begin_run(info), replace(record, measures=(below,)))
    (told,) = csv.DictReader(io.StringIO(text(url, "all")))
    assert told["value"] == "-1.5"


def test_latest_all_and_one(url: str, seed: Callable[[], int]) -> None:
    assert [seed(), seed(), seed()] == [1, 2, 3]
    assert runs(url, "latest") == [3] * 3
    assert runs(url, "2") == [2] * 3
    assert runs(url, "all") == [1] * 3 + [2] * 3 + [3] * 3


def test_latest_is_the_newest_run_with_results(
    url: str, seed: Callable[[], int], store: Store, info: RunInfo, record: SessionRecord
) -> None:
    seed()
    empty = store.begin_run(info)
    assert runs(url, "latest") == [1] * 3
    assert text(url, str(empty)) == HEADER + "\n"
    later = store.begin_run(replace(info, started=info.started + timedelta(hours=2)))
    between = store.begin_run(replace(info, started=info.started + timedelta(hours=1)))
    for run in (later, between):  # one that ran before the other, and was stored after it
        store.save_session(run, record)
    assert runs(url, "latest") == [later] * 3


def test_no_run_with_results(url: str, store: Store, info: RunInfo) -> None:
    store.begin_run(info)
    with pytest.raises(
        StoreError, match=r"no run in .*results\.db has results; run `pytest --board=all --db="
    ):
        text(url, "latest")


@pytest.mark.parametrize("run", ["7", "newest", "-1", "1.0", "", "²", "9" * 30, "9" * 5000, "1 or 1=1"])
def test_an_unknown_run(url: str, seed: Callable[[], int], run: str) -> None:
    seed()
    with pytest.raises(StoreError) as caught:
        text(url, run)
    assert repr(run) in caught.value.what
    assert "results.db" in caught.value.what
    assert "latest, all" in str(caught.value)


def test_no_run_at_all(url: str, store: Store) -> None:
    for run in ("latest", "1"):
        with pytest.raises(StoreError, match=r"no run .*results\.db.*; run `pytest --board=all --db="):
            text(url, run)
    assert text(url, "all") == HEADER + "\n"
    assert json.loads(text(url, "all", "json")) == []


def test_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no database .*none\.db.*--db"):
        text(f"sqlite:///{tmp_path}/none.db", "latest")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_printed_when_it_fails(url: str, store: Store) -> None:
    out = io.StringIO()
    with pytest.raises(StoreError):
        export(url, "latest", "csv", out)
    assert out.getvalue() == ""


def test_values_survive_to_the_last_digit_and_commas_are_quoted(
    url: str, store: Store, info: RunInfo, record: SessionRecord
) -> None:
    value = 0.1 + 0.2
    measure = Measure("load_s", value, "s", Method.MEASURED, 'clock, "wall"')
    odd = replace(record, board="béta,1", measures=(measure,), started=record.started - timedelta(days=1))
    run = store.begin_run(info)
    store.save_session(run, odd)
    store.finish_run(run, Status.FINISHED, info.started)
    (row,) = csv.DictReader(io.StringIO(text(url, "latest")))
    assert float(row["value"]) == value
    assert (row["board"], row["technique"]) == ("béta,1", 'clock, "wall"')
    assert row["time"] == "2026-11-23T03:00:07Z"
