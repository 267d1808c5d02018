"""Generated models as functions: firmware/tests/kernels/model.c around a model, here or inside QEMU."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.spec import ModelSpec
from hil.resources import firmware_dir
from hil.values import Precision
from kernel_programs import Program

Arrays = npt.NDArray[Any]


def model_sources(spec: ModelSpec, precision: Precision) -> list[str]:
    """What ``build_host`` and ``build_qemu`` need for a model of the lab, or one in a folder elsewhere."""
    model, root = spec.generated_c(precision).resolve(), firmware_dir().resolve()
    inside = model.relative_to(root) if model.is_relative_to(root) else model
    return ["tests/kernels/model.c", inside.as_posix()]


def run_model(program: Program, spec: ModelSpec, precision: Precision, inputs: Sequence[Arrays]) -> Arrays:
    """The outputs (N, outputs) of wire ``inputs``, N arrays (T, D) of any lengths."""
    request = b"".join(struct.pack("<I", len(x)) + np.ascontiguousarray(x).tobytes() for x in inputs)
    dtype = np.float32 if precision is Precision.F32 else np.int16
    return np.frombuffer(program.run(request), dtype=dtype).reshape(len(inputs), spec.outputs)
