"""What tests of kernels inside QEMU rely on: a driver that does wrong fails, and says what it did."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hil.errors import BuildError
from kernel_programs import QemuProgram, build_qemu

ECHO, WRITE_BEHIND, WRITE_BEFORE, READ_BEHIND, USE_STACK, CALL_NOWHERE, SPIN = range(1, 8)
pytestmark = pytest.mark.emulated

Ask = Callable[[int, int], bytes]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> QemuProgram:
    """The driver that misbehaves as asked."""
    elf = tmp_path_factory.mktemp("faulty") / "faulty.elf"
    return build_qemu(elf, ["tests/kernels/faulty_driver.c"], flags=["-Wno-infinite-recursion"])


@pytest.fixture
def ask(program: QemuProgram) -> Ask:
    """A function that asks the driver for one thing."""
    return lambda what, amount: program.run(struct.pack("<2I", what, amount))


def test_many_large_arrays_pass_in_one_run(program: QemuProgram) -> None:
    sizes = [1, 2, 3, 5_000_001, 8, 6_000_000, 7_000_000]
    answer = program.run(b"".join(struct.pack("<2I", ECHO, size) for size in sizes))
    assert answer == b"\x55" * sum(sizes)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 6, 12, 32])
@pytest.mark.parametrize("what", [WRITE_BEHIND, WRITE_BEFORE])
def test_a_write_outside_of_an_array_fails(ask: Ask, what: int, size: int) -> None:
    with pytest.raises(AssertionError, match=rf"wrote outside .*array of 0x0*{size:x} bytes"):
        ask(what, size)


@pytest.mark.parametrize("size", [1, 2, 4, 6])
def test_what_lies_outside_of_an_array_is_no_useful_number(ask: Ask, size: int) -> None:
    assert ask(READ_BEHIND, size)[0] in (0xC1, 0x7F)


@pytest.mark.parametrize("size", [0, 160, 512])
def test_the_stack_is_measured(ask: Ask, program: QemuProgram, size: int) -> None:
    program.stack.clear()
    ask(USE_STACK, size)
    frames = size // 8 + 1
    assert 16 * frames <= program.stack["use_stack"] <= 32 * frames + 16


def test_a_fault_says_where(ask: Ask) -> None:
    with pytest.raises(
        AssertionError, match=r"70 \(a fault\): fault: pc 0x60000000 lr 0x0000[0-9a-f]{4} cfsr"
    ):
        ask(CALL_NOWHERE, 1)


def test_an_overflowing_stack_is_a_fault(ask: Ask) -> None:
    with pytest.raises(AssertionError, match=r"70 \(a fault\).* sp 0x1fffff"):
        ask(USE_STACK, 100_000)


def test_an_endless_kernel_ends(program: QemuProgram) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"did not end in 1 s inside QEMU"):
        replace(program, timeout_s=1.0).run(struct.pack("<2I", SPIN, 1))


def test_a_request_cut_short_is_noticed(program: QemuProgram) -> None:
    with pytest.raises(AssertionError, match="ended within an array"):
        program.run(struct.pack("<IH", ECHO, 0))


def test_too_large_an_array_is_noticed(ask: Ask) -> None:
    with pytest.raises(AssertionError, match="no memory left"):
        ask(ECHO, 1 << 24)
    with pytest.raises(AssertionError, match="no memory left"):
        ask(ECHO, 0xFFFF_FFF0)


def test_an_error_of_the_build_is_told(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"refused the sources of bad\.elf"):
        build_qemu(tmp_path / "bad.elf", ["tests/kernels/faulty_driver.c"], flags=["-DECHO=("])
