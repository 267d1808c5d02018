"""The kernels and generated models, built for the host with the sanitizers, behind a pipe."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hil.models.cell.weights import Cell, CellShape
from hil.models.rnn.network import Rnn, RnnNetwork
from hil.models.spec import ModelSpec
from hil.resources import firmware_dir
from hil.values import Precision

Arrays = npt.NDArray[Any]

FLAGS = [
    *("-std=c11", "-O1", "-g", "-I.", "-Itests/kernels"),
    *("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wmissing-prototypes", "-Werror"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
]


def compile_host(program: Path, sources: Sequence[str]) -> Path:
    """Build ``sources`` (relative to firmware/) with every warning an error and both sanitizers."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no host C compiler")
    kernels = sorted(str(path) for path in firmware_dir().glob("kernels/*.c"))
    command = [compiler, *FLAGS, *sources, *kernels, "-o", str(program)]
    built = subprocess.run(command, cwd=firmware_dir(), capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return program


def pipe(program: Path, request: bytes) -> bytes:
    """What the program answers; a sanitizer's report fails the test."""
    done = subprocess.run([program], input=request, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def _pack(*arrays: Arrays | None) -> bytes:
    return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays if array is not None)


RunModel = Callable[[ModelSpec, Precision, Sequence[Arrays]], Arrays]


@pytest.fixture(scope="session")
def run_generated(tmp_path_factory: pytest.TempPathFactory) -> RunModel:
    """A function that runs a model's generated C on wire inputs; outputs (N, outputs)."""
    folder = tmp_path_factory.mktemp("models")

    def run(spec: ModelSpec, precision: Precision, inputs: Sequence[Arrays]) -> Arrays:
        source = str(spec.generated_c(precision))
        program = compile_host(folder / f"{spec.name}-{precision}", ["tests/kernels/model_host.c", source])
        request = b"".join(struct.pack("<I", len(vector)) + _pack(vector) for vector in inputs)
        dtype = np.float32 if precision is Precision.F32 else np.int16
        return np.frombuffer(pipe(program, request), dtype=dtype).reshape(len(inputs), spec.outputs)

    return run


MakeModel = Callable[..., Rnn]


@pytest.fixture(scope="session")
def random_model() -> MakeModel:
    """A function that draws a recurrent model of any shape from a seed."""

    def make(
        seed: int, features: int, hidden: int, *, rank_w: int = 0, rank_u: int = 0, classes: int = 3,
        gate: str = "quantSigm", update: str = "quantTanh", norm_rows: int = 1, spread: float = 1.0,
        kind: str = "fastgrnn", kept: float = 1.0,
    ) -> Rnn:  # fmt: skip
        rng = np.random.default_rng(seed)

        def draw(*shape: int) -> npt.NDArray[np.float32]:
            values = spread * rng.standard_normal(shape) / np.sqrt(shape[-1])
            return (values * (rng.random(shape) < kept)).astype(np.float32)

        shape = CellShape(features, hidden, rank_w, rank_u, gate, update, kind)
        cell = Cell(
            shape=shape,
            w1=draw(rank_w, features) if rank_w else None,
            w2=draw(hidden, rank_w or features),
            u1=draw(rank_u, hidden) if rank_u else None,
            u2=draw(hidden, rank_u or hidden),
            bias_gate=rng.standard_normal(hidden).astype(np.float32) if kind == "fastgrnn" else None,
            bias_update=rng.standard_normal(hidden).astype(np.float32),
            zeta=float(np.float32(rng.uniform(0, 1))),
            nu=float(np.float32(rng.uniform(0, 1))),
        )
        return Rnn(
            network=RnnNetwork(shape, classes),
            cell=cell,
            classifier=draw(classes, hidden) if classes else None,
            classifier_bias=rng.standard_normal(classes).astype(np.float32) if classes else None,
            mean=rng.standard_normal((norm_rows, features)).astype(np.float32) if norm_rows else None,
            std=rng.uniform(0.5, 2.0, (norm_rows, features)).astype(np.float32) if norm_rows else None,
        )

    return make
