"""How RNNPool slides over a map, whatever its cells compute with: each run once, as in the kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = npt.NDArray[Any]
Run = Callable[[Arrays], Arrays]  # sequences (M, T, D) -> last states (M, H)


def patches(length: int, patch: int, stride: int) -> int:
    """How many patches lie along an axis of ``length``."""
    return (length - patch) // stride + 1


def slide(first: Run, second: Run, maps: Arrays, patch: int, stride: int) -> Arrays:
    """Pool ``maps`` (N, H, W, C), padding included, to (N, out_height, out_width, 4 H2).

    Patches that overlap share rows and columns: the first cell runs once over each.
    """
    rows, columns = row_runs(maps, patch, stride), column_runs(maps, patch, stride)
    row_states = _run(first, rows)  # (N, rows, out_width, H1)
    column_states = _run(first, columns)  # (N, out_height, columns, H1)
    parts = [_run(second, part) for part in second_runs(row_states, column_states, patch, stride)]
    return np.concatenate(parts, axis=-1)


def row_runs(maps: Arrays, patch: int, stride: int) -> Arrays:
    """The pieces of rows that patches need: (N, rows, out_width, P, C)."""
    height = (patches(maps.shape[1], patch, stride) - 1) * stride + patch
    return maps[:, :height][:, :, _places(maps.shape[2], patch, stride)]


def column_runs(maps: Arrays, patch: int, stride: int) -> Arrays:
    """The pieces of columns that patches need: (N, out_height, columns, P, C)."""
    width = (patches(maps.shape[2], patch, stride) - 1) * stride + patch
    pieces = maps[:, :, :width][:, _places(maps.shape[1], patch, stride)]
    return np.ascontiguousarray(pieces.transpose(0, 1, 3, 2, 4))


def second_runs(row_states: Arrays, column_states: Arrays, patch: int, stride: int) -> list[Arrays]:
    """The states that the second cell runs over, four times (N, out_height, out_width, P, H1):
    rows forward and backward, columns forward and backward."""
    rows = row_states[:, _places(row_states.shape[1], patch, stride)].transpose(0, 1, 3, 2, 4)
    columns = column_states[:, :, _places(column_states.shape[2], patch, stride)]
    return [rows, rows[:, :, :, ::-1], columns, columns[:, :, :, ::-1]]


def _places(length: int, patch: int, stride: int) -> npt.NDArray[np.int64]:
    """Indices along an axis: (patches, P)."""
    starts: npt.NDArray[np.int64] = stride * np.arange(patches(length, patch, stride))
    return starts[:, None] + np.arange(patch)


def flat(sequences: Arrays) -> Arrays:
    """``sequences`` (..., T, D) as (M, T, D)."""
    return np.ascontiguousarray(sequences).reshape(-1, *sequences.shape[-2:])


def _run(cell: Run, sequences: Arrays) -> Arrays:
    """The cell's last states, with the leading axes of ``sequences`` (..., T, D)."""
    return cell(flat(sequences)).reshape(*sequences.shape[:-2], -1)
