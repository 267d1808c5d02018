"""The vectors and labels of a user: what the model is calibrated on, and what the bench streams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError, VectorError
from hil.models.importer.arrays import Array, read_array, read_arrays, shape_text
from hil.models.importer.foreign import file_advice
from hil.models.importer.problems import Problems

Floats = npt.NDArray[np.float32]

_LARGEST = 65_535  # steps and features travel as uint16
_LARGEST_PATCH = 255
_TEXTS = {".csv": ",", ".tsv": "\t", ".txt": None}  # what parts numbers in a line
_FORMS = (
    "save X.npy as (vectors, steps, features), or X.npz with `inputs` (all steps one after the other, "
    "features) and `steps` (per vector)"
)


def read_inputs(path: Path, features: int | None = None) -> list[Floats]:
    """N arrays (T, D) from ``X.npy`` (N, T, D) or a ragged ``X.npz``; VectorError names what is wrong.

    ``features`` is what the weights say that D is, where they do: with it a flat file is told how to turn.
    """
    problems = Problems()
    inputs: list[Array] = []
    try:
        if path.suffix == ".npz":
            inputs = _ragged(read_arrays(path), problems)
        else:
            array = _read(path, "vectors", _FORMS)
            _check_flat(array, path, features)
            inputs = _regular(array, problems)
    except ModelError as error:
        raise VectorError(f"no vectors in {path}", evidence=error.evidence, remedy=_FORMS) from error
    narrow = [_finite(number, vector, problems) for number, vector in enumerate(inputs)]
    problems.raise_vectors(path, _FORMS)
    return narrow


def read_labels(path: Path, count: int) -> npt.NDArray[np.int64]:
    """``count`` class numbers from ``y.npy``, (N,) or (N, 1); VectorError names what is wrong."""
    array = _read(path, "labels", "save y.npy as (vectors,)")
    problems = Problems()
    labels = np.zeros(count, dtype=np.int64)
    way = "save y.npy as (vectors,), the number of each one's class"
    if array.dtype.kind not in "fiub":
        problems.add(f"labels hold {array.dtype}, not class numbers")
    elif array.shape not in ((count,), (count, 1)):
        problems.add(f"labels are {shape_text(array)}, not {count}: one per vector")
        if array.ndim == 2 and ((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all():
            way = f"these are one-hot rows: {_python(path, 'a.argmax(axis=1)', 'classes')}"
    elif not np.isfinite(array).all() or (array != np.rint(array)).any():
        problems.add("labels are not whole numbers")
        way = f"{way}; the values that a regression should give are --targets"
    elif (array < 0).any():
        problems.add(f"label {array.min():g} is not a class: they count from 0")
        if np.isin(array, (-1, 1)).all():
            way = f"of two classes, -1 and 1: {_python(path, '(a > 0).astype(int)', 'classes')}"
    elif (array > _LARGEST).any():
        problems.add(f"label {array.max():g} is not a class: there are at most {_LARGEST:,}")
    else:
        labels = array.reshape(count).astype(np.int64)
    problems.raise_vectors(path, way)
    return labels


def read_targets(path: Path, count: int, outputs: int) -> npt.NDArray[np.float64]:
    """(N, outputs) of what a regression should give, from ``y.npy``; of a single output also (N,).

    VectorError names what is wrong.
    """
    array = _read(path, "targets", "save y.npy as (vectors, outputs)")
    problems = Problems()
    if array.dtype.kind not in "fiub":
        problems.add(f"targets hold {array.dtype}, not numbers")
    elif array.shape != (count, outputs) and (outputs != 1 or array.shape != (count,)):
        problems.add(f"targets are {shape_text(array)}, not {count}×{outputs} (vectors × outputs)")
    elif not np.isfinite(array).all():
        wrong = np.argwhere(~np.isfinite(array))
        problems.add(f"the target of vector {wrong[0][0]} is not finite, {len(wrong)} of {array.size}")
    problems.raise_vectors(path, "save y.npy as (vectors, outputs), in the order of the vectors")
    return array.reshape(count, outputs).astype(np.float64)


def _read(path: Path, what: str, forms: str) -> Array:
    try:
        return read_array(path)
    except ModelError as error:
        known = file_advice(path)
        if path.suffix.lower() in _TEXTS and path.is_file():
            known, forms = ("it is text, not an array", ""), _of_text(path, what)
        raise VectorError(
            f"no {what} in {path}",
            evidence=error.evidence if known is None or not path.exists() else known[0],
            remedy=forms,
        ) from error


def _of_text(path: Path, what: str) -> str:
    """The line that makes an array of numbers in lines."""
    into = {"vectors": ".reshape(-1, STEPS, FEATURES)", "labels": ".astype(int)"}.get(what, "")
    lines = f"n.loadtxt('{path}', delimiter={_TEXTS[path.suffix.lower()]!r}, ndmin=1){into}"
    saved = path.with_suffix(".npy")
    head = " (a head of names: skiprows=1)"
    return f"""python -c "import numpy as n; n.save('{saved}', {lines})", then give {saved}{head}"""


def _python(path: Path, expression: str, added: str) -> str:
    """The line that saves what ``expression`` makes of the array ``a``, beside it."""
    saved = path.with_name(f"{path.stem}_{added}.npy")
    return f"""python -c "import numpy as n; a = n.load('{path}'); n.save('{saved}', {expression})\""""


