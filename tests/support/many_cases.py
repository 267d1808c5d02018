"""Cases for matrices that are applied to several pairs of vectors in one call, with their answers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.values import Precision
from kernel_cases import Case, Draw, activations, float_matrix_bytes, matrix_bytes, random_matrix

Arrays = npt.NDArray[Any]

MANY, MANY_F32 = 1, 2  # enum kind of many.c
KERNELS = {Precision.Q15: 0, Precision.Q7: 1}  # index of kernels in many.c; one_by_one is 2


@dataclass(frozen=True)
class Vectors:
    """How vectors of ``length`` lie in an array of ``elements``; ``step`` may be negative or 0."""

    length: int
    count: int
    step: int
    start: int
    elements: int

    def rows(self, array: Arrays) -> Arrays:
        """The vectors (count, length)."""
        first = self.start + self.step * np.arange(self.count)
        return np.asarray(array[first[:, None] + np.arange(self.length)])


def draw_vectors(draw: Draw, length: int, count: int) -> Vectors:
    """Side by side, overlapping, one alone, or backward; at the array's very ends."""
    step = draw.one_of([length, length + draw.integer(0, 9), 1, 0, -length, -(length + 1)]) if length else 0
    span = abs(step) * (count - 1)
    return Vectors(length, count, step, span if step < 0 else 0, span + length)


def _sizes(draw: Draw) -> tuple[int, int, int, int]:
    """Rows, columns of both operands, and vectors: half of the time in whole blocks and groups."""
    if draw.one_of([True, False]):
        rows, columns = 4 * draw.integer(1, 9), 4 * draw.integer(1, 12)
        return rows, columns, 4 * draw.integer(0, 12), draw.integer(1, 17)
    largest = draw.one_of([9, 60])
    return draw.integer(1, largest), draw.integer(1, largest), draw.integer(0, largest), draw.integer(1, 17)


def _header(kernel: int, first: Vectors, second: Vectors) -> bytes:
    parts = [(one.elements, one.start, one.step) for one in (first, second)]
    return struct.pack("<2I2Ii2Ii", kernel, first.count, *parts[0], *parts[1])


def _many_case(precision: Precision) -> Callable[[Draw], Case]:
    def make(draw: Draw) -> Case:
        rows, columns, columns2, count = _sizes(draw)
        odd = draw.one_of(["", "", "", "sparse", "biased", "per row", "one by one"])
        rng = np.random.default_rng(draw.integer(0, 2**32 - 1))
        matrix = random_matrix(
            rng, draw, precision, rows, columns, columns2,
            keep=0.2 if odd == "sparse" else 1.0, per_row=odd == "per row", biased=odd == "biased",
        )  # fmt: skip
        first, second = draw_vectors(draw, columns, count), draw_vectors(draw, columns2, count)
        x, y = activations(rng, draw, first.elements), activations(rng, draw, second.elements)
        answer = matrix.project(
            first.rows(x).astype(np.int64), second.rows(y).astype(np.int64) if columns2 else None
        )
        kernel = 2 if odd == "one by one" else KERNELS[precision]
        request = struct.pack("<I", MANY) + matrix_bytes(matrix, sparse=odd == "sparse")
        return Case(
            name=f"{precision} {rows} x ({columns} + {columns2}), {odd or 'dense'}, {first}, {second}",
            request=request + _header(kernel, first, second) + x.tobytes() + y.tobytes(),
            answer=answer.astype(np.int16),
            error=np.zeros(answer.shape),
        )

    return make


def float_case(draw: Draw) -> Case:
    """The same in float32."""
    rows, columns, columns2, count = _sizes(draw)
    odd = draw.one_of(["", "", "", "sparse", "biased"])
    rng = np.random.default_rng(draw.integer(0, 2**32 - 1))
    whole = rng.standard_normal((rows, columns + columns2)).astype(np.float32)
    if odd == "sparse":
        whole[rng.random(whole.shape) >= 0.2] = 0.0
    bias = rng.standard_normal(rows).astype(np.float32) if odd == "biased" else None
    first, second = draw_vectors(draw, columns, count), draw_vectors(draw, columns2, count)
    x, y = (rng.standard_normal(one.elements).astype(np.float32) for one in (first, second))
    both = np.concatenate([first.rows(x), second.rows(y)], axis=1).astype(np.float64)
    added = 0.0 if bias is None else bias.astype(np.float64)
    answer = both @ whole.T.astype(np.float64) + added
    parts = [whole[:, :columns]] + ([whole[:, columns:]] if columns2 else [])
    request = struct.pack("<I", MANY_F32) + float_matrix_bytes(parts, bias, sparse=odd == "sparse")
    return Case(
        name=f"f32 {rows} x ({columns} + {columns2}), {odd or 'dense'}, {first}, {second}",
        request=request + _header(0, first, second) + x.tobytes() + y.tobytes(),
        answer=answer.astype(np.float32),
        error=(np.abs(both) @ np.abs(whole).T + np.abs(added)) * (columns + columns2 + 2) * 2.0**-24 + 1e-30,
    )


CASES: Mapping[str, Callable[[Draw], Case]] = {
    "many_q15": _many_case(Precision.Q15),
    "many_q7": _many_case(Precision.Q7),
    "many_f32": float_case,
}
