"""The stack that a model uses, as painted: to the byte what the trace follows, however shallow the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hil.board import open_board
from hil.build import find_toolchain
from hil.build.builder import Recipe, build_image
from hil.errors import BuildError
from hil.lab.boards import builtin_lab
from hil.session import Session
from hil.values import Precision
from needs import absent

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("each_qemu")]

SHALLOW = r"""
#include "runtime/model.h"

static _Alignas(8) int16_t input[64];
static _Alignas(8) int16_t output[1];

/* Pushes one word for each step but the first. */
static __attribute__((naked)) int run(uint32_t steps)
{
    __asm volatile("mov r1, r0\n\t"
                   "1: subs r0, #1\n\t"
                   "beq 2f\n\t"
                   "push {r0}\n\t"
                   "b 1b\n\t"
                   "2: subs r1, #1\n\t"
                   "beq 3f\n\t"
                   "pop {r0}\n\t"
                   "b 2b\n\t"
                   "3: movs r0, #0\n\t"
                   "bx lr\n\t");
}

const struct hil_model hil_model = {
    .name = "shallow", .precision = HIL_PRECISION_Q15, .input_dtype = HIL_I16, .output_dtype = HIL_I16,
    .features = 1, .min_steps = 1, .max_steps = 64, .outputs = 1,
    .input = input, .output = output, .run = run,
};
"""


def test_a_shallow_model_uses_what_it_pushes(tmp_path: Path) -> None:
    """Neither the runtime's own frames nor an interrupt's, of which one comes every millisecond."""
    try:
        toolchain = find_toolchain()
    except BuildError as error:
        absent(str(error))
    source = tmp_path / "shallow.c"
    source.write_text(SHALLOW)
    image = build_image(
        Recipe("qemu_mps2_an386", "shallow", Precision.Q15, source), tmp_path / "out", toolchain
    )
    with open_board(builtin_lab().boards[0]) as board, Session(board, image) as session:
        assert board.trace is not None
        for steps in (1, 2, 3, 8, 20, 64):  # deeper each time: the board remembers the deepest
            session.infer([np.zeros((steps, 1), np.int16)] * 40)
            tracked = {region.stack_bytes for region in board.trace.take()}
            assert tracked == {4 * (steps - 1)}
            assert session.stack().peak_model == 4 * (steps - 1)
