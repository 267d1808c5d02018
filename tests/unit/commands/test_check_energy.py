"""How energy compares: modelled with modelled, measured with measured, under the same conditions alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from energy_records import MODEL, SPAN, measured
from hil import cli
from hil.bench.table import Row, table_lines
from hil.metrics import ENERGY
from hil.values import Method
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store
from session_records import BEGAN, record

NAMES = {metric.name for metric in ENERGY}
MODELLED = {"method": Method.MODELLED, "technique": MODEL}
Check = Callable[..., tuple[int, dict[str, dict[str, Any]]]]
Add = Callable[..., None]


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path}/results.db"


@pytest.fixture
def add(url: str) -> Add:
    """Append a run of sessions."""
    day = 0

    def one(*sessions: SessionRecord) -> None:
        nonlocal day
        day += 1
        began = BEGAN + timedelta(days=day)
        with Store.open(url) as store:
            run = store.begin_run(RunInfo(began, "pytest", git_branch="main", git_commit="d" * 40))
            for session in sessions:
                store.save_session(run, session)
            store.finish_run(run, Status.FINISHED, began + timedelta(minutes=1))

    return one


@pytest.fixture
def check(url: str, capsys: pytest.CaptureFixture[str]) -> Check:
    """The exit code, and the verdicts on energy by metric."""

    def run(*options: str) -> tuple[int, dict[str, dict[str, Any]]]:
        code = cli.main(["check", f"--db={url}", "--baseline=main", "--format=json", *options])
        (image,) = json.loads(capsys.readouterr().out)["images"]
        return code, {one["metric"]: one for one in image["metrics"] if one["metric"] in NAMES}

    return run


@pytest.mark.parametrize("turned", [False, True])
def test_modelled_energy_is_never_compared_with_measured(add: Add, check: Check, turned: bool) -> None:
    pair = [measured(record(), **MODELLED), measured(record(), 2.0)]
    for one in reversed(pair) if turned else pair:
        add(one)
    told = "modelled by ppk2 model of STM32L475 currents"
    now, before = (told, "measured by ppk2") if turned else ("measured by ppk2", told)
    code, found = check()
    assert code == 0
    assert set(found) == NAMES
    for one in found.values():
        assert (one["outcome"], one["change"]) == ("not comparable", None)
        assert one["reason"] == f"other method: {now} now, {before} before"
    assert check("--fail-on=not-comparable")[0] == 1


def test_nor_where_its_probe_is_called_alike(add: Add, check: Check) -> None:
    add(measured(record(), method=Method.MODELLED))
    add(measured(record()))
    assert {one["reason"] for one in check()[1].values()} == {
        "other method: measured by ppk2 now, modelled by ppk2 before"
    }


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        ({"volts": 1.8}, "supply 1.8 V now, 3.3 V before"),
        ({"clock_hz": 16e6}, "clock 16 MHz now, 80 MHz before"),
        ({"calibration": "2"}, "calibration "),
        ({"shunt": "VDD"}, "shunt VDD now, VDD_MCU before"),
        ({"probe_is": "ampere meter"}, "probe is ampere meter now, source before"),
        ({"gain_share": 0.1}, "gain ±10 % now, ±2 % before"),
        ({"run_a": 0.0102}, "run 10.2 mA now, not told before"),
        ({"technique": "joulescope"}, "other technique: "),
        ({"technique": "ppk2 by shape"}, "other technique: "),
        ({"technique": "ppk2 mlperf"}, "other technique: "),
    ],
)
def test_what_energy_holds_for_is_compared_first(
    add: Add, check: Check, now: dict[str, Any], reason: str
) -> None:
    add(measured(record()))
    add(measured(record(), 1.5, image=2, **now))
    for one in check()[1].values():
        assert one["outcome"] == "not comparable"
        assert one["reason"].startswith(reason)


@pytest.mark.parametrize("by", [-1, 0, 1])
def test_modelled_energy_of_an_image_repeats_up_to_a_sample(add: Add, check: Check, by: int) -> None:
    add(measured(record(), **MODELLED))
    add(measured(record(), span=SPAN + by, **MODELLED))
    code, found = check()
    assert code == 0
    assert {name: one["outcome"] for name, one in found.items()} == dict.fromkeys(NAMES, "unchanged")


@pytest.mark.parametrize("turned", [False, True])
def test_short_windows_tell_no_more_than_they_can(add: Add, check: Check, turned: bool) -> None:
    """Of windows of two lengths the shorter tell how far apart their energies may be."""
    pair = [
        measured(record(), span=SPAN, **MODELLED),
        measured(record(), 1.001, span=10 * SPAN, image=2, inferences=100, **MODELLED),
    ]
    for one in reversed(pair) if turned else pair:
        add(one)
    energy_uj = check()[1]["energy_per_inference"]
    assert (energy_uj["outcome"], abs(energy_uj["change"])) == ("unchanged", pytest.approx(1e-3, rel=0.01))


def test_a_modelled_change_is_one_at_once_and_no_vectors(add: Add, check: Check) -> None:
    add(measured(record(), **MODELLED))
    add(measured(record(), 1.01, image=2, **MODELLED))
    code, found = check()
    assert code == 1
    worse = found["energy_per_inference"]
    assert (worse["outcome"], worse["reason"], worse["moved"]) == ("regression", "compared exactly", None)
    assert worse["change"] == pytest.approx(0.01, rel=1e-4)
    assert found["current_idle"]["outcome"] == "unchanged"
    assert found["power_avg"]["outcome"] == "unchanged", "more power alone is not worse"


NOISE = (0.998, 1.001, 1.0, 1.002, 0.999, 1.0, 0.9985, 1.0015)


def test_measured_energy_is_compared_by_the_noise_of_sessions(add: Add, check: Check) -> None:
    """By whole sessions: the windows of two have nothing to do with each other."""
    for share in NOISE:
        add(measured(record(), share))
    add(measured(record(), (1.0, 1.001, 1.002), image=2))
    outcome = check()[1]["energy_per_inference"]
    assert outcome["outcome"] == "unchanged"
    assert "vector" not in outcome["reason"]
    add(measured(record(), 1.05, image=3))
    worse = check()[1]["energy_per_inference"]
    assert (worse["outcome"], worse["moved"]) == ("regression", None)
    assert worse["reason"].startswith("beyond the noise of 0.")
    assert worse["change"] == pytest.approx(0.05, abs=0.01)


def test_measured_energy_that_changed_with_the_same_image_is_the_benchs(add: Add, check: Check) -> None:
    for share in NOISE:
        add(measured(record(), share))
    add(measured(record(), 1.05))
    one = check()[1]["energy_per_inference"]
    assert one["outcome"] == "not comparable"
    assert "with the same image, so the board or its bench changed" in one["reason"]


def test_few_measured_sessions_do_not_tell_their_noise(add: Add, check: Check) -> None:
    add(measured(record()))
    add(measured(record(), 1.5, image=2))
    one = check()[1]["energy_per_inference"]
    assert one["outcome"] == "no data"
    assert one["reason"] == "its noise is not known: fewer than 5 sessions repeat an image"


def test_a_runs_table_has_a_column_for_either() -> None:
    sessions = (measured(record(), **MODELLED), measured(record()))
    rows = [Row(f"board-{place}", "m", "q15", one.measures) for place, one in enumerate(sessions)]
    lines = table_lines(rows)
    assert sum(line.count("energy uJ") for line in lines) == 2
    first, second = (line.split() for line in lines if line.startswith("board-"))
    assert first != second
    (legend,) = [line for line in lines if line.startswith("obtained:")]
    assert "modelled, ppk2 model of STM32L475 currents" in legend
    assert "measured, ppk2" in legend
