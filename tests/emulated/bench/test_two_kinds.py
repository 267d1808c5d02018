"""Boards of two kinds in one run: what hangs, dies or is absent changes nothing of the others."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench_runs import rows, run_bench
from hil.metrics import ENERGY

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("newer_qemu")]

MPS2, TWIN = "qemu_mps2_an386", "qemu_b_l475e_iot01a"
BOARDS = {"one": MPS2, "two": TWIN, "hangs": TWIN, "dies": MPS2}
ABSENT = '[boards.absent]\nkind = "b_l475e_iot01a"\nprobe = "no-such-probe"\nserial = "/dev/no-such-port"\n'
# Two emulators get a signal before they stream. The one that is stopped is asked for answers once
# the whole ones are stored, and is given up a second later, not a minute.
STRIKE = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {support!r})
import hil.qemu.clock
from bench_runs import emulator_pid, rows
from hil.session import Session
from holding import wait_until

hil.qemu.clock._LONGEST_STOP_S = 1.0
measure = Session.measure

def whole():
    return rows(Path({folder!r}), "select count(*) from session where board in ('one', 'two')")

def struck(self, *given):
    name = self.board.name
    if name in ("hangs", "dies"):
        os.kill(emulator_pid(self.board), signal.SIGSTOP if name == "hangs" else signal.SIGKILL)
    if name == "hangs":
        self.hang_after_s = 1.0
        wait_until(lambda: whole() == [(2,)], "the whole boards are not stored")
    return measure(self, *given)

Session.measure = struck
"""
FIGURES = (
    "select s.board, m.metric, m.technique, m.method, m.unit, m.value, m.low, m.high, m.conditions "
    "from measure m join session s on s.id = m.session_id where s.board in ('one', 'two') "
    "and m.unit != 's' and m.metric not like 'link%' and m.method != 'modelled' order by 1, 2, 3"
)
# Whose samples of an emulated probe begin at another of its steps.
MODELLED = (
    "select s.board || m.metric, m.value from measure m join session s on s.id = m.session_id "
    "where s.board in ('one', 'two') and m.method = 'modelled'"
)


def bench(folder: Path, *arguments: str) -> str:
    table = '[boards.{}]\nkind = "{}"\npool = false\n'
    folder.mkdir()
    (folder / "lab.toml").write_text("".join(table.format(*board) for board in BOARDS.items()) + ABSENT)
    chosen = (f"--lab={folder}/lab.toml", "--model=fastgrnn_digits/q15", "--vectors=5")
    with TemporaryDirectory(prefix="hil-") as boards:  # short: sockets live in it
        if "--board=all" in arguments:
            support = str(Path(__file__).parents[2] / "support")
            (folder / "conftest.py").write_text(STRIKE.format(support=support, folder=str(folder)))
        done = run_bench(folder, *chosen, *arguments, HIL_RUNTIME_DIR=boards)
        assert [one.name for one in Path(boards).iterdir()] == ["locks"]
    return done.stdout + done.stderr


def test_boards_that_hang_die_or_are_absent_change_nothing_of_the_others(tmp_path: Path) -> None:
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    said = bench(alone, "--board=one,two")
    assert "2 passed" in said, said
    said = bench(beside, "--board=all", "--allow-offline")
    assert "2 failed, 2 passed, 1 skipped" in said, said
    statuses = dict(rows(beside, "select board, status from session"))
    assert statuses == {"one": "finished", "two": "finished", "hangs": "failed", "dies": "failed"}
    errors = dict(rows(beside, "select board, error from session where error is not null"))
    assert "QEMU hangs" in str(errors["hangs"]), errors
    assert "QEMU ended by SIGKILL" in str(errors["dies"]), errors
    assert "absent is left out: offline: " in said, said
    assert rows(alone, FIGURES) == rows(beside, FIGURES)
    energies = dict(rows(alone, MODELLED))
    assert len(energies) == 2 * len(ENERGY)
    assert dict(rows(beside, MODELLED)) == pytest.approx(energies, rel=1e-3)
    exact = "select count(*) from measure where metric = 'golden_exact' and value = 1"
    assert rows(beside, exact) == [(2,)]
