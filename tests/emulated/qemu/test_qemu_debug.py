"""A debugger finds in the emulated board what it finds on silicon."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyocd.core import exceptions
from pyocd.core.target import Target

from hil.flash.pyocd import PyOcdFlasher
from hil.measure.elf import load_symbols
from hil.qemu.process import QemuProcess

pytestmark = pytest.mark.emulated

COUNTER = 0x2000_0000
WAIT_S = 60.0  # there for a hang
RAM = 0x2000_8000  # beyond what the images use
LOOP = bytes.fromhex("00bf00bf00bffbe7")  # nop; nop; nop; b back to the first


@pytest.fixture
def target(qemu: QemuProcess, connect: Callable[[QemuProcess], PyOcdFlasher], images: Path) -> Iterator[Any]:
    with connect(qemu) as flasher:
        flasher.program(images / "one.elf")
        flasher.reset_and_run()
        yield flasher._session.target


def _address(image: Path, name: str) -> int:
    return next(symbol.address for symbol in load_symbols(image) if symbol.name == name) & ~1


def _wait_halted(target: Any) -> None:
    deadline = time.monotonic() + WAIT_S
    while not target.is_halted():
        assert time.monotonic() < deadline, "the core did not halt"


def test_finds_the_core(target: Any) -> None:
    core = target.cores[0]
    assert core.name == "Cortex-M4"
    assert core.has_fpu
    assert core.fpb.available_breakpoints == 6
    assert core.dwt.watchpoint_count == 4


def test_stops_at_breakpoints_in_flash(target: Any, images: Path) -> None:
    tick = _address(images / "one.elf", "tick")
    target.halt()
    target.set_breakpoint(tick)
    target.resume()
    _wait_halted(target)
    assert target.read_core_register("pc") == tick
    assert target.get_halt_reason() == Target.HaltReason.BREAKPOINT
    before = target.read32(COUNTER)
    target.step()
    assert target.read_core_register("pc") == tick + 2
    target.resume()
    _wait_halted(target)
    assert target.read32(COUNTER) == before + 1
    target.remove_breakpoint(tick)
    target.resume()
    assert target.is_running()


def test_stops_at_breakpoint_instructions_in_ram(target: Any) -> None:
    target.halt()
    target.write_memory_block8(RAM, LOOP)
    target.write_core_register("pc", RAM)
    target.set_breakpoint(RAM + 4)
    target.resume()
    _wait_halted(target)
    assert target.read_core_register("pc") == RAM + 4
    target.remove_breakpoint(RAM + 4)
    assert bytes(target.read_memory_block8(RAM, len(LOOP))) == LOOP


def test_stops_at_watchpoints(target: Any) -> None:
    target.halt()
    target.set_watchpoint(COUNTER, 4, Target.WatchpointType.WRITE)
    target.resume()
    _wait_halted(target)
    assert target.get_halt_reason() == Target.HaltReason.WATCHPOINT
    target.remove_watchpoint(COUNTER, 4, Target.WatchpointType.WRITE)


@pytest.mark.parametrize("name", ["r0", "r12", "lr", "psp", "s0", "s31", "fpscr"])
def test_registers_hold_what_is_written(target: Any, name: str) -> None:
    target.halt()
    others = [other for other in ("pc", "sp", "xpsr", "msp", "r1", "s1") if other != name]
    before = target.read_core_registers_raw(others)
    target.write_core_registers_raw([name], [0x0020_1230])
    expected = 0x0020_0000 if name == "fpscr" else 0x0020_1230
    assert target.read_core_registers_raw([name]) == [expected & 0xFFFF_FFFF] or name == "fpscr"
    assert target.read_core_registers_raw(others) == before


def test_masks_are_single_bytes_of_one_register(target: Any) -> None:
    target.halt()
    target.write_core_register("primask", 1)
    target.write_core_register("basepri", 0x40)
    assert [target.read_core_register(name) for name in ("primask", "basepri", "faultmask")] == [1, 0x40, 0]
    assert target.read_core_register("cfbp") & 0xFFFFFF == 0x4001


def test_memory_is_read_while_the_core_runs(target: Any) -> None:
    deadline = time.monotonic() + WAIT_S
    before = target.read32(COUNTER)
    while target.read32(COUNTER) == before:
        assert time.monotonic() < deadline, "the core stands"
    assert target.is_running()


def test_nothing_there_is_a_transfer_fault(target: Any) -> None:
    with pytest.raises(exceptions.TransferFaultError):
        target.read32(0x5000_0000)


@pytest.mark.parametrize("kind", [Target.ResetType.SYSTEM, Target.ResetType.HARDWARE])
def test_resets_and_catches_the_first_instruction(target: Any, images: Path, kind: Target.ResetType) -> None:
    target.reset_and_halt(kind)
    assert target.is_halted()
    assert target.read_core_register("pc") == _address(images / "one.elf", "reset")
    target.reset(kind)
    assert target.is_running()


def test_registers_of_the_access_port_do_what_the_fast_path_does(target: Any) -> None:
    port = target.aps[0]
    target.halt()
    port._write_memory_block32(RAM, [0x1122_3344, 0x5566_7788])
    assert port._read_memory_block32(RAM, 2) == [0x1122_3344, 0x5566_7788]
    port._write_memory(RAM + 5, 0xAB, 8)
    port._write_memory(RAM + 2, 0xCDEF, 16)
    assert target.read_memory_block32(RAM, 2) == [0xCDEF_3344, 0x5566_AB88]
    assert port._read_memory(RAM + 5, 8) == 0xAB
    assert port._read_memory(RAM + 2, 16) == 0xCDEF


def test_the_pyocd_command_drives_it(qemu: QemuProcess, images: Path, tmp_path: Path) -> None:
    def pyocd(*arguments: str) -> str:
        command = [sys.executable, "-m", "pyocd", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ})
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    listed = pyocd("list")
    assert qemu.board.unique_id in listed
    assert "mps2_an386" in listed
    assert "programmed 12288 bytes (3 pages)" in pyocd(
        "load", "-u", qemu.board.unique_id, str(images / "one.elf")
    )
    assert "identical 12288 bytes (3 pages)" in pyocd(
        "load", "-u", qemu.board.unique_id, str(images / "one.elf")
    )
    pyocd("erase", "-u", qemu.board.unique_id, "--chip")
    assert qemu.exit_reason() is None
