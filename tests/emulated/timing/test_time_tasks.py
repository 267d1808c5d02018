"""Tasks, handlers and stacks: what of it is a region's, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.qemu.plugin import timing_plugin
from hil.qemu.program import find_program
from task_programs import COROUTINES, SWITCHES, TURNS
from timing_programs import Timed, assembler, build, hil_time, parameter

pytestmark = pytest.mark.emulated

WORK = 3 * 100 + 1
_FRAME, _SAVED = 32, 9 * 4


def _reads_registers() -> bool:
    return timing_plugin(find_program()).reads_registers


def _turns(folder: Path, *flags: str) -> Path:
    return build(folder, {"main.c": TURNS, "switch.S": assembler(SWITCHES)}, ["-O1", *flags])


def _check_told(timed: Timed, text: str) -> None:
    """Tasks are told apart for sure, or it is said that they are not."""
    others = timed.told["other_tasks"]
    if _reads_registers():
        assert others["sure"]
        assert timed.told["stack_exact"]
        assert f"{others['cycles']:,} cycles passed in other tasks, not counted here" in text
    elif not others["sure"]:
        assert not timed.told["stack_exact"]
        assert "this QEMU does not tell tasks apart (9.0 and newer do)" in text


def test_a_function_that_waits_costs_nothing_of_other_tasks(tmp_path: Path) -> None:
    elf = _turns(tmp_path)
    timed, text = hil_time(elf, "--function", "waits"), hil_time(elf, "--function", "waits", "--text")
    assert timed.code == 0, timed.err
    # Its own, and of each of three switches the way out: 19 instructions of PendSV, those of `choose`.
    assert 3 * WORK < timed.told["instructions"] < 3 * (WORK + 60)
    others = timed.told["other_tasks"]
    assert others["instructions"] > 3 * (3 * 20000 + 3 * 7000)
    assert timed.told["stack_bytes"] == 8 + _FRAME + _SAVED
    assert timed.function("work")["instructions"] == 3 * WORK
    assert not any(one["function"] == "deep" for one in timed.told["functions"])
    _check_told(timed, text.out)


def test_a_function_that_several_tasks_are_in(tmp_path: Path) -> None:
    """Each of its calls is of the task that made it, though all wait at the same place."""
    timed = hil_time(_turns(tmp_path, "-DNESTED"), "--function", "waits")
    assert timed.code == 0, timed.err
    assert timed.told["other_tasks"]["sure"] is _reads_registers()
    if _reads_registers():
        assert timed.told["regions"] == 1  # the other task's began within it
        assert 3 * WORK < timed.told["instructions"] < 3 * (WORK + 60)


def test_a_clock_that_takes_the_processor_away(tmp_path: Path) -> None:
    elf = _turns(tmp_path, "-DCLOCK=8", "-DALONE")
    timed, text = hil_time(elf, "--function", "waits"), hil_time(elf, "--function", "waits", "--text")
    assert (timed.code, timed.told["clock"]) == (0, "instructions")
    assert timed.function("work")["instructions"] == 3 * WORK
    assert timed.told["other_tasks"]["cycles"] > 0
    assert timed.told["instructions"] < 2 * 3 * WORK
    _check_told(timed, text.out)


def test_the_deepest_of_all_stacks_is_a_programs(tmp_path: Path) -> None:
    timed = hil_time(_turns(tmp_path))
    assert timed.code == 0, timed.err
    assert timed.told["stack_bytes"] == max(one["bytes"] for one in timed.told["stacks"])
    assert timed.told["stack_bytes"] < 1024  # what a task's stack has room for
    assert len(timed.told["stacks"]) >= 4
    deep = next(one for one in timed.told["functions"] if one["function"] == "deep")
    assert deep["calls"] >= 10
    assert timed.told["stack_exact"] is _reads_registers()


def test_tasks_that_switch_by_themselves(tmp_path: Path) -> None:
    elf = build(tmp_path, {"main.S": assembler(COROUTINES)})
    waits, pause, whole = (
        hil_time(elf, *options) for options in (("--function", "waits"), ("--function", "pause"), ())
    )
    assert (waits.code, pause.code, whole.code) == (0, 0, 0)
    assert waits.told["instructions"] == 2 + 3 * (1 + 1 + WORK + 1 + 7 + 2) + 1
    assert waits.told["stack_bytes"] == 8 + 36
    assert waits.told["other_tasks"]["instructions"] > 3 * 3 * 5000
    assert pause.told["all_regions"][0]["instructions"] == 7
    assert pause.told["regions"] == 3
    assert [one["bytes"] for one in whole.told["stacks"]] == [8 + 8 + 36, 36]


MOVES_STACK = """
FUNCTION main
    push {r4, lr}
    bl moves
    movs r0, #0
    pop {r4, pc}
END main

FUNCTION moves                  // its own work on a stack of its own: no other task
    push {r4, lr}
    mov r4, sp
    ldr r0, =own_top
    mov sp, r0
    push {r0-r7}
    movs r1, #100
1:  subs r1, #1
    bne 1b
    pop {r0-r7}
    mov sp, r4
    pop {r4, pc}
END moves

