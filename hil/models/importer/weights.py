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
    named = sort_names(read_arrays(path), cell, problems)
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
