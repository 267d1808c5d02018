"""Energy of an emulated board by its emulated probe, from the bench's options to what is stored."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench_runs import QUICK, rows, run_bench
from hil.metrics import ENERGY

pytestmark = pytest.mark.emulated

NAMES = {metric.name for metric in ENERGY}


def measures(folder: Path) -> dict[tuple[str, str], tuple[object, ...]]:
    """(value, method, technique) by board and metric."""
    found = rows(
        folder,
        "select board, metric, value, method, technique from measure join session on session_id = session.id",
    )
    return {(str(board), str(metric)): tuple(rest) for board, metric, *rest in found}


def test_the_default_board_has_energy_in_the_table_in_junit_and_in_the_database(tmp_path: Path) -> None:
    done = run_bench(tmp_path, *QUICK, "--junitxml=bench.xml")
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    (heads,) = (line for line in lines if line.startswith("board "))
    (told,) = (line for line in lines if line.startswith("obtained: "))
    assert "energy uJ" in heads
    assert "energy_per_inference (modelled, ppk2 model of " in told
    found = measures(tmp_path)
    assert {metric for _, metric in found} >= NAMES
    assert {found["qemu", name][1] for name in NAMES} == {"modelled"}
    energy_uj, latency_us = (
        float(str(found["qemu", name][0])) for name in ("energy_per_inference", "latency_us")
    )
    power_mw = float(str(found["qemu", "power_avg"][0]))
    assert energy_uj == pytest.approx(power_mw * latency_us / 1000, rel=0.01)
    properties = {one.get("name") or "" for one in ET.parse(tmp_path / "bench.xml").iter("property")}
    assert any(name.endswith(" energy_per_inference") for name in properties)
    assert rows(tmp_path, "select count(*) from power_pass") == [(1,)]
    assert rows(tmp_path, "select count(*) from power_window where invalid is null") == [(3,)]


def test_without_energy_no_probe_is_used(tmp_path: Path) -> None:
    done = run_bench(tmp_path, *QUICK, "--no-energy")
    assert done.returncode == 0, done.stdout
    assert not any(told in done.stdout for told in ("energy uJ", "energy_per_inference", "no energy"))
    assert not NAMES & {metric for _, metric in measures(tmp_path)}
    assert rows(tmp_path, "select count(*) from power_pass") == [(0,)]


def test_windows_and_resets_are_as_many_as_are_asked_for(tmp_path: Path) -> None:
    done = run_bench(tmp_path, *QUICK, "--energy-window=0.02", "--energy-repeats=3")
    assert done.returncode == 0, done.stdout
    assert rows(tmp_path, "select count(*) from power_pass") == [(3,)]
    assert rows(tmp_path, "select count(*) from power_window where invalid is null") == [(9,)]


def test_a_probe_that_is_unplugged_in_a_window_costs_its_boards_energy_alone(tmp_path: Path) -> None:
    lab = tmp_path / "lab.toml"
    lab.write_text(
        '[boards.loose]\nkind = "qemu_mps2_an386"\npower = { fault = "unplug:5000" }\n'
        '[boards.firm]\nkind = "qemu_mps2_an386"\n'
    )
    done = run_bench(tmp_path, *QUICK, f"--lab={lab}")
    assert done.returncode == 0, done.stdout
    found = measures(tmp_path)
    assert found["loose", "latency_us"] == found["firm", "latency_us"]
    assert {metric for board, metric in found if board == "firm"} >= NAMES
    assert not NAMES & {metric for board, metric in found if board == "loose"}
    assert "loose fastgrnn_digits/q15: no energy: " in done.stdout
    assert "went away" in done.stdout
    assert rows(tmp_path, "select board, kind from incident") == [("loose", "power probe failed")]
    assert rows(tmp_path, "select distinct status from session") == [("finished",)]
    invalid = rows(
        tmp_path,
        "select count(*) from power_pass join session on session_id = session.id where board = 'loose'",
    )
    assert invalid[0][0], "what it saw is stored"
