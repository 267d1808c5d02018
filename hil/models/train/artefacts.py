"""Write what a training script found: weights, description, generated C, vectors and goldens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models import export, golden_f32, golden_q15
from hil.models.catalog import models_dir
from hil.models.quantise import calibrate, quantise, quantise_input
from hil.models.spec import DataSet, ModelSpec, Network
from hil.models.train.cell import Shape
from hil.models.vectors import vectors_path
from hil.models.weights import from_arrays, load_weights, write_npz

KERNELS = {
    "f32": ["activations_f32.c", "dense_f32.c", "fastgrnn_f32.c", "matvec_f32.c"],
    "q15": ["activations_q15.c", "dense_q15.c", "fastgrnn_q15.c", "matvec_q15.c"],
}
LICENCE_URLS = {"CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/"}


@dataclass(frozen=True)
class Trained:
    """A trained network by the names of its weights file; ``calibration`` are raw training inputs (T, D)."""

    name: str
    task: str
    shape: Shape
    arrays: dict[str, npt.NDArray[np.float32]]
    calibration: Sequence[npt.NDArray[np.float32]]
    min_steps: int
    max_steps: int
    dataset: DataSet
    generator: str


@dataclass(frozen=True)
class Held:
    """The test vectors: raw inputs (T, D) float32 and labels (N,) int64, used for nothing but goldens."""

    inputs: Sequence[npt.NDArray[np.float32]]
    labels: npt.NDArray[np.int64]


def write_model(trained: Trained, held: Held) -> None:
    """Rewrite the model's folder and vectors, and print its accuracy on them."""
    network = Network(**asdict(trained.shape), gate="quantSigm", update="quantTanh")
    weights = from_arrays(network, trained.arrays)
    scales = calibrate(weights, trained.calibration)
    folder = models_dir() / trained.name
    folder.mkdir(parents=True, exist_ok=True)
    write_npz(folder / "weights.npz", trained.arrays)
    description = {
        "name": trained.name,
        "task": trained.task,
        "cell": "fastgrnn",
        "min_steps": trained.min_steps,
        "max_steps": trained.max_steps,
        "network": asdict(network),
        "q15": asdict(scales),
        "kernels": KERNELS,
        "dataset": asdict(trained.dataset),
        "generator": trained.generator,
    }
    (folder / "model.json").write_text(json.dumps(description, indent=2, ensure_ascii=False) + "\n")
    spec = ModelSpec.read(folder)
    export.write(spec)
    _write_vectors(spec, held)


def _write_vectors(spec: ModelSpec, held: Held) -> None:
    weights = load_weights(spec)
    raw = golden_f32.run(weights, held.inputs)
    fixed = golden_q15.run(
        quantise(spec, weights), [quantise_input(spec, weights, vector) for vector in held.inputs]
    )
    path = vectors_path(spec.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, npt.NDArray[Any]] = {
        "inputs": np.concatenate(held.inputs).astype(np.float32),
        "steps": np.array([len(vector) for vector in held.inputs], dtype=np.int32),
        "labels": held.labels.astype(np.int64),
        "golden_f32": raw,
        "golden_q15": fixed,
    }
    write_npz(path, arrays)
    (path.parent / "README.md").write_text(_readme(spec, len(held.labels)))
    for name, logits in (("f32", raw), ("q15", fixed)):
        print(f"{spec.name}/{name}: accuracy {np.mean(logits.argmax(1) == held.labels):.4f}")


def _readme(spec: ModelSpec, count: int) -> str:
    data = spec.dataset
    return f"""# Test vectors of {spec.name}

{count} vectors held out from training: {spec.task}. Written by `python -m {spec.generator}`.

Data: {data.title}.
Source: {data.url}
Citation: {data.citation}
Licence of the data: {data.licence}, {LICENCE_URLS[data.licence]}
Changes: stored as float32 arrays; the values are those of the source.

`vectors.npz`: `inputs` (all time steps one after the other, features), `steps` (per vector), `labels`,
`golden_f32` and `golden_q15` (vectors, outputs): the reference's logits, float32 and int16.
"""
