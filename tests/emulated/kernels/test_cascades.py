"""The cascades' kernels inside QEMU, built as in the images: the references' answers, and a bounded stack."""

from __future__ import annotations

import pytest

from cascade_cases import CASES, NO_POINTERS
from kernel_cases import SeededDraw, run_cases
from kernel_programs import QemuProgram, build_qemu

pytestmark = pytest.mark.emulated

BATCH = 40
MOST_STACK = 512  # bytes, of one call with all that it calls


@pytest.fixture(scope="module", params=["special", "plain"])
def emulated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> QemuProgram:
    """With the kernels written for the processor, and with the plain ones."""
    elf = tmp_path_factory.mktemp("cascades") / f"{request.param}.elf"
    return build_qemu(elf, ["tests/kernels/cascades.c"], plain=request.param == "plain")


@pytest.mark.parametrize("name", CASES)
def test_cascades_give_what_the_references_give(emulated: QemuProgram, name: str) -> None:
    cases = [CASES[name](SeededDraw(list(CASES).index(name), number)) for number in range(BATCH)]
    emulated.stack.clear()
    for case, given in zip(cases, run_cases(emulated, cases), strict=True):
        case.check(given)
    assert 0 < max(emulated.stack.values()) <= MOST_STACK, emulated.stack
    print(emulated.stack)


def test_null_pointers_are_refused(emulated: QemuProgram) -> None:
    NO_POINTERS.check(run_cases(emulated, [NO_POINTERS])[0])
