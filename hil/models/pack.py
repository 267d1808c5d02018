"""Weights in the order in which the kernels read them (firmware/kernels/matrix_*.c and sparse_*.c).

Dense rows lie interleaved in blocks, so that one pointer and multiple loads serve a whole block: of 4 rows in
fixed point, of 8 in float32, then of 4, 2 and 1 for the rows that remain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.values import Precision

Arrays = npt.NDArray[Any]
MOST_STORED = 255  # weights per row and operand in sparse storage: a byte counts them
MOST_COLUMNS = 256  # per operand in sparse storage: a byte names them

_BLOCKS = {Precision.F32: (8, 4, 2, 1), Precision.Q15: (4, 2, 1), Precision.Q7: (4, 2, 1)}
_WORD = {np.dtype(np.float32): 1, np.dtype(np.int16): 2, np.dtype(np.int8): 4}  # elements in four bytes


@dataclass(frozen=True)
class Packed:
    """What a kernel is handed: ``weights`` 1-D in their own type, ``places`` (uint8, 1-D) where they are
    sparse.
    """

    weights: Arrays
    places: npt.NDArray[np.uint8] | None

    @property
    def bytes(self) -> int:
        """Flash that the storage takes."""
        return self.weights.nbytes + (0 if self.places is None else self.places.nbytes)


def pack(precision: Precision, operands: Sequence[Arrays]) -> Packed:
    """The smaller storage of a matrix given as one part (R, C) per operand; dense where both are equal."""
    dense = pack_dense(precision, operands)
    sparse = pack_sparse(operands)
    return sparse if sparse is not None and sparse.bytes < dense.bytes else dense


def pack_dense(precision: Precision, operands: Sequence[Arrays]) -> Packed:
    """Every weight, interleaved; ends of odd sizes are filled with zeros to whole words."""
    fill = {Precision.F32: _columns, Precision.Q15: _pairs, Precision.Q7: _quads}[precision]
    parts = [
        part
        for first, height in _blocks(len(operands[0]), _BLOCKS[precision])
        for operand in operands
        for part in fill(operand[first : first + height])
    ]
    return Packed(np.concatenate(parts) if parts else operands[0].reshape(-1), None)


def pack_sparse(operands: Sequence[Arrays]) -> Packed | None:
    """Only the weights that are not 0, row by row; None where a byte cannot count or place them.

    A matrix of zeros keeps one, which no kernel reads: C has no empty arrays.
    """
    if any(operand.shape[1] > MOST_COLUMNS for operand in operands):
        return None
    places: list[int] = []
    weights: list[Any] = []
    for rows in zip(*operands, strict=True):
        for row in rows:
            columns = np.flatnonzero(row)
            if len(columns) > MOST_STORED:
                return None
            places += [len(columns), *columns.tolist()]
            weights += row[columns].tolist()
    return Packed(np.array(weights or [0], dtype=operands[0].dtype), np.array(places, dtype=np.uint8))


def _blocks(rows: int, heights: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = 0
    while first < rows:
        height = next(height for height in heights if height <= rows - first)
        yield first, height
        first += height


def _columns(block: Arrays) -> list[Arrays]:
    return [block.T.reshape(-1)]


def _pairs(block: Arrays) -> list[Arrays]:
    even = block.shape[1] // 2 * 2
    pairs = block[:, :even].reshape(len(block), -1, 2).transpose(1, 0, 2)
    return [pairs.reshape(-1), _whole_words(block[:, even:].T.reshape(-1))]


def _quads(block: Arrays) -> list[Arrays]:
    even = block.shape[1] // 4 * 4
    quads = block[:, :even].reshape(len(block), -1, 4)[:, :, [0, 2, 1, 3]].transpose(1, 0, 2)
    return [quads.reshape(-1), _whole_words(block[:, even:].T.reshape(-1))]


def _whole_words(values: Arrays) -> Arrays:
    return np.pad(values, (0, -len(values) % _WORD[values.dtype]))
