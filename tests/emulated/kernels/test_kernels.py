"""The kernels inside QEMU, built as in the images, against numpy: bit for bit in fixed point.

Those written for the processor and the plain ones get the same cases; the plain ones also give in float32,
bit for bit, what they give on this machine. Every call is measured: none takes more than 512 bytes of stack.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

import cascade_cases
import kernel_cases
import many_cases
import map_cases
from hil.build.flags import FLAGS
from hil.build.sources import board_folder
from hil.build.toolchain import find_toolchain
from hil.errors import BuildError
from hil.resources import firmware_dir
from kernel_cases import NO_POINTERS, Case, Draw, SeededDraw, run_cases
from kernel_programs import KIND, HostProgram, QemuProgram, build_host, build_qemu
from needs import absent

pytestmark = pytest.mark.emulated

BATCH = 150
MOST_STACK = 512  # bytes, of one call of a kernel with all that it calls

DRIVERS: Mapping[str, Mapping[str, Callable[[Draw], Case]]] = {
    "cells": kernel_cases.CASES,
    "many": many_cases.CASES,
    "maps": map_cases.CASES,
    "cascades": cascade_cases.CASES,
}
KERNELS = [(driver, name) for driver, cases in DRIVERS.items() for name in cases]
FLOATS = [(driver, name) for driver, name in KERNELS if name.endswith("f32")]
VARIANTS = ("special", "plain")  # written for the processor, where there is one; the plain C

Build = Callable[[str, str], QemuProgram]
BuildHost = Callable[[str], HostProgram]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A function that gives a driver in a variant, built once."""
    folder = tmp_path_factory.mktemp("kernels")

    @cache
    def make(driver: str, variant: str) -> QemuProgram:
        elf = folder / f"{driver}-{variant}.elf"
        return build_qemu(elf, [f"tests/kernels/{driver}.c"], plain=variant == "plain")

    return make


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> BuildHost:
    """A function that gives a driver for this machine, built once."""
    folder = tmp_path_factory.mktemp("kernels")

    @cache
    def make(driver: str) -> HostProgram:
        return build_host(folder / driver, [f"tests/kernels/{driver}.c"])

    return make


def batch(driver: str, name: str) -> Sequence[Case]:
    """Cases of one kernel, the same every time."""
    return [DRIVERS[driver][name](SeededDraw(KERNELS.index((driver, name)), at)) for at in range(BATCH)]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("driver", "name"), KERNELS)
def test_kernels_give_what_the_references_give(build: Build, driver: str, name: str, variant: str) -> None:
    program, cases = build(driver, variant), batch(driver, name)
    program.stack.clear()
    for case, given in zip(cases, run_cases(program, cases), strict=True):
        case.check(given)
    print(*(f"{kernel}: {used} B of stack" for kernel, used in sorted(program.stack.items())), sep="\n")
    assert program.stack
    assert max(program.stack.values()) <= MOST_STACK, program.stack


@pytest.mark.parametrize("variant", VARIANTS)
def test_null_pointers_are_refused(build: Build, variant: str) -> None:
    NO_POINTERS.check(run_cases(build("cells", variant), [NO_POINTERS])[0])


@pytest.mark.parametrize(("driver", "name"), FLOATS)
def test_plain_float_is_the_same_everywhere(build: Build, host: BuildHost, driver: str, name: str) -> None:
    cases = batch(driver, name)
    here, there = run_cases(host(driver), cases), run_cases(build(driver, "plain"), cases)
    for case, ours, theirs in zip(cases, here, there, strict=True):
        assert ours == theirs, case.name


def test_no_frame_is_larger_and_none_is_dynamic(tmp_path: Path) -> None:
    """The compiler's own count of each function's frame: painting does not show what is not touched."""
    try:
        compiler = find_toolchain().compiler
    except BuildError as error:
        absent(str(error))
    own = (board_folder(KIND) / "flags.txt").read_text().split()
    sources = sorted(firmware_dir().glob("kernels/**/*.c"))
    frames = {}
    for source in sources:
        unit = tmp_path / f"{source.parent.name}-{source.stem}.o"
        command = [compiler, *own, *FLAGS, "-fstack-usage", "-c", source, "-o", unit]
        subprocess.run(command, cwd=firmware_dir(), check=True)
        for line in unit.with_suffix(".su").read_text().splitlines():
            where, used, kind = line.split("\t")
            assert kind == "static", line
            frames[re.sub(r".*/", "", where)] = int(used)
    assert len(frames) >= len(sources) // 2
    assert max(frames.values()) <= MOST_STACK, {
        name: used for name, used in frames.items() if used > MOST_STACK
    }
