"""The kernels and generated models, built for the host with the sanitizers, behind a pipe."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hil.models.golden_q15 import FastGrnnQ15
from hil.models.spec import ModelSpec, Network
from hil.models.weights import FastGrnn
from hil.resources import firmware_dir
from hil.values import Precision

Arrays = npt.NDArray[Any]

GATES = ("quantSigm", "quantSigm4", "quantTanh", "relu", "sigmoid", "tanh")
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


@dataclass(frozen=True)
class HostKernels:
    """The kernels as functions of weights and inputs."""

    program: Path

    def f32(self, model: FastGrnn, inputs: Arrays) -> Arrays:
        """Logits (N, outputs) float32 of raw ``inputs`` (N, T, D)."""
        header = self._header(1, model.network, inputs, len(model.mean))
        body = _pack(
            *(model.mean, model.scale, model.w1, model.u1, model.mix, model.bias_gate, model.bias_update),
            np.array([model.zeta, model.nu], dtype=np.float32),
            *(model.classifier, model.classifier_bias, inputs.astype(np.float32)),
        )
        answer = np.frombuffer(pipe(self.program, header + body), dtype=np.float32)
        return answer.reshape(len(inputs), -1)

    def q15(self, network: Network, fixed: FastGrnnQ15, inputs: Arrays) -> Arrays:
        """Logits (N, outputs) int16 of quantised ``inputs`` (N, T, D)."""
        header = self._header(2, network, inputs, 0)
        shifts = (fixed.w1_shift, fixed.u1_shift, fixed.gate.shift, fixed.update.shift)
        body = struct.pack("<6I2h", *shifts, fixed.state_shift, fixed.classifier_shift, fixed.zeta, fixed.nu)
        body += _pack(
            *(fixed.w1, fixed.u1, fixed.mix, fixed.gate.bias, fixed.update.bias),
            *(fixed.classifier, fixed.classifier_bias, inputs.astype(np.int16)),
        )
        answer = np.frombuffer(pipe(self.program, header + body), dtype=np.int16)
        return answer.reshape(len(inputs), -1)

    def gate(self, name: str, sums: Arrays, bias: Arrays) -> Arrays:
        """One float32 gate over ``sums`` + ``bias`` (N,)."""
        request = struct.pack("<3I", 3, GATES.index(name), len(sums)) + _pack(sums, bias)
        return np.frombuffer(pipe(self.program, request), dtype=np.float32)

    @staticmethod
    def _header(kind: int, network: Network, inputs: Arrays, norm_rows: int) -> bytes:
        sizes = (network.features, network.hidden, network.rank_w, network.rank_u, network.outputs)
        gates = (GATES.index(network.gate), GATES.index(network.update))
        return struct.pack("<11I", kind, *sizes, inputs.shape[1], len(inputs), *gates, norm_rows)


@pytest.fixture(scope="session")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    """All kernels in one program."""
    program = tmp_path_factory.mktemp("kernels") / "kernels_host"
    return HostKernels(compile_host(program, ["tests/kernels/kernels_host.c"]))


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


MakeModel = Callable[..., FastGrnn]


@pytest.fixture(scope="session")
def random_model() -> MakeModel:
    """A function that draws a FastGRNN of any shape from a seed."""

    def make(
        seed: int, features: int, hidden: int, *, rank_w: int = 0, rank_u: int = 0, outputs: int = 3,
        gate: str = "quantSigm", update: str = "quantTanh", norm_rows: int = 1, spread: float = 1.0,
    ) -> FastGrnn:  # fmt: skip
        rng = np.random.default_rng(seed)

        def draw(*shape: int) -> npt.NDArray[np.float32]:
            return (spread * rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)

        return FastGrnn(
            network=Network(features, hidden, outputs, rank_w, rank_u, gate, update),
            w1=draw(rank_w, features) if rank_w else None,
            w2=draw(hidden, rank_w or features),
            u1=draw(rank_u, hidden) if rank_u else None,
            u2=draw(hidden, rank_u or hidden),
            bias_gate=rng.standard_normal(hidden).astype(np.float32),
            bias_update=rng.standard_normal(hidden).astype(np.float32),
            zeta=float(np.float32(rng.uniform(0, 1))),
            nu=float(np.float32(rng.uniform(0, 1))),
            classifier=draw(outputs, hidden),
            classifier_bias=rng.standard_normal(outputs).astype(np.float32),
            mean=rng.standard_normal((norm_rows, features)).astype(np.float32),
            std=rng.uniform(0.5, 2.0, (norm_rows, features)).astype(np.float32),
        )

    return make
