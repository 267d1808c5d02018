"""Energy of an emulated board by its emulated probe, from the bench's options to what is stored."""

from __future__ import annotations

import contextlib
import os
import signal
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from bench_runs import QUICK, rows, run_bench
from hil.board import open_board
from hil.image import Image, prebuilt_dir
from hil.lab.boards import builtin_lab
from hil.meters.power import Energy
from hil.metrics import ENERGY
from hil.models.vectors import load_vectors
from hil.power.base import PowerProbe
from hil.session import Session, first
from hil.values import Precision

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


def kits() -> list[int]:
    """The processes of emulated kits that this one started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if b"hil.power.emulated.board" in words and int(parent) == os.getpid():
                found.append(int(folder.name))
    return found


def test_a_kit_that_is_killed_costs_its_session_its_energy_and_no_other() -> None:
    vectors = first(load_vectors("fastgrnn_digits", Precision.Q15), 3)
    with open_board(builtin_lab().boards[0]) as board:
        assert board.power is not None
        image = Image.load(prebuilt_dir(board.kind.image_kind) / "fastgrnn_digits-q15.elf")
        opened = board.power.probe

        def killed() -> PowerProbe:
            probe = opened()
            begin = probe.start

            def start() -> None:
                begin()
                (kit,) = kits()
                os.kill(kit, signal.SIGKILL)

            probe.start = start  # type: ignore[method-assign]
            return probe

        loose = replace(board, power=replace(board.power, probe=killed))
        with Session(loose, image, energy=Energy()) as session:
            found = session.measure(vectors)
        assert found.value("latency_cycles") > 0
        assert not NAMES & {one.metric for one in found.measures}
        assert any(
            "the emulated power probe is gone: its process was ended by SIGKILL" in one for one in found.notes
        )
        with Session(board, image, energy=Energy()) as session:
            assert session.measure(vectors).value("energy_per_inference") > 0
    assert kits() == []
