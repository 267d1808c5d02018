"""From checked weights to a description, and arrays by the library's names."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from hil.errors import ModelError
from hil.models.cell.weights import CellShape
from hil.models.folder import Description
from hil.models.importer.layout import CellArrays, Weights
from hil.models.importer.names import BIASES
from hil.models.importer.request import GENERATOR, Material, Request, shown
from hil.models.importer.vectors import Floats
from hil.models.spec import DataSet


def describe(request: Request, material: Material) -> tuple[Description, dict[str, Floats]]:
    weights = material.weights
    classes = 0 if weights.classifier is None else len(weights.classifier)
    lengths = [len(vector) for vector in material.inputs]
    about = Description(
        name=request.name,
        task=f"imported from {shown(request.weights)}",
        architecture="rnnpool" if request.cell == "rnnpool" else "rnn",
        network=_pool_network(request, material, classes)
        if request.cell == "rnnpool"
        else {"cell": asdict(_shape(request, weights.cells[0])), "classes": classes},
        min_steps=min(lengths),
        max_steps=max(lengths),
        dataset=DataSet(
            title=f"the user's vectors, {shown(request.vectors)}", citation="", licence="not stated", url=""
        ),
        generator=GENERATOR,
        precisions=request.precisions,
        regression=request.targets is not None,
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


def _pool_network(request: Request, material: Material, classes: int) -> dict[str, Any]:
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
