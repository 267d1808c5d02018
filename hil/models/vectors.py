"""Test vectors with labels and goldens, as an image of one precision takes and gives them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError, VectorError
from hil.models.catalog import find_model, is_own
from hil.models.spec import ModelSpec
from hil.models.weights import UNREADABLE, load_weights, read_npz, why_unreadable
from hil.parsing import PARSING
from hil.resources import fixtures_dir
from hil.values import Precision

_ANSWERS = "golden_"


@dataclass(frozen=True)
class VectorSet:
    """All vectors of a model, held out from its training, in a fixed order.

    ``inputs``: N arrays (T, D) in the wire type of one precision, C order; ``goldens`` (N, outputs) in the
    output's type. The first ``classes`` outputs are scores of classes (0: the model does not classify);
    ``labels`` (N,) int64 are the numbers of the right ones, None where they are not known or there are none.
    ``targets`` (N, outputs) are what the outputs of a regression should be, None where there are none; the
    outputs times ``output_scale`` are in their unit.
    ``path_output`` is the output that tells which way the model went.
    ``default`` is how many a run takes unless it is told, None for all. ``macs`` are the model's
    multiply-accumulates in its longest inference, None where they are not known. ``sha256`` is of the file
    ``path``, the same for every precision of a model; ``inputs_sha256`` of what it holds but for goldens.
    """

    inputs: list[npt.NDArray[Any]]
    labels: npt.NDArray[np.int64] | None
    goldens: npt.NDArray[Any]
    path: Path
    sha256: str
    classes: int
    path_output: int | None = None
    default: int | None = None
    macs: int | None = None
    targets: npt.NDArray[np.float64] | None = None
    output_scale: float = 1.0
    inputs_sha256: str = ""

    def __len__(self) -> int:
        return len(self.inputs)


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
        rows, steps, goldens = fields["inputs"], fields["steps"], fields[f"golden_{precision}"]
    except (ModelError, KeyError) as error:
        raise VectorError(
            f"no {precision} vectors of model {spec.name}",
            evidence=str(error),
            remedy=f"run `python -m {spec.generator}`",
        ) from error
    labels = fields.get("labels") if spec.classes else None
    targets = None if spec.classes else fields.get("targets")
    _check(spec, rows, steps, labels, goldens)
    if targets is not None:
        _check_targets(spec, targets, goldens)
    raw = split(rows, steps)
    for number, vector in enumerate(raw):
        if not spec.min_steps <= len(vector) <= spec.max_steps:
            raise VectorError(
                f"vector {number} of model {spec.name} has the wrong shape",
                evidence=f"{vector.shape}; steps {spec.min_steps} to {spec.max_steps}, "
                f"features {spec.features}",
            )
    weights = load_weights(spec)
    return VectorSet(
        inputs=[spec.architecture.wire(spec, weights, precision, vector) for vector in raw],
        labels=None if labels is None else labels.astype(np.int64),
        goldens=goldens,
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        classes=spec.classes,
        path_output=spec.path_output,
        default=spec.vectors,
        macs=spec.macs,
        targets=None if targets is None else targets.astype(np.float64),
        output_scale=spec.output_scale(precision),
        inputs_sha256=inputs_sha256(fields),
    )


def inputs_sha256(arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """Of the arrays of a model's archive, without the answers that its reference gives to the vectors.

    A model that is trained anew has other goldens; its vectors are the same as long as this is.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        if not name.startswith(_ANSWERS):
            held = arrays[name]
            digest.update(f"{name} {held.dtype} {held.shape} ".encode())
            digest.update(np.ascontiguousarray(held).tobytes())
    return digest.hexdigest()


def count_vectors(model: str | ModelSpec) -> int:
    """How many vectors a model has, without reading them; VectorError when they are missing or damaged."""
    path = vectors_path(model)
    try:
        with PARSING, np.load(path, allow_pickle=False) as archive:
            return len(archive["steps"])
    except (KeyError, TypeError, *UNREADABLE) as error:
        evidence = f"{path}: {why_unreadable(error)}"
        raise VectorError("the vectors cannot be counted", evidence=evidence) from error


def split(rows: npt.NDArray[Any], steps: npt.NDArray[np.integer[Any]]) -> list[npt.NDArray[Any]]:
    """``rows`` (sum of ``steps``, D) cut into one array (T, D) per vector."""
    return [np.ascontiguousarray(part) for part in np.split(rows, np.cumsum(steps)[:-1])]


def _check(
    spec: ModelSpec,
    rows: npt.NDArray[Any],
    steps: npt.NDArray[Any],
    labels: npt.NDArray[Any] | None,
    goldens: npt.NDArray[Any],
) -> None:
    """VectorError when the arrays cannot be those of one set of vectors."""
    count, wrong = len(steps) if steps.ndim else 0, None
    if steps.ndim != 1 or steps.dtype.kind not in "iu" or (steps.size and steps.min() < 1):
        wrong = f"steps are {steps.dtype} {steps.shape}, not one whole number from 1 per vector"
    elif count == 0:
        wrong = "there are none"
    elif rows.ndim != 2 or rows.dtype.kind not in "iuf" or rows.shape[1] != spec.features:
        wrong = f"inputs are {rows.dtype} {rows.shape}, not numbers (all steps, {spec.features})"
    elif int(steps.sum(dtype=np.int64)) != len(rows):
        wrong = f"steps add up to {int(steps.sum(dtype=np.int64))}, inputs have {len(rows)}"
    elif goldens.shape != (count, spec.outputs) or goldens.dtype.kind not in "iuf":
        wrong = f"goldens are {goldens.dtype} {goldens.shape}, not numbers ({count}, {spec.outputs})"
    elif labels is not None and (labels.shape != (count,) or labels.dtype.kind not in "iu"):
        wrong = f"labels are {labels.dtype} {labels.shape}, not one whole number per vector"
    elif labels is not None and not 0 <= labels.min() <= labels.max() < spec.labels:
        wrong = f"labels reach from {labels.min()} to {labels.max()}, the classes from 0 to {spec.labels - 1}"
    if wrong is not None:
        raise _misfit(spec, wrong, "labels")


def _check_targets(spec: ModelSpec, targets: npt.NDArray[Any], goldens: npt.NDArray[Any]) -> None:
    """VectorError when the targets are not one number for every output."""
    if targets.shape != goldens.shape or targets.dtype.kind not in "iuf":
        wrong = f"targets are {targets.dtype} {targets.shape}, not numbers {goldens.shape}"
        raise _misfit(spec, wrong, "targets")
    if not np.isfinite(targets).all():
        raise _misfit(spec, f"a target is not finite, at {np.argwhere(~np.isfinite(targets))[0]}", "targets")


def _misfit(spec: ModelSpec, wrong: str, optional: str) -> VectorError:
    return VectorError(
        f"vectors of model {spec.name} do not fit it",
        evidence=wrong,
        remedy=f"make them again; leave `{optional}` out where there are none",
    )
