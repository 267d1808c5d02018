"""`hil power trace`: which traces there are, and one of them in a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from hil.cli import main
from hil.power.files import load
from hil_db.pruning import Limits, prune
from hil_db.records import RunInfo, Status
from hil_db.store import Store
from power_passes import clipped_pass, power_pass
from session_records import BEGAN, record

Say = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A run of two sessions, one with a pass and one with two; a later one that no probe saw."""
    place = f"sqlite:///{tmp_path}/results.db"
    with Store.open(place) as store:
        run = store.begin_run(RunInfo(BEGAN, "pytest --board=all"))
        store.save_session(run, replace(record(model="a"), passes=(power_pass(0),)))
        two = (power_pass(1), clipped_pass(2, 1))
        store.save_session(run, replace(record(model="b"), passes=two))
        store.finish_run(run, Status.FINISHED)
        bare = store.begin_run(RunInfo(BEGAN.replace(day=25), "pytest --board=all"), record())
        store.finish_run(bare, Status.FINISHED)
    return place


@pytest.fixture
def say(url: str, capsys: pytest.CaptureFixture[str]) -> Say:
    def command(*words: str) -> tuple[int, list[str]]:
        code = main(["power", "trace", *words, f"--db={url}"])
        told = capsys.readouterr()
        return code, (told.out + told.err).splitlines()

    return command


def test_the_traces_of_a_run_are_listed(say: Say) -> None:
    code, (head, _, *rows) = say("1")
    assert code == 0
    assert head.split() == ["run", "session", "pass", "board", "model", "seconds", "windows", "trace"]
    assert [row.split()[:9] for row in rows] == [
        ["1", "1", "0", "qemu", "a/q15", "0.600", "4", "of", "4"],
        ["1", "2", "0", "qemu", "b/q15", "0.600", "4", "of", "4"],
        ["1", "2", "1", "qemu", "b/q15", "0.600", "3", "of", "4"],
    ]
    assert all(row.endswith(" KiB, ppk2") for row in rows)


def test_a_run_without_a_probe_has_none(say: Say) -> None:
    assert say() == (0, ["no power probe saw any of these sessions"])
    assert say("--out=x.csv") == (
        1,
        ["hil: no power probe saw any of these sessions; see `hil power trace`"],
    )


def test_traces_that_are_gone_are_told_in_the_list_and_when_asked_for(
    say: Say, url: str, tmp_path: Path
) -> None:
    prune(url, Limits(runs=1, traces_only=True), really=True)
    assert all("none: it was pruned on 20" in row for row in say("1")[1][2:])
    code, (line,) = say("--session=1", f"--out={tmp_path}/x.csv")
    assert code == 1
    assert line.startswith("hil: there is no trace of pass 0 of session 1 (qemu, a/q15) (it was pruned on 20")


def test_a_missing_file_is_told(say: Say, url: str, tmp_path: Path) -> None:
    for file in (tmp_path / "results.db.traces").rglob("*.parquet"):
        file.unlink()
    assert all(f"missing: {tmp_path}/results.db.traces/" in row for row in say("1")[1][2:])
    code, (line,) = say("--session=1", f"--out={tmp_path}/x.csv")
    assert code == 1
    assert "is missing; restore a copy of it" in line


def test_one_pass_is_written_in_each_form(say: Say, tmp_path: Path) -> None:
    meant = power_pass(1).trace
    one = ("--session=2", "--pass=0")
    code, (line,) = say(*one, f"--out={tmp_path}/t.csv")
    assert code == 0
    assert line == f"{tmp_path}/t.csv: pass 0 of session 2 (qemu, b/q15): 60,000 samples, 0.600 s at 3 V"
    head, *rows = (tmp_path / "t.csv").read_text().splitlines()
    assert head == "seconds,current_a,digital,flaw"
    assert len(rows) == len(meant)
    assert float(rows[777].split(",")[1]) == pytest.approx(float(meant.current_a[777]), rel=1e-5)
    assert say(*one, f"--out={tmp_path}/t.parquet")[0] == 0
    table = pyarrow.parquet.read_table(tmp_path / "t.parquet")
    assert table.column_names == ["seconds", "current_a", "digital", "flaw"]
    assert np.array_equal(table["current_a"].to_numpy(), meant.current_a, equal_nan=True)
    assert table["seconds"][777].as_py() == pytest.approx(0.00777)
    assert say(*one, "--raw", f"--out={tmp_path}/raw.parquet")[0] == 0
    assert np.array_equal(load(tmp_path / "raw.parquet").raw, meant.raw)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("1", "--out=x.csv"),
            "3 passes are chosen (session 1 pass 0, session 2 pass 0, session 2 pass 1); ",
        ),
        (("--session=99",), "there is no session 99 in "),
        (("99",), "there is no run "),
        (("1", "--out=x.txt"), "x.txt ends neither in .csv nor in .parquet; name another file"),
        (("1", "--raw"), "what is kept is Parquet; name a file that ends in .parquet by --out"),
    ],
)
def test_what_cannot_be_told_apart_or_is_not_there(say: Say, words: tuple[str, ...], told: str) -> None:
    code, (line,) = say(*words)
    assert code == 1
    assert line.startswith(f"hil: {told}")
