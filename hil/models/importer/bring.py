"""From a trainer's weights and vectors to a model folder: description, scales, goldens, C, an audit."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError, VectorError
from hil.models.catalog import models_dir
from hil.models.cell.weights import CellShape
from hil.models.folder import Description, Held, accuracy_of, write_folder, write_vectors
from hil.models.gates import GATES
from hil.models.importer.audit import Operation, audit
from hil.models.importer.layout import CellArrays, Layout, Weights
from hil.models.importer.names import BIASES, CELLS
from hil.models.importer.vectors import Floats, check_labels, read_inputs, read_labels, read_patches
from hil.models.importer.weights import probable_features, read_weights
from hil.models.spec import DataSet, ModelSpec
from hil.models.weights import load_weights
from hil.values import Precision

_MOST_INPUT_BYTES = 1 << 16  # fragments: HIL_FRAGMENT_UNITS of runtime/wire.h
_MOST_OUTPUT_BYTES = 2039  # a frame's payload without the header of RESULTS and the ticks
_GENERATOR = "hil model import"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


@dataclass(frozen=True)
class Request:
    """What a user wants imported, and where: ``out`` is the folder that holds one folder per model.

    ``gate`` is None for a FastRNN; without ``labels`` no accuracy is known.
    """

    weights: Path
    cell: str
    name: str
    gate: str | None
    update: str
    vectors: Path
    labels: Path | None
    out: Path
    precisions: tuple[Precision, ...]
    layout: Layout | None = None
    squashed: bool = False


@dataclass(frozen=True)
class Imported:
    """What was written, and what it is worth.

    ``accuracy`` is the share of right classes, empty without classes or labels; ``audits`` one per
    fixed-point precision; ``unused`` are names in the weights that mean nothing to the cell.
    """

    spec: ModelSpec
    layout: Layout
    unused: tuple[str, ...]
    vectors: int
    accuracy: Mapping[Precision, float]
    audits: Mapping[Precision, list[Operation]]


@dataclass(frozen=True)
class _Material:
    """All that was read: the weights in rows, and the vectors as the architecture takes them."""

    weights: Weights
    inputs: Sequence[Floats]
    labels: npt.NDArray[np.int64] | None


def bring(request: Request) -> Imported:
    """Read, check, calibrate, audit and write ``out/name``; a folder that is there is replaced at the end.

    ModelError or VectorError names what is wrong, and leaves what was there.
    """
    _check_request(request)
    material = _read(request)
    about, arrays = _describe(request, material)
    _check_link(request, material)
    try:
        return _write(request, material, about, arrays)
    except OSError as error:
        raise ModelError(
            f"{request.out / request.name} cannot be written", evidence=error.strerror, remedy="see --out"
        ) from error


def _write(
    request: Request, material: _Material, about: Description, arrays: Mapping[str, Floats]
) -> Imported:
    """Write all of it beside the place where it goes, and put it there as a whole."""
    request.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".import-", dir=request.out) as place:
        folder = Path(place) / request.name
        spec = write_folder(folder, about, arrays, material.inputs)
        with np.errstate(over="ignore", invalid="ignore"):  # looked for below
            goldens = write_vectors(folder / "vectors.npz", spec, Held(material.inputs, material.labels))
        _check_finite(goldens)
        weights = load_weights(spec)
        fixed = [one for one in spec.precisions if one is not Precision.F32]
        audits: dict[Precision, list[Operation]] = {
            one: audit(spec, weights, one, material.inputs) for one in fixed
        }
        accuracy = (
            {one: accuracy_of(spec, goldens[one], material.labels) for one in spec.precisions}
            if spec.classes and material.labels is not None
            else {}
        )
        (folder / "README.md").write_text(_readme(request, material, spec, accuracy), encoding="utf-8")
        _replace(folder, request.out / request.name)
    return Imported(
        spec=ModelSpec.read(request.out / request.name),
        layout=material.weights.layout,
        unused=material.weights.unused,
        vectors=len(material.inputs),
        accuracy=accuracy,
        audits=audits,
    )


def _check_request(request: Request) -> None:
    if not _NAME.fullmatch(request.name):
        raise ModelError(
            f"{request.name!r} cannot be a model's name",
            remedy="use letters, digits, _ and -, at most 63, a letter or digit first",
        )
    if (models_dir() / request.name).exists():
        raise ModelError(
            f"a model called {request.name} comes with the lab", remedy="give yours another name"
        )
    if request.cell not in CELLS:
        raise ModelError(f"unknown cell {request.cell!r}", remedy=f"choose from: {', '.join(CELLS)}")
    if request.cell == "fastrnn" and request.gate is not None:
        raise ModelError("a FastRNN has no gate", remedy="leave --gate out; --update is its nonlinearity")
    if request.cell != "fastrnn" and request.gate is None:
        raise ModelError(f"{request.cell} has a gate", remedy=f"add --gate, one of {', '.join(GATES)}")
    for option, name in (("--gate", request.gate), ("--update", request.update)):
        if name is not None and name not in GATES:
            raise ModelError(f"unknown {option} {name!r}", remedy=f"choose from: {', '.join(GATES)}")
    _check_place(request.out / request.name)


def _check_place(target: Path) -> None:
    """ModelError when what lies there was not imported: a folder of one's own C must not be replaced."""
    if not target.exists() and not target.is_symlink():
        return
    try:
        made = json.loads((target / "model.json").read_text())["generator"]
    except (OSError, ValueError, TypeError, KeyError):
        made = None
    if made != _GENERATOR:
        what = "is no model" if made is None else "was not imported"
        raise ModelError(
            f"{target} is there and {what}", remedy="choose another --name or --out, or remove it"
        )