.bss
.balign 8
own: .space 64
own_top:
"""


def test_a_function_with_a_stack_of_its_own_is_one_task(tmp_path: Path) -> None:
    elf = build(tmp_path, {"main.S": assembler(MOVES_STACK)})
    timed, text = hil_time(elf, "--function", "moves"), hil_time(elf, "--function", "moves", "--text")
    assert timed.code == 0, timed.err
    assert timed.told["instructions"] == 4 + 2 + 200 + 3
    assert timed.told["other_tasks"] == {"instructions": 0, "cycles": 0, "sure": True}
    assert timed.told["stack_bytes"] == 8
    assert "of the cycles" in text.out
    assert timed.told["other_stacks_cycles"] > 200


STARTS_LIKE_NEWLIB = """
FUNCTION main                   // a new stack where semihosting's HEAPINFO says, far from the first
    push {r4, lr}
    movs r0, #0x16
    ldr r1, =block
    str r1, [sp]
    mov r1, sp
    bkpt 0xAB
    ldr r1, =block
    ldr r3, [r1, #8]
    mov sp, r3
    bl prepares
    bl deep
    movs r0, #0
    b leave
END main

FUNCTION prepares
    bx lr
END prepares

FUNCTION deep
    push {r4-r7, lr}
    sub sp, #1004
    bl prepares
    add sp, #1004
    pop {r4-r7, pc}
END deep

.bss
.balign 8
block: .space 16
"""


def test_a_program_that_gives_itself_another_stack(tmp_path: Path) -> None:
    timed = hil_time(build(tmp_path, {"main.S": assembler(STARTS_LIKE_NEWLIB)}))
    assert timed.code == 0, timed.err
    assert (timed.told["stack_bytes"], timed.told["stack_exact"]) == (20 + 1004, True)
    assert [one["bytes"] for one in timed.told["stacks"]] == [8, 20 + 1004]


RECURSION = """
FUNCTION main
    movs r0, #1
    b endless
END main

FUNCTION endless
    push {r0-r4, lr}
    bl endless
    pop {r0-r4, pc}
END endless
"""


@pytest.mark.parametrize("options", [(), ("--function", "endless")])
def test_an_endless_recursion_is_called_so(tmp_path: Path, options: tuple[str, ...]) -> None:
    timed = hil_time(build(tmp_path, {"main.S": assembler(RECURSION)}), *options)
    assert timed.code == 1
    (line,) = timed.err.splitlines()
    assert "its stack, which begins at 0x20008000, went below 0x20000000" in line
    assert "endless recursion" in line
    assert (timed.told["stack_bytes"], timed.told["stack_exact"]) == (0x8000, False)


CHAINED = """
FUNCTION main
    push {{r4, lr}}
    ldr r0, =0xE000ED20         // PendSV comes after SysTick
    ldr r1, =0x80E00000
    str r1, [r0]
    ldr r0, =0xE000E014
    movs r1, #20
    str r1, [r0]
    str r1, [r0, #4]
    movs r1, #7
    str r1, [r0, #-4]
    ldr r2, =done
1:  ldr r3, [r2]
    cmp r3, #0
    beq 1b
    movs r0, #0
    pop {{r4, pc}}
END main

FUNCTION systick                // 10 instructions
    ldr r0, =0xE000E010
    movs r1, #0
    str r1, [r0]
    movs r1, #1
    ldr r2, =done
    {pend}
    nop
    bx lr
END systick

FUNCTION pendsv
    ldr r1, =1000
1:  subs r1, #1
    bne 1b
    movs r1, #1
    ldr r2, =done
    str r1, [r2]
    bx lr
END pendsv

.bss
.balign 8
done: .space 8
"""
_PENDS = "ldr r0, =0xE000ED04\n lsls r1, #28\n str r1, [r0]"
_IS_DONE = "ldr r0, =0xE000ED04\n lsls r0, #0\n str r1, [r2]"


def test_a_handler_ends_where_another_is_chained_behind(tmp_path: Path) -> None:
    told = []
    for number, pend in enumerate((_PENDS, _IS_DONE)):
        (tmp_path / str(number)).mkdir()
        elf = build(tmp_path / str(number), {"main.S": assembler(CHAINED.format(pend=pend))})
        timed = hil_time(elf, "--function", "systick")
        assert timed.code == 0, timed.err
        told.append(timed.told)
    chained, alone = told
    assert chained["instructions"] == alone["instructions"] == 10
    ends = parameter("exception_return") - parameter("exception_chain")
    assert alone["cycles"]["nominal"] - chained["cycles"]["nominal"] == ends
    pendsv = hil_time(tmp_path / "0" / "program.elf", "--function", "pendsv")
    assert pendsv.told["instructions"] == 1 + 2 * 1000 + 4


def test_what_was_interrupted_goes_on_after_two_handlers(tmp_path: Path) -> None:
    """In the profile too: nothing of main is below a handler."""
    folded = tmp_path / "folded"
    elf = build(tmp_path, {"main.S": assembler(CHAINED.format(pend=_PENDS))})
    timed = hil_time(elf, "--folded", str(folded))
    assert timed.code == 0, timed.err
    paths = [line.rpartition(" ")[0] for line in folded.read_text().splitlines()]
    assert {path for path in paths if "main" in path} == {"reset;main"}
