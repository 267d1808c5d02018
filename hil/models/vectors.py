"""Test vectors with labels and goldens, as an image of one precision takes and gives them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError, VectorError
from hil.models.catalog import find_model, is_own
from hil.models.spec import ModelSpec
from hil.models.weights import load_weights, read_npz
from hil.resources import fixtures_dir
from hil.values import Precision


@dataclass(frozen=True)
class VectorSet:
    """All vectors of a model, held out from its training, in a fixed order.

    ``inputs``: N arrays (T, D) in the wire type of one precision, C order; ``labels`` (N,) int64; ``goldens``
    (N, outputs) in the output's type. The first ``classes`` outputs are scores of classes (0: the model does
    not classify, and labels mean nothing); ``path_output`` is the one that tells which way the model went.
    ``default`` is how many a run takes unless it is told, None for all. ``sha256`` is of the file ``path``,
    the same for every precision of a model.
    """

    inputs: list[npt.NDArray[Any]]
    labels: npt.NDArray[np.int64]
    goldens: npt.NDArray[Any]
    path: Path
    sha256: str
    classes: int
    path_output: int | None = None
    default: int | None = None

    def __len__(self) -> int:
        return len(self.labels)


def vectors_path(model: str | ModelSpec) -> Path:
    """The archive of a model's vectors; a name is of a model that comes with the lab."""
    if isinstance(model, ModelSpec):
        if is_own(model):
            return model.folder / "vectors.npz"
        model = model.name
    return fixtures_dir() / "vectors" / model / "vectors.npz"


def load_vectors(model: str | ModelSpec, precision: Precision) -> VectorSet:
    """Read a model's vectors; VectorError when they are missing, damaged or of the wrong shape.

    A name is of a model that comes with the lab. The archive holds the raw features of all vectors one after
    the other; here they become what an image of that precision takes (``Architecture.wire``).
    """
    spec = model if isinstance(model, ModelSpec) else find_model(model)
    path = vectors_path(spec)
    try:
        fields = read_npz(path)
        raw = split(fields["inputs"], fields["steps"])
        labels, goldens = fields["labels"], fields[f"golden_{precision}"]
    except (ModelError, KeyError) as error:
        raise VectorError(
            f"no {precision} vectors of model {spec.name}",
            evidence=str(error),
            remedy=f"run `python -m {spec.generator}`",
        ) from error
    _check(spec, raw, labels, goldens)
    weights = load_weights(spec)
    return VectorSet(
        inputs=[spec.architecture.wire(spec, weights, precision, vector) for vector in raw],
        labels=labels,
        goldens=goldens,
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        classes=spec.classes,
        path_output=spec.path_output,
        default=spec.vectors,
    )


def split(rows: npt.NDArray[Any], steps: npt.NDArray[np.integer[Any]]) -> list[npt.NDArray[Any]]:
    """``rows`` (sum of ``steps``, D) cut into one array (T, D) per vector."""
    return [np.ascontiguousarray(part) for part in np.split(rows, np.cumsum(steps)[:-1])]


def _check(
    spec: ModelSpec,
    inputs: list[npt.NDArray[Any]],
    labels: npt.NDArray[Any],
    goldens: npt.NDArray[Any],
) -> None:
    for number, vector in enumerate(inputs):
        if not spec.min_steps <= len(vector) <= spec.max_steps or vector.shape[1:] != (spec.features,):
            raise VectorError(
                f"vector {number} of model {spec.name} has the wrong shape",
                evidence=f"{vector.shape}; steps {spec.min_steps} to {spec.max_steps}, "
                f"features {spec.features}",
            )
    if len(labels) != len(inputs) or goldens.shape != (len(inputs), spec.outputs):
        raise VectorError(
            f"vectors of model {spec.name} do not belong together",
            evidence=f"{len(inputs)} inputs, {len(labels)} labels, goldens {goldens.shape}",
        )