def _read(request: Request) -> _Material:
    pool = request.cell == "rnnpool"
    if pool:
        inputs, features = read_patches(request.vectors)
    else:
        inputs = read_inputs(request.vectors, probable_features(request.weights, request.cell))
        features = int(inputs[0].shape[1])
    weights = read_weights(
        request.weights,
        request.cell,
        features=features,
        most_steps=1 if pool else max(len(vector) for vector in inputs),
        layout=request.layout,
        squashed=request.squashed,
    )
    labels = None
    if request.labels is not None:
        if weights.classifier is None:
            raise VectorError(
                "labels are given, and the weights have no classifier",
                remedy="leave --labels out, or save FC and FCbias",
            )
        labels = read_labels(request.labels, len(inputs))
        check_labels(labels, len(weights.classifier), request.labels)
    return _Material(weights, inputs, labels)


def _check_link(request: Request, material: _Material) -> None:
    """ModelError when an input or an output is more than the link carries (firmware/PROTOCOL.md)."""
    weights = material.weights
    outputs = weights.cells[-1].sizes.hidden * (4 if request.cell == "rnnpool" else 1)
    if weights.classifier is not None:
        outputs = len(weights.classifier)
    inputs = max(vector.size for vector in material.inputs)
    for precision in request.precisions:
        width = 4 if precision is Precision.F32 else 2
        for what, size, most in (
            ("a vector", inputs * width, _MOST_INPUT_BYTES),
            ("an output", outputs * width, _MOST_OUTPUT_BYTES),
        ):
            if size > most:
                raise ModelError(
                    f"{what} of {request.name} is too large for the link",
                    evidence=f"{size:,} B in {precision}, at most {most:,}",
                    remedy="shorten it, or leave f32 out with --precision",
                )


def _check_finite(goldens: Mapping[Precision, npt.NDArray[Any]]) -> None:
    """ModelError when the reference itself gives what is no number: nothing could agree with it."""
    for precision, outputs in goldens.items():
        wrong = np.flatnonzero(~np.isfinite(outputs).all(axis=1))
        if len(wrong):
            raise ModelError(
                f"the outputs of vector {wrong[0]} are not finite in {precision}",
                evidence=f"{len(wrong)} of {len(outputs)} vectors",
                remedy="look for weights that are far too large, or normalise the inputs",
            )


def _describe(request: Request, material: _Material) -> tuple[Description, dict[str, Floats]]:
    weights = material.weights
    classes = 0 if weights.classifier is None else len(weights.classifier)
    lengths = [len(vector) for vector in material.inputs]
    about = Description(
        name=request.name,
        task=f"imported from {_shown(request.weights)}",
        architecture="rnnpool" if request.cell == "rnnpool" else "rnn",
        network=_pool_network(request, material, classes)
        if request.cell == "rnnpool"
        else {"cell": asdict(_shape(request, weights.cells[0])), "classes": classes},
        min_steps=min(lengths),
        max_steps=max(lengths),
        dataset=DataSet(
            title=f"the user's vectors, {_shown(request.vectors)}", citation="", licence="not stated", url=""
        ),
        generator=_GENERATOR,
        precisions=request.precisions,
    )
    arrays = _pool_arrays(weights) if request.cell == "rnnpool" else _rnn_arrays(weights)
    if weights.classifier is not None and weights.classifier_bias is not None:
        arrays |= {"FC": weights.classifier, "FCbias": weights.classifier_bias}
    return about, arrays


