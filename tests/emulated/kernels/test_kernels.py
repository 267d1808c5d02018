"""The kernels inside QEMU, built as in the images, against numpy: bit for bit in fixed point.

Those written for the processor and the plain ones get the same cases; the plain ones also give in float32,
bit for bit, what they give on this machine. Every call is measured: none takes more than 512 bytes of stack.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from hil.build.builder import FLAGS
from hil.build.sources import board_folder
from hil.build.toolchain import find_toolchain
from hil.errors import BuildError
from hil.resources import firmware_dir
from kernel_cases import CASES, NO_POINTERS, Case, SeededDraw, run_cases
from kernel_programs import KIND, HostProgram, QemuProgram, build_host, build_qemu

pytestmark = pytest.mark.emulated

DRIVER = ["tests/kernels/cells.c"]
BATCH = 150
MOST_STACK = 512  # bytes, of one call of a kernel with all that it calls


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> QemuProgram:
    """The driver with the plain kernels."""
    return build_qemu(tmp_path_factory.mktemp("kernels") / "plain.elf", DRIVER, plain=True)


@pytest.fixture(scope="module")
def special(tmp_path_factory: pytest.TempPathFactory) -> QemuProgram:
    """The driver with the kernels written for the processor."""
    return build_qemu(tmp_path_factory.mktemp("kernels") / "special.elf", DRIVER)


@pytest.fixture(params=["special", "plain"])
def emulated(request: pytest.FixtureRequest) -> QemuProgram:
    """Each of the two."""
    program: QemuProgram = request.getfixturevalue(request.param)
    return program


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> HostProgram:
    """The driver on this machine."""
    return build_host(tmp_path_factory.mktemp("kernels") / "host", DRIVER)


def batch(name: str) -> Sequence[Case]:
    """Cases of one kernel, the same every time."""
    return [CASES[name](SeededDraw(list(CASES).index(name), number)) for number in range(BATCH)]


@pytest.mark.parametrize("name", CASES)
def test_kernels_give_what_the_references_give(emulated: QemuProgram, name: str) -> None:
    cases = batch(name)
    for case, given in zip(cases, run_cases(emulated, cases), strict=True):
        case.check(given)


def test_null_pointers_are_refused(emulated: QemuProgram) -> None:
    NO_POINTERS.check(run_cases(emulated, [NO_POINTERS])[0])


@pytest.mark.parametrize("name", [name for name in CASES if name.endswith("f32")])
def test_plain_float_is_the_same_everywhere(plain: QemuProgram, host: HostProgram, name: str) -> None:
    cases = batch(name)
    for case, here, there in zip(cases, run_cases(host, cases), run_cases(plain, cases), strict=True):
        assert here == there, case.name


@pytest.mark.parametrize("name", CASES)
def test_the_stack_is_bounded(emulated: QemuProgram, name: str) -> None:
    emulated.stack.clear()
    run_cases(emulated, batch(name))
    assert emulated.stack
    print(*(f"{kernel}: {used} B of stack" for kernel, used in sorted(emulated.stack.items())), sep="\n")
    assert max(emulated.stack.values()) <= MOST_STACK, emulated.stack
    assert min(emulated.stack.values()) > 0, emulated.stack


def test_no_frame_is_larger_and_none_is_dynamic(tmp_path: Path) -> None:
    """The compiler's own count of each function's frame: painting does not show what is not touched."""
    try:
        compiler = find_toolchain().compiler
    except BuildError as error:
        pytest.skip(str(error))
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
