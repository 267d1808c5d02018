"""Emulators that are begun while the run still prepares: lent as any other, and never left behind."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench_runs import run_bench
from hil.bench.boards import Boards
from hil.errors import ProbeError
from hil.flash.process import ProbeProcess
from hil.lab.boards import builtin_lab
from hil.qemu import runtime
from hil.qemu.program import PROGRAM_VARIABLE

pytestmark = pytest.mark.emulated

SPECS = builtin_lab().boards
NAME = SPECS[0].name


@pytest.fixture
def boards(monkeypatch: pytest.MonkeyPatch) -> Iterator[Boards]:
    """The built-in board, where nobody else's emulators are listed; a socket's name must be short."""
    with TemporaryDirectory(prefix="hil-") as folder, ProbeProcess() as probes:
        monkeypatch.setenv(runtime.RUNTIME_DIR_VARIABLE, folder)
        with Boards(SPECS, {NAME: 2}, probes) as made:
            yield made


def test_the_one_that_was_begun_is_lent_and_no_other_is_started(boards: Boards) -> None:
    boards.open_ahead()
    boards.open_ahead()
    member = boards.borrow(NAME)
    board = member.board()
    (emulator,) = runtime.running()
    assert str(emulator.serial_socket) in board.serial_url
    assert member.board() is board


def test_one_that_nobody_needed_is_ended(boards: Boards) -> None:
    boards.open_ahead()
    boards.close()
    assert runtime.running() == []
    assert not boards.members(NAME)[0].is_open


def test_one_that_nobody_waits_for_is_ended(boards: Boards) -> None:
    (first, second) = boards.members(NAME)
    for member in (first, second):
        with boards.held():
            assert boards.lend(NAME, member)
        member.board()
        boards.give_back(member)
    boards.rest(NAME, first)
    assert not first.is_open
    assert len(runtime.running()) == 1
    with boards.held():
        assert boards.lend(NAME, second)
    boards.rest(NAME, second)  # somebody has it
    assert second.is_open
    assert not first.lent


def test_what_keeps_it_from_starting_is_told_to_whoever_needs_it(
    boards: Boards, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROGRAM_VARIABLE, "no-such-emulator")
    boards.open_ahead()
    member = boards.borrow(NAME)
    with pytest.raises(ProbeError, match=f"{NAME}: .*no-such-emulator"):
        member.board()
    monkeypatch.delenv(PROGRAM_VARIABLE)
    assert member.board().failure() is None, "it is opened anew"


def test_none_that_cannot_start_hinders_the_end(boards: Boards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROGRAM_VARIABLE, "no-such-emulator")
    boards.open_ahead()
    boards.close()


def test_none_is_begun_where_few_files_may_be_open(boards: Boards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda kind: (255, 255))
    boards.open_ahead()
    assert not boards.members(NAME)[0].is_open
    monkeypatch.setattr("resource.getrlimit", lambda kind: (resource.RLIM_INFINITY,) * 2)
    boards.open_ahead()
    assert boards.members(NAME)[0].is_open


def test_a_run_begins_its_emulator_before_it_opens_the_database(tmp_path: Path) -> None:
    """And ends it, when the database cannot be opened."""
    (tmp_path / "conftest.py").write_text(
        "import hil.bench.run\n"
        "from hil.errors import StoreError\n"
        "def refused(run):\n"
        "    raise StoreError(f\"begun: {run.boards.members('qemu')[0].is_open}\")\n"
        "hil.bench.run.BenchRun.prepare = refused\n"
    )
    with TemporaryDirectory(prefix="hil-") as folder:
        ended = run_bench(tmp_path, "--board=all", "--model=fastgrnn_digits/q15", HIL_RUNTIME_DIR=folder)
        assert "begun: True" in ended.stderr, ended.stdout + ended.stderr
        assert list(Path(folder).iterdir()) == []
