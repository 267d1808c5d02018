"""Performance workloads: the papers' dimensions with weights drawn at random, for counting and nothing else.

``python -m hil.models.workloads`` rewrites their folders and vectors; the same bytes every time. They have no
data set, no accuracy, no classifier and no normalisation, as the reference counts. float32 uses sigmoid and
tanh, the fixed-point precisions quantSigm and quantTanh.

Dimensions: Kusupati et al., FastGRNN, NeurIPS 2018 (HAR-2, Google-12, Wakeword-2); Roy et al., MSC-RNN,
BuildSys 2019 (the lower tier); Saha et al., RNNPool, NeurIPS 2020 (blocks of the Visual Wake Words, WIDER
FACE and Face-M4 networks).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.folder import Description, Held
from hil.models.train.artefacts import write_model

Float32 = npt.NDArray[np.float32]
VECTORS = 8
_GATES = {"gate": "sigmoid", "update": "tanh", "fixed_gate": "quantSigm", "fixed_update": "quantTanh"}


@dataclass(frozen=True)
class Sequence:
    """A FastGRNN over T ``steps`` of D ``features``, with H ``hidden`` units and ranks."""

    name: str
    task: str
    features: int
    steps: int
    hidden: int
    rank_w: int
    rank_u: int


SEQUENCES = (
    Sequence("perf_har2", "FastGRNN of the paper's HAR-2", 9, 128, 80, 5, 40),
    Sequence("perf_google12", "FastGRNN of the paper's Google-12", 32, 99, 100, 16, 25),
    Sequence("perf_wakeword2", "FastGRNN of the paper's Wakeword-2", 32, 162, 32, 10, 15),
    Sequence("perf_msc_lower", "lower tier of MSC-RNN", 2, 48, 32, 5, 6),
)


@dataclass(frozen=True)
class Block:
    """One RNNPool block: C ``channels``, a P x P ``patch``, h1 and h2 hidden units."""

    name: str
    task: str
    channels: int
    patch: int
    hidden1: int
    hidden2: int


BLOCKS = (
    Block("perf_vww", "RNNPool block of the Visual Wake Words network", 8, 6, 8, 8),
    Block("perf_wider", "RNNPool block of the WIDER FACE network", 4, 8, 8, 8),
    Block("perf_face_m4", "RNNPool block of the Face-M4 network", 4, 8, 16, 16),
)


def _matrix(rng: np.random.Generator, rows: int, columns: int, gain: float = 1.0) -> Float32:
    return np.asarray(gain * rng.standard_normal((rows, columns)) / np.sqrt(columns), dtype=np.float32)


def sequence_arrays(work: Sequence, rng: np.random.Generator) -> dict[str, Float32]:
    """A cell's weights by their names; the gains keep the state in motion and the sums within the gates."""
    return {
        "W1": _matrix(rng, work.rank_w, work.features),
        "W2": _matrix(rng, work.hidden, work.rank_w, 0.5),
        "U1": _matrix(rng, work.rank_u, work.hidden),
        "U2": _matrix(rng, work.hidden, work.rank_u, 0.5),
        "Bg": rng.uniform(-0.5, 1.0, work.hidden).astype(np.float32),
        "Bh": rng.uniform(-0.3, 0.3, work.hidden).astype(np.float32),
        "zeta": np.float32(1.0) * np.ones((), np.float32),
        "nu": np.float32(-4.0) * np.ones((), np.float32),
    }


def smooth(rng: np.random.Generator, steps: int, features: int) -> Float32:
    """A sequence (T, D) of unit variance whose neighbours resemble each other, as a sensor's do."""
    values = rng.standard_normal((steps, features))
    for step in range(1, steps):
        values[step] = 0.9 * values[step - 1] + np.sqrt(1.0 - 0.9**2) * values[step]
    return values.astype(np.float32)


def write_sequence(work: Sequence) -> None:
    """Rewrite one recurrent workload."""
    rng = np.random.default_rng(sum(work.name.encode()))
    cell: Mapping[str, Any] = {
        "features": work.features,
        "hidden": work.hidden,
        "rank_w": work.rank_w,
        "rank_u": work.rank_u,
        **_GATES,
    }
    arrays = sequence_arrays(work, rng)
    inputs = [smooth(rng, work.steps, work.features) for _ in range(2 * VECTORS)]
    _write(work.name, work.task, "rnn", {"cell": cell, "classes": 0}, work.steps, arrays, inputs)


def write_block(work: Block) -> None:
    """Rewrite one RNNPool workload: zeta 1 and nu 0, as the published blocks have them; patches are not
    negative.
    """
    rng = np.random.default_rng(sum(work.name.encode()))
    arrays: dict[str, Float32] = {}
    for suffix, columns, hidden in (("1", work.channels, work.hidden1), ("2", work.hidden1, work.hidden2)):
        arrays |= {
            f"W{suffix}": _matrix(rng, hidden, columns),
            f"U{suffix}": _matrix(rng, hidden, hidden, 0.7),
            f"Bg{suffix}": rng.uniform(-1.0, 0.5, hidden).astype(np.float32),
            f"Bh{suffix}": rng.uniform(-0.3, 0.3, hidden).astype(np.float32),
            f"zeta{suffix}": np.ones((), np.float32),
            f"nu{suffix}": np.zeros((), np.float32),
        }
    network = {
        "channels": work.channels,
        "patch": work.patch,
        "hidden1": work.hidden1,
        "hidden2": work.hidden2,
        **_GATES,
    }
    inputs = [
        np.maximum(smooth(rng, work.patch, work.patch * work.channels), 0.0) for _ in range(2 * VECTORS)
    ]
    _write(work.name, work.task, "rnnpool", network, work.patch, arrays, inputs)


def _write(
    name: str,
    task: str,
    architecture: str,
    network: Mapping[str, Any],
    steps: int,
    arrays: Mapping[str, Float32],
    inputs: list[Float32],
) -> None:
    write_model(
        Description(
            name=name,
            task=f"performance workload, weights drawn at random: {task}",
            architecture=architecture,
            network=network,
            min_steps=steps,
            max_steps=steps,
            dataset=None,
            generator="hil.models.workloads",
        ),
        arrays,
        inputs[VECTORS:],
        Held(inputs[:VECTORS], np.zeros(VECTORS, dtype=np.int64)),
    )


def main() -> int:
    """Rewrite all workloads."""
    for work in SEQUENCES:
        write_sequence(work)
    for block in BLOCKS:
        write_block(block)
    return 0


if __name__ == "__main__":
    sys.exit(main())
