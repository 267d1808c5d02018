"""Write what a training script found: the model's folder, its vectors, and the note that lies beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from hil.files import replace_file
from hil.models.catalog import models_dir
from hil.models.folder import Description, Held, accuracy_of, write_folder, write_vectors
from hil.models.spec import ModelSpec
from hil.models.vectors import vectors_path

if TYPE_CHECKING:  # PyTorch comes with it
    from hil.models.train.cell import Shape

LICENCE_URLS = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
}
Arrays = npt.NDArray[Any]


def rnn_network(
    shape: Shape, gate: str = "quantSigm", update: str = "quantTanh", kind: str = "fastgrnn"
) -> dict[str, Any]:
    """The description of a trained recurrent network as model.json has it."""
    cell = {name: value for name, value in asdict(shape).items() if name != "outputs"}
    return {"cell": {**cell, "gate": gate, "update": update, "kind": kind}, "classes": shape.outputs}


def write_model(
    about: Description,
    arrays: Mapping[str, Arrays],
    calibration: Sequence[Arrays],
    held: Held,
    note: str = "the values are those of the source",
) -> ModelSpec:
    """Rewrite the model's folder and vectors, and print its accuracy on them.

    ``calibration`` are raw training inputs; ``note`` says in the vectors' README what was changed in the
    data.
    """
    spec = write_folder(models_dir() / about.name, about, arrays, calibration)
    path = vectors_path(about.name)
    goldens = write_vectors(path, spec, held)
    replace_file(path.parent / "README.md", readme(spec, len(held.inputs), held.inputs[0].dtype.name, note))
    for precision, outputs in goldens.items():
        if spec.classes and held.labels is not None:
            print(f"{spec.name}/{precision}: accuracy {accuracy_of(spec, outputs, held.labels):.4f}")
    return spec


def readme(spec: ModelSpec, count: int, dtype: str, note: str) -> str:
    """The note beside a model's vectors: where they come from and what may be done with them."""
    data = spec.dataset
    goldens = ", ".join(f"`golden_{precision}`" for precision in spec.precisions)
    origin = (
        "Drawn at random; there is no data set and no accuracy.\n"
        if data is None
        else f"""Data: {data.title}.
Source: {data.url}
Citation: {data.citation}
Licence of the data: {data.licence}{", " + LICENCE_URLS[data.licence] if data.licence in LICENCE_URLS else ""}
Changes: stored as {dtype} arrays; {note}.
"""
    )
    return f"""# Test vectors of {spec.name}

{count} vectors: {spec.task}. Held out from training; written by `python -m {spec.generator}`.

{origin}
`vectors.npz`: `inputs` (all time steps one after the other, features), `steps` (per vector), `labels`,
{goldens} (vectors, outputs): the references' outputs, float32 and int16.
"""