def _check_flat(array: Array, path: Path, features: int | None) -> None:
    """VectorError for (vectors, steps · features), with a label before them or without: how to turn it."""
    if array.ndim != 2 or array.dtype.kind not in "fiub" or array.size == 0:
        return
    first = array[:, 0]
    labelled = bool((first >= 0).all() and (first == np.rint(first)).all() and (first != first[0]).any())
    if features is not None:
        labelled = labelled and array.shape[1] % features == 1 % features and array.shape[1] > features
    d = "D" if features is None else features
    start = 1 if labelled else 0
    lines = [_python(path, f"a[:, {start}:].reshape(len(a), -1, {d})", "X")]
    form = "not vectors × steps × features"
    if labelled:
        lines.append(_python(path, "a[:, 0].astype(int)", "y"))
        form = "a label and then the features of all steps, as EdgeML's data has them"
    unknown = f"{_FORMS}; with D features in a step: " if features is None else ""
    raise VectorError(
        f"the vectors in {path} are flat",
        evidence=f"it is {shape_text(array)}, {form}",
        remedy=unknown + " && ".join(lines),
    )


def check_labels(labels: npt.NDArray[np.int64], classes: int, path: Path) -> None:
    """VectorError when a label is none of ``classes`` classes; a single output is the logit of one of two."""
    classes = 2 if classes == 1 else classes
    wrong = np.flatnonzero(labels >= classes)
    if len(wrong):
        raise VectorError(
            f"the labels in {path} do not fit the model",
            evidence=f"vector {wrong[0]} is of class {labels[wrong[0]]}, the model has 0 to {classes - 1}",
            remedy="check that the labels count from 0, and that FC is this model's",
        )


def _regular(array: Array, problems: Problems) -> list[Any]:
    if array.dtype.kind not in "fiub":
        problems.add(f"it holds {array.dtype}, not numbers")
    elif array.ndim != 3:
        problems.add(f"it is {shape_text(array)}, not vectors × steps × features")
    elif array.size == 0 or max(array.shape[1:]) > _LARGEST:
        problems.add(
            f"it is {shape_text(array)}: 1 to {_LARGEST:,} steps and features, and a vector at least"
        )
    else:
        return list(array)
    return []


def _ragged(arrays: dict[str, Array], problems: Problems) -> list[Any]:
    missing = [name for name in ("inputs", "steps") if name not in arrays]
    if missing:
        problems.add(f"{' and '.join(missing)} missing; it has {', '.join(arrays)}")
        return []
    inputs, steps = arrays["inputs"], arrays["steps"]
    if inputs.ndim != 2 or inputs.shape[1] > _LARGEST:
        problems.add(f"inputs is {shape_text(inputs)}, not all steps × features")
    elif steps.ndim != 1 or steps.dtype.kind not in "iu":
        problems.add(f"steps is {shape_text(steps)} of {steps.dtype}, not one whole number per vector")
    elif not 1 <= steps.min() <= steps.max() <= _LARGEST:
        problems.add(f"steps reach from {steps.min()} to {steps.max()}: 1 to {_LARGEST:,} are possible")
    elif int(steps.sum(dtype=np.int64)) != len(inputs):
        problems.add(f"steps add up to {int(steps.sum(dtype=np.int64))}, inputs has {len(inputs)}")
    else:
        return np.split(inputs, np.cumsum(steps.astype(np.int64))[:-1])
    return []


def _finite(number: int, vector: Array, problems: Problems) -> Floats:
    with np.errstate(over="ignore"):
        narrow = np.ascontiguousarray(vector, dtype=np.float32)
    if not np.isfinite(narrow).all():
        at = ", ".join(str(int(index)) for index in np.argwhere(~np.isfinite(narrow))[0])
        problems.add(f"vector {number} is not finite at [{at}]")
    return narrow


def read_patches(path: Path) -> tuple[list[Floats], int]:
    """N patches (P, P·C), and C, from ``X.npy`` (N, P, P, C) or (N, P, P·C); VectorError says what is not."""
    forms = "save X.npy as (patches, rows, columns, channels)"
    array = _read(path, "vectors", forms)
    problems = Problems()
    if array.dtype.kind not in "fiub":
        problems.add(f"it holds {array.dtype}, not numbers")
    elif array.ndim not in (3, 4) or array.size == 0:
        problems.add(f"it is {shape_text(array)}, not patches × rows × columns × channels")
    elif (array.ndim == 4 and array.shape[1] != array.shape[2]) or (
        array.ndim == 3 and array.shape[2] % array.shape[1]
    ):
        problems.add(f"it is {shape_text(array)}: patches are square")
    elif array.shape[1] > _LARGEST_PATCH or array[0, 0].size > _LARGEST:
        problems.add(f"it is {shape_text(array)}: at most {_LARGEST_PATCH} rows of {_LARGEST:,} values")
    problems.raise_vectors(path, forms)
    rows = array.reshape(len(array), array.shape[1], -1)
    inputs = [_finite(number, vector, problems) for number, vector in enumerate(rows)]
    problems.raise_vectors(path, forms)
    return inputs, rows.shape[2] // rows.shape[1]
