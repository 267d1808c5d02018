"""Kernels of convolution, pooling and RNNPool inside QEMU, built as in the images, against numpy.

Those written for the processor and the plain ones get the same cases. Every call is measured: none takes more
than 512 bytes of stack.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kernel_cases import Case, SeededDraw, run_cases
from kernel_programs import QemuProgram, build_qemu
from map_cases import CASES

pytestmark = pytest.mark.emulated

DRIVER = ["tests/kernels/maps.c"]
BATCH = 100
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


def batch(name: str) -> Sequence[Case]:
    """Cases of one kernel, the same every time."""
    return [CASES[name](SeededDraw(list(CASES).index(name), number)) for number in range(BATCH)]


@pytest.mark.parametrize("name", CASES)
def test_kernels_give_what_the_references_give_on_little_stack(emulated: QemuProgram, name: str) -> None:
    emulated.stack.clear()
    cases = batch(name)
    for case, given in zip(cases, run_cases(emulated, cases), strict=True):
        case.check(given)
    assert emulated.stack
    print(*(f"{kernel}: {used} B of stack" for kernel, used in sorted(emulated.stack.items())), sep="\n")
    assert min(emulated.stack.values()) > 0, emulated.stack
    assert max(emulated.stack.values()) <= MOST_STACK, emulated.stack