def _shape(request: Request, cell: CellArrays) -> CellShape:
    sizes = cell.sizes
    return CellShape(
        features=sizes.features,
        hidden=sizes.hidden,
        rank_w=sizes.rank_w,
        rank_u=sizes.rank_u,
        gate=request.gate or "sigmoid",  # of a FastRNN: not used
        update=request.update,
        kind="fastrnn" if request.cell == "fastrnn" else "fastgrnn",
    )


def _rnn_arrays(weights: Weights) -> dict[str, Floats]:
    """By the names of ``hil.models.rnn.network``: scalars raw; no mean and std where they change nothing."""
    cell = weights.cells[0]
    arrays = {"Bh" if name == "B" else name: array for name, array in cell.arrays.items()}
    arrays |= {name: np.asarray(scalar.raw, dtype=np.float32) for name, scalar in cell.scalars.items()}
    if (weights.mean != 0).any() or (weights.std != 1).any():
        arrays |= {"mean": weights.mean, "std": weights.std}
    return arrays


def _pool_network(request: Request, material: _Material, classes: int) -> dict[str, Any]:
    first, second = (cell.sizes for cell in material.weights.cells)
    return {
        "channels": first.features,
        "patch": len(material.inputs[0]),
        "hidden1": first.hidden,
        "hidden2": second.hidden,
        "gate": request.gate,
        "update": request.update,
        "ranks": [first.rank_w, first.rank_u, second.rank_w, second.rank_u],
        "classes": classes,
    }


def _pool_arrays(weights: Weights) -> dict[str, Floats]:
    """By the names of ``hil.models.rnnpool.network``: the cell's number ends each name, scalars squashed."""
    arrays: dict[str, Floats] = {}
    for number, cell in enumerate(weights.cells, start=1):
        named = _normalised(cell, weights) if number == 1 else cell.arrays
        arrays |= {f"{name}{number}": array for name, array in named.items()}
        arrays |= {
            f"{name}{number}": np.asarray(scalar.squashed, dtype=np.float32)
            for name, scalar in cell.scalars.items()
        }
    return arrays


def _normalised(cell: CellArrays, weights: Weights) -> dict[str, Floats]:
    """The cell with (x - mean) / std folded into it: W (x - m) / s + b = (W / s) x + (b - W (m / s))."""
    arrays = dict(cell.arrays)
    if not (weights.mean != 0).any() and not (weights.std != 1).any():
        return arrays
    if len(weights.mean) > 1:
        raise ModelError(
            "a pool takes a mean and a std per channel", evidence=f"{len(weights.mean)} steps of them"
        )
    name = "W1" if cell.sizes.rank_w else "W"
    mean, std = weights.mean[0].astype(np.float64), weights.std[0].astype(np.float64)
    wide = arrays[name].astype(np.float64) / std
    shift = wide @ mean
    if cell.sizes.rank_w:
        shift = arrays["W2"].astype(np.float64) @ shift
    arrays[name] = wide.astype(np.float32)
    for bias in BIASES["rnnpool"]:
        arrays[bias] = (arrays[bias].astype(np.float64) - shift).astype(np.float32)
    return arrays


def _replace(fresh: Path, target: Path) -> None:
    """Put a whole new folder in the place of an old one, which comes back when that fails."""
    old = fresh.with_name(".old")
    try:
        if target.exists():
            target.rename(old)
        fresh.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _shown(path: Path) -> str:
    """A file's name as text: what is no UTF-8 in it, or would break a line, as a question mark."""
    text = path.resolve().name.encode("utf-8", "replace").decode()
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _readme(
    request: Request, material: _Material, spec: ModelSpec, accuracy: Mapping[Precision, float]
) -> str:
    shown = "".join(f"- {one}: {share:.2%} of the vectors' labels\n" for one, share in accuracy.items())
    folder = request.out.name or "."
    return f"""# {spec.name}

Made by `hil model import` from `{_shown(request.weights)}` ({material.weights.layout}) and
{len(material.inputs)} vectors of `{_shown(request.vectors)}`, on which the fixed-point scales are calibrated.

{shown}
```sh
hil build {spec.name} --models-dir {folder}                            # its images
pytest --board=all --model={spec.name} --models-dir {folder}           # run them
```

`model.json` describes the model, `weights.npz` holds its weights (rows: y = Wx), `vectors.npz` the vectors
and what each precision must answer; `{spec.name}_<precision>.c` is generated from these.
"""
