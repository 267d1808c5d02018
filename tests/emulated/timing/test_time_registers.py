"""SP where no opcode tells it: read from the core where QEMU lets a plug-in, else said to be a bound."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.qemu.plugin import timing_plugin
from hil.qemu.program import find_program
from stack_programs import STACKS
from timing_programs import Timed, assembler, build, hil_time

pytestmark = pytest.mark.emulated

BYTES = r"""
static volatile uint32_t count;

NOINLINE void bytes(uint32_t n)
{
    uint8_t *const a = __builtin_alloca(n);
    __asm volatile("" : : "r"(a) : "memory");
}

NOINLINE void region(void) { bytes(count % 7u + 124u); bytes(50); __asm volatile("" : : : "memory"); }

int main(void) { region(); return 0; }
"""

MOVED = """
FUNCTION main
    push {r4, lr}
    bl region
    movs r0, #0
    pop {r4, pc}
END main

FUNCTION region                 // down by 96 and 32, up again by 64, and down by 8
    push {r4, lr}
    movs r3, #96
    mov r4, sp
    subs r3, r4, r3
    mov sp, r3
    sub sp, #32
    add.w r3, sp, #64
    mov sp, r3
    push {r0, r1}
    mov sp, r4
    pop {r4, pc}
END region
"""


UNUSED = """
FUNCTION main
    push {r4, lr}
    bl region
    movs r0, #0
    pop {r4, pc}
END main

FUNCTION region                 // gives the process stack a place, without using it
    push {r4-r6, lr}
    mov r0, sp
    subs r0, #128
    msr psp, r0
    push {r0-r3}
    pop {r0-r3}
    pop {r4-r6, pc}
END region
"""


def _region(folder: Path, source: str, name: str = "main.S") -> Timed:
    text = assembler(source) if name.endswith(".S") else source
    timed = hil_time(build(folder, {name: text}, ["-O1"]), "--function", "region")
    assert timed.code == 0, timed.err
    return timed


def _check(timed: Timed, bytes_: int) -> None:
    """Exact where registers can be read, which is told; elsewhere a bound, or the same."""
    told = timed.told
    assert told["sp_read"] is timing_plugin(find_program()).reads_registers
    assert told["stack_exact"] or not told["sp_read"]
    assert told["stack_bytes"] == bytes_ if told["stack_exact"] else told["stack_bytes"] <= bytes_


def test_bytes_that_nothing_touches(tmp_path: Path) -> None:
    """What the compiler takes for 130 bytes, rounded up to 8, below the frames of both functions."""
    timed = _region(tmp_path, BYTES, "main.c")
    frames = timed.told["stack_bytes"] - 128 if timed.told["stack_exact"] else 16
    assert 8 <= frames <= 40
    _check(timed, 128 + frames)


def test_sp_moved_by_registers(tmp_path: Path) -> None:
    _check(_region(tmp_path, MOVED), 8 + 96 + 32)


def test_an_interrupt_on_another_stack(tmp_path: Path) -> None:
    timed = _region(tmp_path, STACKS)
    _check(timed, 8 + 32)
    assert timed.told["stack_bytes"] == 8 + 32
    assert timed.told["stack_exact"] is timing_plugin(find_program()).reads_registers


def test_a_second_stack_that_is_not_used(tmp_path: Path) -> None:
    _check(_region(tmp_path, UNUSED), 16 + 16)
