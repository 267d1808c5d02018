"""What `hil export --profile` prints."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from hil import cli
from hil.errors import StoreError
from hil.measure.profile import Profile
from hil_db.export_profile import CLASS_COLUMNS, FUNCTION_COLUMNS, export_profile
from hil_db.records import RunInfo, SessionRecord
from hil_db.store import Store


def text(url: str, view: str, run: str = "latest", form: str = "csv") -> str:
    out = io.StringIO()
    export_profile(url, run, view, form, out)
    return out.getvalue()


@pytest.fixture
def profiled(record: SessionRecord, profile: Profile) -> SessionRecord:
    return replace(record, profile=profile)


@pytest.fixture
def stored(store: Store, info: RunInfo, profiled: SessionRecord) -> int:
    run = store.begin_run(info)
    store.save_session(run, profiled)
    return run


CASE = "1,2026-11-24T03:00:07Z,qemu,qemu_mps2_an386,fastgrnn_digits,q15,cycle-model-1,540"


def test_functions_to_the_byte(url: str, stored: int) -> None:
    assert text(url, "functions") == (
        "run,time,board,kind,model,precision,technique,inferences,function,calls,instructions,own_cycles,"
        "total_cycles,calls_per_inference,instructions_per_inference,own_cycles_per_inference,"
        "total_cycles_per_inference\n"
        f"{CASE},step,4320,54000,70200,102600,8,100,130,190\n"
        f"{CASE},tanh,16200,32400,32400,32400,30,60,60,60\n"
        f"{CASE},model_run,540,3780,5401,108001,1,7,10.002,200.002\n"
    )


def test_classes_to_the_byte_the_dearest_first(url: str, stored: int) -> None:
    assert text(url, "classes") == (
        "run,time,board,kind,model,precision,technique,inferences,class,instructions,cycles,"
        "instructions_per_inference,cycles_per_inference\n"
        f"{CASE},load,57780,75601,107,140.002\n"
        f"{CASE},alu,32400,32400,60,60\n"
    )


@pytest.mark.parametrize(("view", "columns"), [("functions", FUNCTION_COLUMNS), ("classes", CLASS_COLUMNS)])
def test_json_says_the_same(url: str, stored: int, view: str, columns: tuple[str, ...]) -> None:
    rows: list[dict[str, Any]] = json.loads(text(url, view, form="json"))
    assert all(tuple(row) == columns for row in rows)
    told = [[str(cell) for cell in row.values()] for row in rows]
    assert told == list(csv.reader(io.StringIO(text(url, view))))[1:]


def test_folded_stacks_stand_under_model_and_precision(url: str, stored: int) -> None:
    assert text(url, "folded").splitlines() == [
        "fastgrnn_digits/q15;model_run 5401",
        "fastgrnn_digits/q15;model_run;step 70200",
        "fastgrnn_digits/q15;model_run;step;tanh 32400",
    ]


def test_folded_stacks_of_different_boards_and_runs_do_not_add_up(
    url: str, stored: int, store: Store, info: RunInfo, profiled: SessionRecord
) -> None:
    second = store.begin_run(info)
    store.save_session(second, profiled)
    store.save_session(second, replace(profiled, board="b;2"))
    roots = {line.partition(";model_run")[0] for line in text(url, "folded").splitlines()}
    assert roots == {"qemu;fastgrnn_digits/q15", "b,2;fastgrnn_digits/q15"}
    lines = text(url, "folded", "all").splitlines()
    assert "run 1;qemu;fastgrnn_digits/q15;model_run;step 70200" in lines
    stacks = [line.rpartition(" ")[0] for line in lines]
    assert len(set(stacks)) == len(stacks) == 9


def test_runs_are_chosen_as_for_measures(
    url: str, stored: int, store: Store, info: RunInfo, profiled: SessionRecord
) -> None:
    store.save_session(store.begin_run(info), profiled)

    def runs(which: str) -> set[int]:
        return {row["run"] for row in json.loads(text(url, "classes", which, "json"))}

    assert (runs("latest"), runs("1"), runs("all")) == ({2}, {1}, {1, 2})
    with pytest.raises(StoreError, match="there is no run '7'"):
        text(url, "functions", "7")


@pytest.mark.parametrize("view", ["functions", "folded", "classes"])
def test_a_run_without_a_profile(
    url: str, store: Store, info: RunInfo, record: SessionRecord, view: str
) -> None:
    store.save_session(store.begin_run(info), record)
    for run, said in (("latest", "no session of run 1 in "), ("all", "no run in ")):
        out = io.StringIO()
        with pytest.raises(StoreError, match=rf"{said}.*results\.db has a profile; .*--board=qemu"):
            export_profile(url, run, view, "csv", out)
        assert out.getvalue() == ""


def test_the_command_prints_them(url: str, stored: int, capsys: pytest.CaptureFixture[str]) -> None:
    for view in ("functions", "folded", "classes"):
        assert cli.main(["export", f"--profile={view}", f"--db={url}"]) == 0
        assert capsys.readouterr().out == text(url, view)
    assert cli.main(["export", "--profile=classes", "--format=json", f"--db={url}"]) == 0
    assert capsys.readouterr().out == text(url, "classes", form="json")
    assert cli.main(["export", f"--db={url}"]) == 0
    assert capsys.readouterr().out.startswith("run,time,board,kind,model,precision,metric,")
    assert cli.main(["export", "--profile=folded", "--format=json", f"--db={url}"]) == 1
    assert "leave --format out" in capsys.readouterr().err
