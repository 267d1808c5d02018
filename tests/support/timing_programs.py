"""Small programs for `hil time`: built from C and assembler, and measured as a user would."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.qemu.plugin import SOURCES
from needs import absent

COMPILER = "arm-none-eabi-gcc"
FLAGS = (
    *("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-std=gnu11", "-ffreestanding"),
    *("-Wall", "-Wextra", "-Werror", "-fno-builtin"),
)
STACK_TOP = 0x2000_8000
_LIMIT_S = 600.0  # there for a hang

_LAYOUT = f"""
ENTRY(reset)
MEMORY {{ FLASH (rx) : ORIGIN = 0, LENGTH = 256K  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 128K }}
stack_top = {STACK_TOP};
SECTIONS
{{
    .text : {{ KEEP(*(.vectors)) *(.text .text.*) *(.rodata .rodata.*) . = ALIGN(4); }} > FLASH
    .data 0x20008000 : {{ *(.data .data.* .bss .bss.* COMMON) }} > RAM
    /DISCARD/ : {{ *(.comment) *(.note*) *(.eh_frame*) *(.ARM.exidx*) }}
}}
"""

# Exceptions that a program has no handler for end it with code 70.
_START = """
.syntax unified
.cpu cortex-m4
.fpu fpv4-sp-d16
.thumb
.section .vectors, "a"
    .word stack_top, reset
    .word nmi, hard_fault, unexpected, unexpected, usage_fault
    .word 0, 0, 0, 0, svc, unexpected, 0, pendsv, systick
    .word irq0, irq1
.text
.macro default name
    .weak \\name
    .thumb_set \\name, unexpected
.endm
default nmi
default hard_fault
default usage_fault
default svc
default pendsv
default systick
default irq0
default irq1

.global reset
.type reset, %function
reset:
    ldr r0, =0xE000ED88         // CPACR: the FPU on
    mov r1, #0xF00000
    str r1, [r0]
    dsb
    isb
    bl main
    b leave
.size reset, . - reset

.global leave                   // with the exit code in r0
.type leave, %function
leave:
    push {r0, r1}
    ldr r1, =0x20026
    str r0, [sp, #4]
    str r1, [sp]
    mov r1, sp
    movs r0, #0x20
    bkpt 0xAB
    b .
.size leave, . - leave

.type unexpected, %function
unexpected:
    movs r0, #70
    b leave
.size unexpected, . - unexpected
"""

# For C: printing on the first UART, and what SP is.
HEADER = r"""
#include <stdint.h>
#include <stddef.h>
#define NOINLINE __attribute__((noinline, noclone))
#define REGISTER(address) (*(volatile uint32_t *)(address))

static inline __attribute__((always_inline)) uint32_t stack_pointer(void)
{
    uint32_t sp;
    __asm volatile("mov %0, sp" : "=r"(sp) : : "memory");
    return sp;
}

static inline __attribute__((always_inline)) void say(const char *text)
{
    REGISTER(0x40004010) = 16; /* UART0: BAUDDIV, CTRL, DATA */
    REGISTER(0x40004008) = 1;
    while (*text != '\0') {
        REGISTER(0x40004000) = (uint32_t)*text++;
    }
}

static inline __attribute__((always_inline)) void say_number(uint32_t number)
{
    char digits[12];
    char *at = &digits[11];
    *at = '\0';
    *--at = '\n';
    do {
        *--at = (char)('0' + number % 10u);
        number /= 10u;
    } while (number != 0u);
    say(at);
}
"""


@dataclass(frozen=True)
class Timed:
    """What `hil time` did: exit code, and what it wrote. ``told`` is its JSON, where that was asked for."""

    code: int
    out: str
    err: str
    told: dict[str, Any]

    def function(self, name: str) -> dict[str, Any]:
        """A function's line of the profile."""
        found: dict[str, Any] = next(one for one in self.told["functions"] if one["function"] == name)
        return found


def _require(*programs: str) -> None:
    """Skips the test where one of them is missing."""
    for program in programs:
        if shutil.which(program) is None:
            absent(f"{program} is not installed")


def build(
    folder: Path, sources: Mapping[str, str], flags: Sequence[str] = ("-O2",), start: str = _START
) -> Path:
    """An ELF from the texts of C and assembler files by their names; ``main`` is where it begins."""
    _require(COMPILER)
    files = {"start.S": start, "layout.ld": _LAYOUT, **sources}
    for name, text in files.items():
        (folder / name).write_text(HEADER + text if name.endswith(".c") else text)
    code = [name for name in files if name != "layout.ld"]
    command = [COMPILER, *FLAGS, *flags, "-nostdlib", "-Wl,-T,layout.ld", *code, "-lgcc", "-o", "program.elf"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "program.elf"


def assembler(body: str) -> str:
    """An assembler file: ``FUNCTION name`` and ``END name`` stand for the directives around a function."""
    lines = [".syntax unified", ".cpu cortex-m4", ".fpu fpv4-sp-d16", ".thumb", ".text", ".balign 8"]
    for line in body.splitlines():
        word, _, name = line.partition("//")[0].strip().partition(" ")
        if word == "FUNCTION":
            lines += [".balign 4", f".global {name}", f".type {name}, %function", f"{name}:"]
        elif word == "END":
            lines += [f".size {name}, . - {name}", ".ltorg"]
        else:
            lines.append(line)
    return "\n".join([*lines, ""])


def parameter(name: str) -> int:
    """A number of the cycle model."""
    found = re.search(rf"X\({name}, (\d+),", (SOURCES / "parameters.h").read_text())
    assert found is not None, name
    return int(found[1])


def _check_sums(told: dict[str, Any]) -> None:
    """Classes and functions each add up to the whole, whatever was measured."""
    cycles, kinds = told["cycles"], told["kinds"]
    assert cycles["low"] <= cycles["nominal"] <= cycles["high"]
    assert sum(kind["instructions"] for kind in kinds) == told["instructions"]
    assert sum(kind["cycles"] for kind in kinds) == cycles["nominal"]
    regions = told["all_regions"]
    assert len(regions) == told["regions"]
    functions = told["functions"]
    assert sum(one["instructions"] for one in functions) == sum(one["instructions"] for one in regions)
    assert sum(one["own_cycles"] for one in functions) == sum(one["cycles"] for one in regions)
    assert all(one["own_cycles"] <= one["total_cycles"] for one in functions)


def hil_time(elf: Path, *options: str) -> Timed:
    """Run the command on a program, with JSON unless ``--text`` is among the options."""
    _require("cc")
    wants = [option for option in options if option != "--text"]
    json_flag = [] if "--text" in options else ["--json"]
    command = [sys.executable, "-m", "hil", "time", str(elf), *json_flag, *wants]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    told = json.loads(done.stdout) if json_flag and done.stdout.strip() else {}
    if told:
        _check_sums(told)
    return Timed(done.returncode, done.stdout, done.stderr, told)
