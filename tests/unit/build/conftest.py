"""A user's own model outside of the project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hil.build import Recipe
from hil.values import Precision

KIND = "qemu_mps2_an386"

MODEL = """
#include "runtime/model.h"
static _Alignas(8) int16_t input[12];
static _Alignas(8) int16_t output[2];
static int run(uint32_t steps)
{
    output[0] = (int16_t)steps;
    output[1] = input[0];
    return 0;
}
const struct hil_model hil_model = {
    .name = "echo", .precision = HIL_PRECISION_Q15, .input_dtype = HIL_I16, .output_dtype = HIL_I16,
    .features = 3, .min_steps = 2, .max_steps = 4, .outputs = 2,
    .input = input, .output = output, .run = run,
};
"""


@pytest.fixture
def echo(tmp_path: Path) -> Callable[..., Recipe]:
    """A function that writes a model and gives its recipe; ``edit`` is (old, new) in the source."""

    def make(edit: tuple[str, str] = ("", ""), folder: str = "own", **fields: object) -> Recipe:
        source = tmp_path / folder / "echo_q15.c"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(MODEL.replace(*edit) if edit[0] else MODEL)
        recipe = {"kind": KIND, "model": "echo", "precision": Precision.Q15, "model_source": source}
        return Recipe(**{**recipe, **fields})  # type: ignore[arg-type]

    return make
