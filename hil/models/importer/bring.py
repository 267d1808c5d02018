"""From a trainer's weights and vectors to a model folder: description, scales, goldens, C, an audit."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError, VectorError, cut
from hil.models.folder import Description, Held, accuracy_of, write_folder, write_vectors
from hil.models.importer.audit import Operation, audit
from hil.models.importer.describe import describe
from hil.models.importer.doubts import compare_expected, normalised_twice, read_expected, too_sensitive
from hil.models.importer.layout import Layout
from hil.models.importer.request import Material, Request, check_request, shown
from hil.models.importer.vectors import (
    Floats,
    check_labels,
    read_inputs,
    read_labels,
    read_patches,
    read_targets,
)
from hil.models.importer.weights import probable_features, read_weights
from hil.models.rnn import golden_float as rnn_float
from hil.models.rnnpool import golden_float as pool_float
from hil.models.spec import ModelSpec, find_architecture, room_for
from hil.models.weights import load_weights
from hil.text.wording import percent
from hil.values import Precision, regression_errors, rightly_classified


@dataclass(frozen=True)
class Imported:
    """What was written, and what it is worth.

    ``accuracy`` is the share of right classes, empty without classes or labels; ``errors`` a regression's
    mean absolute error and R², empty without targets; ``audits`` one per fixed-point precision; ``unused``
    are names in the weights that mean nothing to the cell. ``expected`` says how the outputs compare with
    those expected, None where none were given; ``doubts`` are what the data say against it.
    """

    spec: ModelSpec
    layout: Layout
    unused: tuple[str, ...]
    vectors: int
    accuracy: Mapping[Precision, float]
    audits: Mapping[Precision, list[Operation]]
    errors: Mapping[Precision, tuple[float, float | None]] = field(default_factory=dict)
    expected: str | None = None
    doubts: tuple[str, ...] = ()


def bring(request: Request) -> Imported:
    """Read, check, calibrate, audit and write ``out/name``; a folder that is there is replaced at the end.

    ModelError or VectorError names what is wrong, and leaves what was there.
    """
    check_request(request)
    material = _read(request)
    about, arrays = describe(request, material)
    _check_link(request, material)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is looked for in the goldens
        reference = _reference(request, material)
        expected = _compare(request, material, reference)
    try:
        imported = _write(request, material, about, arrays, reference)
    except OSError as error:
        raise ModelError(
            f"{request.out / request.name} cannot be written", evidence=error.strerror, remedy="see --out"
        ) from error
    return replace(imported, expected=expected)


def _reference(request: Request, material: Material) -> Floats:
    """The outputs (N, outputs) in float64, whatever the request reads into the weights."""
    about, arrays = describe(request, material)
    architecture = find_architecture(about.architecture)
    network = architecture.network(about.network)
    run = pool_float.run if architecture.name == "rnnpool" else rnn_float.run
    return run(architecture.weights(network, arrays), material.inputs, np.float64)


def _compare(request: Request, material: Material, reference: Floats) -> str | None:
    if request.expect is None:
        return None
    expected = read_expected(request.expect, len(material.inputs), material.outputs)
    return compare_expected(expected, reference, request, material, _reference)


def _doubts(
    request: Request, material: Material, golden: Floats | None, reference: Floats
) -> tuple[str, ...]:
    def share(other: Material) -> float | None:
        if other.labels is None:
            return None
        return float(rightly_classified(_reference(request, other), other.labels).mean())

    largest = max(
        float(np.abs(array).max(initial=0.0))
        for cell in material.weights.cells
        for array in cell.arrays.values()
    )
    found = [
        normalised_twice(material, share),
        None if golden is None else too_sensitive(golden, reference, largest),
    ]
    return tuple(text for text in found if text is not None)


def _write(
    request: Request,
    material: Material,
    about: Description,
    arrays: Mapping[str, Floats],
    reference: Floats,
) -> Imported:
    """Write all of it beside the place where it goes, and put it there as a whole."""
    request.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".import-", dir=request.out) as place:
        folder = Path(place) / request.name
        spec = write_folder(folder, about, arrays, material.inputs)
        with np.errstate(over="ignore", invalid="ignore"):  # looked for below
            held = Held(material.inputs, material.labels, material.targets)
            goldens = write_vectors(folder / "vectors.npz", spec, held)
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
        errors = _errors(spec, goldens, material.targets)
        (folder / "README.md").write_text(
            _readme(request, material, spec, accuracy, errors), encoding="utf-8"
        )
        _replace(folder, request.out / request.name)
    return Imported(
        spec=ModelSpec.read(request.out / request.name),
        layout=material.weights.layout,
        unused=material.weights.unused,
        vectors=len(material.inputs),
        accuracy=accuracy,
        audits=audits,
        errors=errors,
        doubts=_doubts(request, material, goldens.get(Precision.F32), reference),
    )


def _errors(
    spec: ModelSpec, goldens: Mapping[Precision, Floats], targets: npt.NDArray[np.float64] | None
) -> dict[Precision, tuple[float, float | None]]:
    """A regression's errors in each precision, in the targets' unit; none without targets."""
    if targets is None:
        return {}
    found = {
        one: regression_errors(golden * spec.output_scale(one), targets) for one, golden in goldens.items()
    }
    return {one: errors for one, errors in found.items() if errors is not None}


def errors_text(errors: tuple[float, float | None]) -> str:
    """A regression's errors in words."""
    error, share = errors
    return f"mean absolute error {error:.4g}, " + ("no R² (constant)" if share is None else f"R² {share:.4f}")


def _read(request: Request) -> Material:
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
    labels = targets = None
    if request.labels is not None:
        if weights.classifier is None:
            raise VectorError(
                "labels are given, and the weights have no classifier",
                evidence=f"names that mean nothing: {', '.join(cut(weights.unused))}"
                if weights.unused
                else None,
                remedy="leave --labels out, or save FC and FCbias",
            )
        labels = read_labels(request.labels, len(inputs))
        check_labels(labels, len(weights.classifier), request.labels)
    material = Material(weights, inputs, labels, targets)
    if request.targets is not None:
        targets = read_targets(request.targets, len(inputs), material.outputs)
        material = replace(material, targets=targets)
    return material


def _check_link(request: Request, material: Material) -> None:
    """ModelError when an input or an output is more than the link carries (firmware/PROTOCOL.md)."""
    inputs = max(vector.size for vector in material.inputs)
    for precision in request.precisions:
        width = 4 if precision is Precision.F32 else 2
        room_for(request.name, precision, inputs * width, material.outputs * width)


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


def _readme(
    request: Request,
    material: Material,
    spec: ModelSpec,
    accuracy: Mapping[Precision, float],
    errors: Mapping[Precision, tuple[float, float | None]],
) -> str:
    figures = "".join(
        f"- {one}: {percent(share)}% of the vectors' labels\n" for one, share in accuracy.items()
    )
    figures += "".join(f"- {one}: {errors_text(error)}\n" for one, error in errors.items())
    folder = request.out.name or "."
    return f"""# {spec.name}

Made by `hil model import` from `{shown(request.weights)}` ({material.weights.layout}) and
{len(material.inputs)} vectors of `{shown(request.vectors)}`, on which the fixed-point scales are calibrated.

{figures}
```sh
hil build {spec.name} --models-dir {folder}                            # its images
pytest --board=all --model={spec.name} --models-dir {folder}           # run them
```

`model.json` describes the model, `weights.npz` holds its weights (rows: y = Wx), `vectors.npz` the vectors
and what each precision must answer; `{spec.name}_<precision>.c` is generated from these.
"""
