"""Every generated model inside QEMU, with the kernels of its images: its goldens, and a bounded stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.measure.accuracy import agreeing
from hil.models.catalog import list_models
from hil.models.spec import ModelSpec
from hil.models.vectors import load_vectors
from hil.values import Precision
from kernel_programs import build_qemu
from model_programs import model_sources, run_model

pytestmark = pytest.mark.emulated

VECTORS = 8  # all of them are the bench's to run
MOST_STACK = 512  # bytes, from run downwards
CASES = [(spec, precision) for spec in list_models() for precision in spec.precisions]


@pytest.mark.parametrize(
    ("spec", "precision"), CASES, ids=[f"{spec.name}/{precision}" for spec, precision in CASES]
)
def test_the_goldens_come_out(spec: ModelSpec, precision: Precision, tmp_path: Path) -> None:
    held = load_vectors(spec.name, precision)
    program = build_qemu(tmp_path / "model.elf", model_sources(spec, precision))
    answers = run_model(program, spec, precision, held.inputs[:VECTORS])
    assert agreeing(answers, held.goldens[:VECTORS]).all()
    print(f"{spec.name}/{precision}: {program.stack['run']} B of stack")
    assert 0 < program.stack["run"] <= MOST_STACK
