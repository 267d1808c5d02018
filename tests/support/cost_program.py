"""The sequences of cost_sequences.py in one program, and what the timing plug-in says of each.

Each lies between two marks (firmware/runtime/mark.h), after others that tell its number. No mark is counted,
but the first stands before the sequence as any instruction would: a 32-bit hint at a word, which nothing
pipelines with or folds into. No sequence crosses the end of a kilobyte, where the emulator cuts its blocks,
unless it asks to.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from cost_sequences import Sequence
from hil.measure.cycles import RegionCost
from hil.qemu.plugin import timing_plugin
from hil.qemu.program import find_program
from hil.qemu.trace import region_of, write_symbols
from timing_programs import build

_PAGE = 1024
_ROOM = 512  # bytes for one sequence and all around it
_LEAD = 16  # bytes before a sequence that its mark ends
_LIMIT_S = 600.0  # there for a hang

_HEAD = """
.syntax unified
.cpu cortex-m4
.fpu fpv4-sp-d16
.thumb
.equ data, 0x20008000
.equ stack, 0x20007f00
.text

.global svc
.type svc, %function
svc:                            // with a return that is skipped, unless r0 is another number than 0
    cbnz r0, 1f
    cmp r0, #0
    it ne
    bxne lr
1:  movs r0, #1
    bx lr

.global pendsv
.type pendsv, %function
pendsv:
    push {r4, lr}
    pop {r4, pc}

.global nmi
.type nmi, %function
nmi:
    movs r1, #2
    bx lr

.type number, %function
number:                         // r0, by marks, from its lowest bit up
    movs r1, #32
1:  lsrs r0, #1
    bcs 2f
    dbg #8
    b 3f
2:  dbg #9
3:  subs r1, #1
    bne 1b
    bx lr

.type prepare, %function
prepare:                        // what cost_sequences.py promises
    ldr r4, =data
    mov r1, r4
    mov r2, #512
1:  str r4, [r1], #4
    subs r2, #1
    bne 1b
    ldr r0, =stack
    mov sp, r0
    mov.w r12, #0x3f800000      // 1.0
    .irp pair, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vmov d\\pair, r12, r12
    .endr
    mov.w r12, #1
    movs r0, #100
    movs r1, #4
    movs r2, #8
    movs r3, #12
    add.w r5, r4, #64
    add.w r6, r4, #128
    add.w r7, r4, #192
    add.w r8, r4, #256
    mov.w r9, #8
    mov.w r10, #5
    mov.w r11, #0
    cmp r0, r0
    bx lr
    .ltorg

.global main
.type main, %function
main:
"""

_TAIL = """
    movs r0, #0
    bl leave
.size main, . - main
"""


def program(folder: Path, sequences: Iterable[Sequence]) -> Path:
    """An ELF that runs the sequences one after the other."""
    text = [_HEAD, *(_placed(index, one) for index, one in enumerate(sequences)), _TAIL]
    return build(folder, {"main.S": "\n".join(text)})


def _placed(index: int, one: Sequence) -> str:
    place = ".balign 16" if one.cut is None else f".balign {_PAGE}\n.space {_PAGE - _LEAD - one.cut}"
    end = f".org block_{index} + {_ROOM}" if one.cut is None else ".balign 4"
    return f"""
.balign {_ROOM}
block_{index}:
    movw r0, #{index}
    bl number
    bl prepare
    {one.setup}
    b.w lead_{index}
    {place}
lead_{index}:
    nop.w
    nop.w
    nop.w
    dbg #10
seq_{index}_from:
    {one.code}
seq_{index}_to:
    dbg #11
    b.w next_{index}
    {one.after}
    .ltorg
    {end}
next_{index}:
"""


def measure(elf: Path, folder: Path, **numbers: int) -> Mapping[int, RegionCost]:
    """Each sequence's region, by its number in the program; ``numbers`` of the model are set as given."""
    report, symbols = folder / "report", folder / "symbols"
    report.unlink(missing_ok=True)  # the plug-in appends
    write_symbols(symbols, elf)
    program = find_program()
    command = [program, "-M", "mps2-an386", "-display", "none", "-nodefaults"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(elf)]
    command += timing_plugin(program).argument(out=report, symbols=symbols, marks=1, **numbers)
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    assert done.returncode == 0, f"the program ended with {done.returncode}: {done.stderr}"
    regions = [region_of(line) for line in report.read_bytes().splitlines()]
    told = [region.sequence for region in regions]
    assert told == list(range(len(regions))), "a sequence did not end where it should"
    return dict(enumerate(regions))
