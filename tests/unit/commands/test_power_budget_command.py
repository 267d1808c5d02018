"""`hil power budget`: from a database or from options, in both forms, and what it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from energy_records import MODEL, measured
from hil import cli
from hil.measure.budget import Battery, Load
from hil.metrics import CURRENT_IDLE
from hil.values import Method
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store
from power_traces import IDLE_A, RUN_A, VOLTS
from session_records import BEGAN, record

BATTERY = ("--capacity-mah=220", "--battery-v=3")
GIVEN = ("--energy-uj=12.5", "--idle-ma=0.003", "--supply-v=3.3")
# Of the made-up traces: spans of 10 ms, of ten inferences.
LOAD = Load(RUN_A * VOLTS * 0.001, 0.001, IDLE_A * VOLTS)
USUAL = Battery(220.0, 3.0, 0.8, 0.02, 0.85)
Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path}/results.db"


def store(url: str, *sessions: SessionRecord, day: int = 0) -> None:
    began = BEGAN + timedelta(days=day)
    with Store.open(url) as opened:
        run = opened.begin_run(RunInfo(began, "pytest", git_branch="main"))
        for session in sessions:
            opened.save_session(run, session)
        opened.finish_run(run, Status.FINISHED, began + timedelta(minutes=1))


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    def run(*arguments: str, per_hour: float = 60) -> tuple[int, str, str]:
        code = cli.main(["power", "budget", f"--per-hour={per_hour:g}", *BATTERY, *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def data(told: tuple[int, str, str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told[1])
    return found


def test_the_newest_run_with_energy_tells(url: str, say: Say) -> None:
    store(url, measured(record(model="old")))
    store(url, measured(record(), (0.99, 1.0, 1.01)), day=1)
    store(url, record(model="without"), day=2)
    code, out, err = say(f"--db={url}")
    assert (code, err) == (0, "")
    row = next(line for line in out.splitlines() if line.startswith("qemu m/q15"))
    assert f"{LOAD.inference_j * 1e6:.4g}" in row
    assert "60 inferences an hour; figures of run 2, measured, ppk2" in out
    assert "battery: 220 mAh at 3 V, of which the board gets 448.8 mWh" in out
    found = data(say(f"--db={url}", "--format=json"))
    (image,) = found["images"]
    assert (image["image"], image["run"], image["obtained"]) == ("qemu m/q15", 2, "measured, ppk2")
    assert image["life_h"] == pytest.approx(USUAL.life_h(LOAD.mean_w(60)), rel=1e-6)
    assert image["inference_ms"] == pytest.approx(1.0)
    least, most = image["life_between_h"]
    assert least < image["life_h"] < most
    assert most / least == pytest.approx(1.02 / 0.98, rel=0.01), (
        "by the gain, and a little by the energy's band"
    )


def test_energy_that_may_be_none_at_all_has_no_end(url: str, say: Say) -> None:
    """After two resets with very different figures; and a board that takes nothing while it waits."""
    store(url, measured(record(), (0.5, 1.5)))
    code, out, err = say(f"--db={url}", "--idle-ma=0")
    assert (code, err) == (0, "")
    assert re.search(r"years and for ever$", out, re.MULTILINE), out
    (image,) = data(say(f"--db={url}", "--idle-ma=0", "--format=json"))["images"]
    assert image["life_between_h"][1] is None


def test_options_say_otherwise(url: str, say: Say) -> None:
    store(url, measured(record()))
    told = say(f"--db={url}", "--idle-ma=0.002", "--inference-ms=2", "--format=json", "--self-discharge=0",
               "--usable=100", "--efficiency=100")  # fmt: skip
    (image,) = data(told)["images"]
    load = Load(LOAD.inference_j, 0.002, 2e-6 * VOLTS)
    assert image["life_h"] == pytest.approx(660 / (load.mean_w(60) * 1e3), rel=1e-6)
    assert not [one for one in data(told)["assumed"] if "--" in one], "all that options tell is told"


def test_without_a_database(say: Say) -> None:
    code, out, err = say(*GIVEN, "--inference-ms=4")
    assert (code, err) == (0, "")
    assert "4.82 years" in out
    assert "figures as given" in out


def test_what_was_assumed_is_named(url: str, say: Say) -> None:
    store(url, measured(record(), method=Method.MODELLED, technique=MODEL))
    out = say(f"--db={url}")[1]
    for told in (
        "energy is modelled from a datasheet's currents: no board was measured",
        "between inferences the board waits as on the bench",
        "80 % of the battery is usable (--usable)",
        "it loses 2 % a year by itself (--self-discharge)",
        "the regulator hands on 85 % (--efficiency)",
    ):
        assert told in out
    assert "modelled, ppk2 model of STM32L475 currents" in out


def test_images_obtained_otherwise_say_so_each(url: str, say: Say) -> None:
    store(url, measured(record(), method=Method.MODELLED, technique=MODEL), measured(record(board="desk")))
    out = say(f"--db={url}")[1]
    assert "qemu m/q15 (modelled, ppk2 model of STM32L475 currents)" in out
    assert "desk m/q15 (measured, ppk2)" in out
    only = say(f"--db={url}", "--board=desk", "--model=m/q15")[1]
    assert "modelled" not in only


def test_a_board_that_is_too_slow_is_told(url: str, say: Say) -> None:
    store(url, measured(record()), measured(record(model="slow"), 1.0))
    code, out, _ = say(f"--db={url}", "--model=slow", per_hour=7.2e6)
    assert code == 1
    assert "200.00%" in out
    assert "at most 3,600,000 an hour" in out
    (image,) = data(say(f"--db={url}", "--model=slow", "--format=json", per_hour=7.2e6))["images"]
    assert (image["life_h"], image["mean_mw"], image["computes"]) == (None, None, pytest.approx(2.0))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--usable=0",), "--usable is 0; give a number above 0 and 100 at most"),
        (("--usable=120",), "--usable is 120"),
        (("--efficiency=nan",), "--efficiency is nan"),
        (("--self-discharge=100",), "--self-discharge is 100; give a number 0 or more and below 100"),
        (("--energy-uj=-1",), "--energy-uj is -1; give a number above 0"),
        (("--idle-ma=-1",), "--idle-ma is -1; give a number 0 or more"),
        (("--supply-v=inf",), "--supply-v is inf"),
        ((*GIVEN, "--model=m"), "--model is of no use: all figures are given"),
        (("--db=sqlite:///none.db",), "there is no database"),
        (("--run=7",), "there is no run '7'"),
        (("--run=1",), "run 1 in "),
        (("--model=n/q15",), "did you mean 'm/q15'?"),
        (("--board=desk",), "run 2 has no such energy"),
    ],
)
def test_what_is_refused(url: str, say: Say, arguments: tuple[str, ...], said: str) -> None:
    store(url, record())
    store(url, measured(record()), day=1)
    db = () if any(one.startswith("--db") for one in arguments) or GIVEN[0] in arguments else (f"--db={url}",)
    code, out, err = say(*arguments, *db)
    assert (code, out) == (2, "")
    assert said in err


def test_a_database_without_energy_says_what_to_do(url: str, say: Say) -> None:
    store(url, record())
    code, _, err = say(f"--db={url}")
    assert code == 2
    assert "has energy per inference; let a board with a power probe run" in err


def test_a_session_without_an_idle_current_needs_one(url: str, say: Say) -> None:
    held = measured(record())
    kept = tuple(one for one in held.measures if one.metric != CURRENT_IDLE.name)
    store(url, replace(held, measures=kept))
    code, _, err = say(f"--db={url}")
    assert code == 2
    assert "qemu m/q15: run 1 does not hold what --idle-ma tells; give --idle-ma" in err
    assert say(f"--db={url}", "--idle-ma=0.01")[0] == 0
