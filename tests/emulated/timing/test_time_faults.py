"""What `hil time` says when a program or a request is wrong: one line, and an exit code that is not 0."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hil.qemu import standalone
from timing_programs import STACK_TOP, Timed, assembler, build, hil_time

pytestmark = pytest.mark.emulated

LIMITS_S = (1, 10, 100)  # the first within which the emulator began to run, on a machine of any speed

PROGRAM = """
FUNCTION main
    push {r4, lr}
    bl does_nothing
    bl leaves
    pop {r4, pc}
END main

FUNCTION does_nothing
    nop
    bx lr
END does_nothing

FUNCTION never_called
    bx lr
END never_called

FUNCTION leaves
    movs r0, #EXIT_CODE
    b leave
END leaves
"""

PRINTS = r"""
static uint32_t semihosting(uint32_t what, const void *which)
{
    register uint32_t r0 __asm("r0") = what;
    register const void *r1 __asm("r1") = which;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

int main(void)
{
    static const char text[] = "to a file\n", device[] = ":tt";
    const uint32_t opened[3] = {(uint32_t)(uintptr_t)device, 4, sizeof device - 1};
    say("to the UART\n");
    const uint32_t written[3] = {semihosting(1, opened), (uint32_t)(uintptr_t)text, sizeof text - 1};
    semihosting(5, written);
    semihosting(4, "to the console\n");
    return 3;
}
"""

# No handlers: a fault on the way to a fault's handler locks the processor up.
BARE = f"""
.syntax unified
.cpu cortex-m4
.thumb
.section .vectors, "a"
    .word {STACK_TOP:#x}, reset, 0, 0, 0, 0, 0
.text
.global reset
.type reset, %function
reset:
    bl main
    b .
.size reset, . - reset
"""


def _elf(folder: Path, body: str = PROGRAM, code: int = 0) -> Path:
    return build(folder, {"main.S": assembler(body)}, [f"-DEXIT_CODE={code}"])


def _complaint(timed: Timed) -> str:
    """The only line on standard error."""
    assert timed.code != 0
    (line,) = timed.err.splitlines()
    assert line.startswith("hil: ")
    return line


def test_an_exit_code_is_told(tmp_path: Path) -> None:
    timed = hil_time(_elf(tmp_path, code=5))
    assert _complaint(timed) == "hil: program.elf: it ended with exit code 5"
    assert timed.told["exit_code"] == 5
    assert timed.told["instructions"] > 0


def test_what_a_program_prints_comes_through(tmp_path: Path) -> None:
    elf = build(tmp_path, {"main.c": PRINTS})
    text, jsons = hil_time(elf, "--text"), hil_time(elf)
    assert text.out.startswith("to the UART\nto a file\n")
    assert jsons.err.startswith("to the UART\nto a file\n")
    assert jsons.told["exit_code"] == 3
    assert "region        the whole program\n" in text.out


def test_what_a_program_prints_to_the_debuggers_console_comes_through(tmp_path: Path) -> None:
    timed = hil_time(build(tmp_path, {"main.c": PRINTS}), "--text")
    assert "to the console\n" in timed.out


@pytest.mark.parametrize("fault", ["udf #0", "movs r0, #4\n bx r0"], ids=["undefined", "to Arm code"])
def test_a_lockup_is_told_with_its_place(tmp_path: Path, fault: str) -> None:
    elf = build(tmp_path, {"main.S": assembler(f"FUNCTION main\n {fault}\nEND main\n")}, start=BARE)
    line = _complaint(hil_time(elf))
    assert "locked up" in line
    assert "Lockup" in line
    assert "R15=" in line


def test_an_endless_loop_ends_at_its_deadline(tmp_path: Path) -> None:
    elf = _elf(tmp_path, "FUNCTION main\n b .\nEND main\n")
    for seconds in LIMITS_S:
        timed = hil_time(elf, "--timeout", str(seconds))
        line = _complaint(timed)
        assert line.startswith(f"hil: program.elf: it did not end within {seconds} s; --function")
        assert timed.told["trouble"] == f"it did not end within {seconds} s"
        if timed.told["instructions"] > 1000:
            break
    else:
        pytest.fail("it never began")


def test_an_emulator_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standalone, "_END_S", 0.2)
    elf = build(tmp_path, {"main.c": PRINTS.replace("return 3;", "for (;;) {\n    }")})
    stopped: list[int] = []

    def stop(_: bytes) -> None:
        children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
        stopped.append(int(children[-1]))  # the newest: fixtures may have some
        os.kill(stopped[-1], signal.SIGSTOP)

    for seconds in LIMITS_S:
        outcome = standalone.run(elf, standalone.Region(), say=stop, timeout_s=float(seconds))
        assert outcome.trouble == f"it did not end within {seconds} s"
        if stopped:
            break
    assert not Path(f"/proc/{stopped[0]}").exists()


def test_a_function_that_is_never_called(tmp_path: Path) -> None:
    line = _complaint(hil_time(_elf(tmp_path), "--function", "never_called"))
    assert line == "hil: program.elf: function never_called was never reached"


def test_a_function_that_is_never_left(tmp_path: Path) -> None:
    timed = hil_time(_elf(tmp_path), "--function", "leaves")
    assert _complaint(timed) == "hil: program.elf: function leaves was never left"


@pytest.mark.parametrize(
    "options", [("--function", "does_noting"), ("--from", "main", "--to", "does_noting")]
)
def test_an_unknown_symbol_brings_a_close_one(tmp_path: Path, options: tuple[str, ...]) -> None:
    line = _complaint(hil_time(_elf(tmp_path), *options))
    assert "program.elf has no function 'does_noting'" in line
    assert "'does_nothing'" in line


def test_a_stripped_program_still_has_a_whole(tmp_path: Path) -> None:
    elf = _elf(tmp_path)
    named = hil_time(elf).told
    subprocess.run(["arm-none-eabi-strip", "-s", elf], check=True)
    assert "do not strip it" in _complaint(hil_time(elf, "--function", "main"))
    told = hil_time(elf).told
    same = ("instructions", "cycles", "stack_bytes")
    assert {key: told[key] for key in same} == {key: named[key] for key in same}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--from", "main"), "the region is not clear"),
        (("--to", "main"), "the region is not clear"),
        (("--function", "main", "--from", "main", "--to", "main"), "the region is not clear"),
        (("--folded", "nowhere/at/all"), "nowhere/at/all cannot be written"),
    ],
)
def test_a_request_that_cannot_be_met(tmp_path: Path, options: tuple[str, ...], complaint: str) -> None:
    assert complaint in _complaint(hil_time(_elf(tmp_path), *options))


@pytest.mark.parametrize("what", ["text", "another machine", "a folder", "nothing", "half a file"])
def test_a_file_that_is_no_program_for_arm(tmp_path: Path, what: str) -> None:
    path = tmp_path / "wrong.elf"
    if what == "text":
        path.write_text("not an ELF\n" * 100)
    elif what == "another machine":
        path.write_bytes(Path(sys.executable).resolve().read_bytes())
    elif what == "a folder":
        path.mkdir()
    elif what == "half a file":
        (tmp_path / "whole").mkdir()
        path.write_bytes(_elf(tmp_path / "whole").read_bytes()[:-3000])
    timed = hil_time(path)
    assert "wrong.elf" in _complaint(timed)
    assert timed.out == ""


def test_an_opcode_that_the_model_does_not_know_is_counted_and_shown(tmp_path: Path) -> None:
    """SETEND, which no Cortex-M has and QEMU executes all the same."""
    body = "FUNCTION main\n movs r0, #7\n1: .inst.n 0xb650\n subs r0, #1\n bne 1b\n bx lr\nEND main\n"
    elf = _elf(tmp_path, body)
    timed = hil_time(elf)
    assert timed.code == 0
    assert timed.told["unknown_instructions"] == 7
    where = subprocess.run(["arm-none-eabi-nm", elf], capture_output=True, text=True, check=True).stdout
    found = re.search(r"([0-9a-f]+) T main", where)
    assert found is not None
    assert timed.told["unknown_example"] == f"b650 at {(int(found[1], 16) & ~1) + 2:#010x}"
    kinds = {kind["class"]: kind for kind in timed.told["kinds"]}
    assert (kinds["unknown"]["instructions"], kinds["unknown"]["cycles"]) == (7, 7)
    text = hil_time(elf, "--text").out
    assert "7 instructions that the model does not know" in text


def test_nothing_unknown_is_said_of_what_a_fault_keeps_from_running(tmp_path: Path) -> None:
    """An undefined instruction is never executed; its handler goes on behind it."""
    body = """
FUNCTION main
    ldr r0, =0xE000ED24         // UsageFault has a handler of its own
    mov r1, #1 << 18
    str r1, [r0]
    dsb
    isb
    movs r0, #1
    .inst.w 0xee000100          // CDP of a coprocessor that is not there
    bx lr
END main

FUNCTION usage_fault
    ldr r0, [sp, #24]
    adds r0, #4
    str r0, [sp, #24]
    movs r0, #0
    str r0, [sp]
    bx lr
END usage_fault
"""
    timed = hil_time(_elf(tmp_path, body))
    assert timed.code == 0, timed.err
    assert timed.told["stack_bytes"] == 32
    assert timed.told["stack_exact"]
    assert timed.told["unknown_instructions"] <= 1
