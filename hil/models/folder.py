"""Writes a model: its folder with weights, description and generated C, and its vectors with goldens."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.files import replace_file
from hil.models import export
from hil.models.spec import DataSet, ModelSpec, find_architecture
from hil.models.weights import load_weights, write_npz
from hil.values import Precision, rightly_classified

Arrays = npt.NDArray[Any]
EVERY = (Precision.F32, Precision.Q15, Precision.Q7)


@dataclass(frozen=True)
class Description:
    """What model.json says of a model, but for the scales, which are found; ``network`` as plain JSON values.

    ``vectors`` is how many vectors a bench run takes unless it is told, None for all.
    """

    name: str
    task: str
    architecture: str
    network: Mapping[str, Any]
    min_steps: int
    max_steps: int
    dataset: DataSet | None
    generator: str
    vectors: int | None = None
    precisions: tuple[Precision, ...] = EVERY
    regression: bool = False


@dataclass(frozen=True)
class Held:
    """The test vectors, used for nothing but goldens: raw inputs, N arrays (T, D), and labels (N,) int64 or a
    regression's targets (N, outputs), None where they are not known.
    """

    inputs: Sequence[Arrays]
    labels: npt.NDArray[np.int64] | None
    targets: npt.NDArray[np.float64] | None = None


def write_folder(
    folder: Path, about: Description, arrays: Mapping[str, Arrays], calibration: Sequence[Arrays]
) -> ModelSpec:
    """Rewrite a model's folder: ``arrays`` by the architecture's names, scales from raw ``calibration``
    inputs.
    """
    architecture = find_architecture(about.architecture)
    network = architecture.network(about.network)
    weights = architecture.weights(network, arrays)
    scales = {
        str(precision): asdict(architecture.calibrate(network, weights, precision, calibration))
        for precision in about.precisions
        if precision is not Precision.F32
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_npz(folder / "weights.npz", arrays)
    description = {
        "name": about.name,
        "task": about.task,
        "architecture": about.architecture,
        "min_steps": about.min_steps,
        "max_steps": about.max_steps,
        "network": dict(about.network),
        "scales": scales,
        "precisions": [str(precision) for precision in about.precisions],
        "vectors": about.vectors,
        "dataset": asdict(about.dataset) if about.dataset is not None else None,
        "generator": about.generator,
    } | ({"regression": True} if about.regression else {})
    replace_file(folder / "model.json", json.dumps(description, indent=2, ensure_ascii=False) + "\n")
    spec = ModelSpec.read(folder)
    export.write(spec)
    return spec


def write_vectors(path: Path, spec: ModelSpec, held: Held) -> dict[Precision, Arrays]:
    """Rewrite a model's vectors with the goldens of every precision, which are returned."""
    weights = load_weights(spec)
    goldens = {}
    for precision in spec.precisions:
        wired = [spec.architecture.wire(spec, weights, precision, vector) for vector in held.inputs]
        goldens[precision] = spec.architecture.golden(spec, weights, precision, wired)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Arrays] = {
        "inputs": np.concatenate(held.inputs),
        "steps": np.array([len(vector) for vector in held.inputs], dtype=np.int32),
    }
    if held.labels is not None:
        arrays["labels"] = held.labels.astype(np.int64)
    if held.targets is not None:
        arrays["targets"] = held.targets.astype(np.float64)
    write_npz(path, arrays | {f"golden_{precision}": golden for precision, golden in goldens.items()})
    return goldens


def accuracy_of(spec: ModelSpec, goldens: Arrays, labels: npt.NDArray[np.int64]) -> float:
    """The share of vectors whose largest class score is their label's, 0 to 1."""
    return float(np.mean(rightly_classified(goldens[:, : spec.classes], labels)))
