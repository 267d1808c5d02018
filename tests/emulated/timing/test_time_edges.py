"""Programs at the edges of what can be followed: SP found again, a reset, a stripped image, exit codes."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from timing_programs import assembler, build, hil_time

pytestmark = pytest.mark.emulated

PROGRAM = """
FUNCTION main
    push {r4, lr}
    movs r0, #64
    bl takes
    bl takes_the_same
    svc #0
    pop {r4, pc}
END main

FUNCTION takes                  // bytes that no opcode tells, then a call that pushes
    push {r7, lr}
    mov r7, sp
    sub.w sp, sp, r0
    bl pushes
    mov sp, r7
    pop {r7, pc}
END takes

FUNCTION takes_the_same
    push {r7, lr}
    mov r7, sp
    sub sp, #64
    bl pushes
    mov sp, r7
    pop {r7, pc}
END takes_the_same

FUNCTION pushes                 // and takes more in the same block
    push {r4, lr}
    sub sp, #400
    add sp, #400
    pop {r4, pc}
END pushes

FUNCTION svc
    push {r4, lr}
    pop {r4, pc}
END svc
"""

RESETS = """
FUNCTION main
    ldr r4, =0x20008000
    ldr r5, [r4]
    ldr r6, =0x600D600D
    cmp r5, r6
    beq second
    str r6, [r4]
    b first
END main

FUNCTION first
    sub sp, #40
    ldr r0, =0xE000ED0C         // AIRCR: SYSRESETREQ
    ldr r1, =0x05FA0004
    str r1, [r0]
    dsb
    b .
END first

FUNCTION second
    movs r0, #0
    b leave
END second
"""


def test_sp_is_found_within_a_block_that_goes_on(tmp_path: Path) -> None:
    elf = build(tmp_path, {"main.S": assembler(PROGRAM)})
    told = [hil_time(elf, "--function", name).told for name in ("takes", "takes_the_same")]
    assert [one["stack_bytes"] for one in told] == [8 + 64 + 8 + 400] * 2
    assert all(one["stack_exact"] for one in told)


def test_a_region_that_a_reset_cuts_off_is_no_region(tmp_path: Path) -> None:
    elf = build(tmp_path, {"main.S": assembler(RESETS)})
    timed = hil_time(elf, "--function", "first")
    assert timed.code == 1
    assert "function first was never left" in timed.err
    assert timed.told["stack_bytes"] == 40
    between = hil_time(elf, "--from", "main", "--to", "second")
    assert between.code == 0, between.err
    assert between.told["stack_bytes"] < 40


def test_a_stripped_program_has_its_exceptions(tmp_path: Path) -> None:
    elf = build(tmp_path, {"main.S": assembler(PROGRAM)})
    named = hil_time(elf).told
    subprocess.run(["arm-none-eabi-strip", "-s", elf], check=True)
    stripped = hil_time(elf).told
    for key in ("cycles", "instructions", "stack_bytes", "stack_exact", "kinds"):
        assert named[key] == stripped[key]
    assert next(kind["cycles"] for kind in named["kinds"] if kind["class"] == "exception") == 12 + 10


@pytest.mark.parametrize("code", [112, 113, 255])
def test_every_exit_code_is_the_programs(tmp_path: Path, code: int) -> None:
    source = f"FUNCTION main\n movs r0, #{code}\n b leave\nEND main\n"
    timed = hil_time(build(tmp_path, {"main.S": assembler(source)}))
    assert (timed.code, timed.told["exit_code"]) == (1, code)


def test_a_full_disk_behind_the_output_is_one_line(tmp_path: Path) -> None:
    elf = build(tmp_path, {"main.S": assembler(PROGRAM)})
    command = [sys.executable, "-m", "hil", "time", str(elf)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=600, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "hil: what it found cannot be written: No space left on device\n"


def test_a_name_of_several_functions_is_refused(tmp_path: Path) -> None:
    one = "static int __attribute__((noinline, used)) same(int a) { return a + NUMBER; }\n"
    sources = {
        "main.c": f"#define NUMBER 1\n{one}int other(void);\n"
        "int main(void) { return same(-1) + other(); }\n",
        "other.c": f"#define NUMBER 2\n{one}int other(void) {{ return same(-2); }}\n",
    }
    elf = build(tmp_path, sources, ["-O1", "-Wno-missing-prototypes"])
    timed = hil_time(elf, "--function", "same")
    assert timed.code == 1
    assert "has several functions 'same' (0x" in timed.err


def test_the_emulator_ends_with_the_command(tmp_path: Path) -> None:
    elf = build(tmp_path, {"main.S": assembler("FUNCTION main\n b .\nEND main\n")})
    command = [sys.executable, "-m", "hil", "time", str(elf), "--timeout", "6000"]
    for number in (signal.SIGTERM, signal.SIGKILL):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                while (emulator := _child_of(process.pid)) is None:
                    assert process.poll() is None
                watched = os.pidfd_open(emulator)
                process.send_signal(number)
                process.wait(300)
                assert select.select([watched], [], [], 300)[0]
                os.close(watched)
            finally:
                process.kill()  # else leaving waits for it


def _child_of(parent: int) -> int | None:
    """The emulator that this process started; None before, though one may tell its version."""
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except OSError:
        return None
    for child in children:
        try:
            if b"-kernel" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                return int(child)
        except OSError:
            continue
    return None


AT_THE_FORK = """
import os, signal, sys
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGTERM))
from hil.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_signal_at_the_fork_is_not_lost(tmp_path: Path) -> None:
    """What a handler raises in what Python runs after a fork is told as ignored, and the command went on."""
    elf = build(tmp_path, {"main.S": assembler("FUNCTION main\n b .\nEND main\n")})
    command = [sys.executable, "-c", AT_THE_FORK, "time", str(elf), "--timeout", "20"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 128 + signal.SIGTERM
    assert done.stderr == ""
