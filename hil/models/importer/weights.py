"""From a path to a model's checked weights: read, name, turn."""

from __future__ import annotations

from pathlib import Path

from hil.errors import ModelError
from hil.models.importer.arrays import read_arrays
from hil.models.importer.layout import Layout, Weights, arrange
from hil.models.importer.names import CELLS, sort_names
from hil.models.importer.problems import Problems


def read_weights(
    path: Path,
    cell: str,
    *,
    features: int,
    most_steps: int = 1,
    layout: Layout | None = None,
    squashed: bool = False,
) -> Weights:
    """The weights of a ``cell`` (fastgrnn, fastrnn, rnnpool) in the row layout, all checked.

    ``path`` is a folder of ``.npy`` files or an ``.npz``; ``features`` and ``most_steps`` are those of the
    vectors. ModelError names everything that is missing, mis-shaped, given twice or not finite.
    """
    if cell not in CELLS:
        raise ModelError(f"unknown cell {cell!r}", remedy=f"choose from: {', '.join(CELLS)}")
    problems = Problems()
    named = sort_names(read_arrays(path), cell, path, problems)
    return arrange(
        named,
        cell,
        path,
        problems,
        features=features,
        most_steps=most_steps,
        layout=layout,
        squashed=squashed,
    )


def probable_features(path: Path, cell: str) -> int | None:
    """D as far as the weights tell it by themselves, whichever way round they lie; None where they do not."""
    if cell not in ("fastgrnn", "fastrnn"):
        return None
    try:
        given = sort_names(read_arrays(path), cell, path, Problems()).cells[0]
        hidden = given["Bh" if cell == "fastgrnn" else "B"].array.size
        if "W" in given:
            return given["W"].array.size // hidden
        return given["W1"].array.size * hidden // given["W2"].array.size
    except (ModelError, KeyError):
        return None  # read_weights says what is wrong
