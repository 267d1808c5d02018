"""Cases for the kernels of matrices, gates and cells, with the answers that the references give.

A case is made from draws of a generator, so that hypothesis can shrink it, or a seed can make many at once:
a ``Draw`` gives the sizes, and one of its draws seeds the contents.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from hil.models.cell import golden_fixed, golden_float
from hil.models.cell.export import interleaved
from hil.models.cell.golden_fixed import FixedCell, FixedGating
from hil.models.cell.weights import Cell, CellShape
from hil.models.fixed import ONE, WEIGHT_LIMIT, FixedMatrix
from hil.models.gates import FIXED_GATES, GATES
from hil.models.pack import Packed, pack_dense, pack_sparse
from hil.values import Precision
from kernel_programs import Program

Arrays = npt.NDArray[Any]
T = TypeVar("T")

MATRIX, MATRIX_F32, GATE, GATE_F32, CELL, CELL_F32, NULLS = range(1, 8)  # enum kind of cells.c
FIXED_NAMES = (
    "hil_unit_fixed",
    "hil_quant_tanh_fixed",
    "hil_relu_fixed",
    "hil_sigmoid_fixed",
    "hil_tanh_fixed",
)
FLOAT_NAMES = ("quantSigm", "quantSigm4", "quantTanh", "relu", "sigmoid", "tanh")
FUSED_TAILS = {
    13: 2,
    12: 3,
    11: 4,
}  # fraction bits of the sums -> index of the tail for quantSigm and quantTanh
BLEND_TAILS = {13: 5, 12: 6, 11: 7}  # the same where zeta is 1, nu 0 and the shift 0


class Draw(Protocol):
    """Where a case's choices come from."""

    def integer(self, low: int, high: int) -> int: ...

    def one_of(self, options: Sequence[T]) -> T: ...


class SeededDraw:
    """Choices from a seed."""

    def __init__(self, *seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def integer(self, low: int, high: int) -> int:
        return int(self._rng.integers(low, high, endpoint=True))

    def one_of(self, options: Sequence[T]) -> T:
        return options[self.integer(0, len(options) - 1)]


@dataclass(frozen=True)
class Case:
    """A request, and the answer with the error allowed beside it (0: bit for bit), both of the same shape."""

    name: str
    request: bytes
    answer: Arrays
    error: Arrays

    def check(self, given: bytes) -> None:
        """AssertionError with the case's name when ``given`` is not the answer."""
        answers = np.frombuffer(given, dtype=self.answer.dtype).reshape(self.answer.shape)
        if not self.error.any():
            np.testing.assert_array_equal(answers, self.answer, err_msg=self.name)
            return
        with np.errstate(invalid="ignore"):
            distance = np.abs(answers.astype(np.float64) - self.answer.astype(np.float64))
        wrong = ~(
            (distance <= self.error) | (np.isnan(answers) & np.isnan(self.answer)) | (answers == self.answer)
        )
        assert not wrong.any(), (
            f"{self.name}: {wrong.sum()} of {wrong.size} are off, first at {np.argwhere(wrong)[0]}: "
            f"{answers[wrong][0]!r}, not {self.answer[wrong][0]!r}"
        )


def run_cases(program: Program, cases: Sequence[Case]) -> list[bytes]:
    """The driver's answers to all cases in one run, each as long as it should be."""
    given = program.run(b"".join(case.request for case in cases))
    sizes = [case.answer.nbytes for case in cases]
    assert len(given) == sum(sizes), f"{len(given)} bytes came, not {sum(sizes)}"
    ends = np.cumsum(sizes).tolist()
    return [given[end - size : end] for end, size in zip(ends, sizes, strict=True)]


def _bytes(*arrays: Arrays | None) -> bytes:
    return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays if array is not None)


def _exact(name: str, request: bytes, answer: Arrays) -> Case:
    return Case(name, request, answer, np.zeros(answer.shape))


def _size(draw: Draw, largest: int = 130) -> int:
    """Often around the edges of the kernels' blocks."""
    return draw.integer(1, draw.one_of([9, largest]))


def _columns(draw: Draw, sparse: bool) -> int:
    """Of a first operand; sparse storage has one byte for a row's weights and one for a weight's column."""
    return draw.one_of([_size(draw), draw.integer(250, 256) if sparse else _size(draw)])


def _rng(draw: Draw) -> np.random.Generator:
    return np.random.default_rng(draw.integer(0, 2**32 - 1))


# Matrices


def matrix_bytes(matrix: FixedMatrix | None, *, sparse: bool = False) -> bytes:
    """What taking.h's ``taken_matrix`` takes."""
    if matrix is None:
        return bytes(32)
    parts = [matrix.first] + ([] if matrix.second is None else [matrix.second])
    packed = _packed(matrix.precision, parts, sparse)
    storage = (0 if matrix.precision is Precision.Q15 else 1) + (2 if packed.places is not None else 0)
    bias = matrix.bias
    header = struct.pack("<8I", *_shape(parts), storage, len(matrix.multipliers),
                         0 if bias is None else len(bias), *_stored(packed))  # fmt: skip
    return header + _bytes(matrix.multipliers.astype(np.int32), bias, packed.weights, packed.places)


def float_matrix_bytes(parts: Sequence[Arrays], bias: Arrays | None = None, *, sparse: bool = False) -> bytes:
    """What taking.h's ``taken_matrix_f32`` takes; no parts: no matrix."""
    if not parts:
        return bytes(32)
    packed = _packed(Precision.F32, parts, sparse)
    header = struct.pack("<8I", *_shape(parts), 1 if packed.places is not None else 0, 0,
                         0 if bias is None else len(bias), *_stored(packed))  # fmt: skip
    return header + _bytes(bias, packed.weights, packed.places)


def _packed(precision: Precision, parts: Sequence[Arrays], sparse: bool) -> Packed:
    """Sparse where it is asked for and can be."""
    return (pack_sparse(parts) if sparse else None) or pack_dense(precision, parts)


def _shape(parts: Sequence[Arrays]) -> tuple[int, int, int]:
    rows, columns = parts[0].shape
    return rows, columns, parts[1].shape[1] if len(parts) > 1 else 0


def _stored(packed: Packed) -> tuple[int, int]:
    return len(packed.weights), 0 if packed.places is None else len(packed.places)


def random_matrix(
    rng: np.random.Generator, draw: Draw, precision: Precision, rows: int, columns: int, columns2: int = 0,
    *, keep: float = 1.0, per_row: bool = False, biased: bool = False,
) -> FixedMatrix:  # fmt: skip
    """Integers of which no row's sum can leave 32 bits; few, some or most outputs saturate."""
    room = (2**31 - 1 - (2**30 if biased else 0)) // 2**15
    largest = min(WEIGHT_LIMIT[precision], draw.one_of([1, 60, WEIGHT_LIMIT[precision]]))
    whole = rng.integers(-largest, largest, (rows, columns + columns2), endpoint=True)
    whole[rng.random(whole.shape) >= keep] = 0
    for row in whole:
        while np.abs(row).sum() > room:
            row //= 2
    width = np.int16 if precision is Precision.Q15 else np.int8
    spread = np.abs(whole).sum(axis=1).max(initial=1) * 2.0**15  # what a sum can reach
    ratio = draw.one_of([0.01, 0.5, 30.0]) * rng.uniform(0.5, 1.0, rows if per_row else 1) * 2.0**15 / spread
    return FixedMatrix(
        precision=precision,
        first=whole[:, :columns].astype(width),
        second=whole[:, columns:].astype(width) if columns2 else None,
        multipliers=np.minimum(np.rint(ratio * 2.0**32), 2**31 - 1).astype(np.int64),
        bias=rng.integers(-(2**30), 2**30, rows, endpoint=True).astype(np.int32) if biased else None,
    )


def activations(rng: np.random.Generator, draw: Draw, *shape: int) -> npt.NDArray[np.int16]:
    """Small ones, any, or the extremes alone."""
    kind = draw.one_of(["small", "any", "extreme"])
    if kind == "extreme":
        return rng.choice(np.array([-32768, -32767, 32767, 0], np.int16), shape)
    most = 300 if kind == "small" else 32767
    return rng.integers(-most - 1, most, shape, endpoint=True).astype(np.int16)


def _matrix_case(precision: Precision, *, sparse: bool) -> Callable[[Draw], Case]:
    def make(draw: Draw) -> Case:
        rows, columns = _size(draw), _columns(draw, sparse)
        columns2 = draw.one_of([0, _size(draw)])
        keep = draw.one_of([0.0, 0.02, 0.3, 1.0]) if sparse else 1.0
        per_row, biased, vectors = draw.one_of([False, True]), draw.one_of([False, True]), draw.integer(1, 3)
        rng = _rng(draw)
        matrix = random_matrix(
            rng, draw, precision, rows, columns, columns2, keep=keep, per_row=per_row, biased=biased
        )
        x = activations(rng, draw, vectors, columns + columns2)
        wide = x.astype(np.int64)
        answer = matrix.project(wide[:, :columns], wide[:, columns:] if columns2 else None)
        request = struct.pack("<I", MATRIX) + matrix_bytes(matrix, sparse=sparse)
        name = f"{precision} {rows} x ({columns} + {columns2}), keep {keep}, bias {biased}, per row {per_row}"
        return _exact(name, request + struct.pack("<I", vectors) + _bytes(x), answer.astype(np.int16))

    return make


def _float_matrix_case(*, sparse: bool) -> Callable[[Draw], Case]:
    def make(draw: Draw) -> Case:
        rows, columns = _size(draw), _columns(draw, sparse)
        columns2 = draw.one_of([0, _size(draw)])
        keep = draw.one_of([0.0, 0.02, 0.3, 1.0]) if sparse else 1.0
        biased, vectors = draw.one_of([False, True]), draw.integer(1, 3)
        rng = _rng(draw)
        whole = rng.standard_normal((rows, columns + columns2)).astype(np.float32)
        whole[rng.random(whole.shape) >= keep] = 0.0
        bias = rng.standard_normal(rows).astype(np.float32) if biased else None
        x = rng.standard_normal((vectors, columns + columns2)).astype(np.float32)
        wide, added = whole.astype(np.float64), 0.0 if bias is None else bias.astype(np.float64)
        answer = x.astype(np.float64) @ wide.T + added
        most = np.abs(x.astype(np.float64)) @ np.abs(wide).T + np.abs(added)
        parts = [whole[:, :columns]] + ([whole[:, columns:]] if columns2 else [])
        request = struct.pack("<I", MATRIX_F32) + float_matrix_bytes(parts, bias, sparse=sparse)
        return Case(
            name=f"f32 {rows} x ({columns} + {columns2}), keep {keep}, bias {biased}",
            request=request + struct.pack("<I", vectors) + _bytes(x),
            answer=answer.astype(np.float32),
            error=most * (columns + columns2 + 2) * 2.0**-24 + 1e-30,
        )

    return make


# Gates


def gate_case(draw: Draw) -> Case:
    """Every int16 there is, through one gate, out of place and in place, in any count."""
    name = draw.one_of(sorted({gate.kernel for gate in FIXED_GATES.values()}))
    gate = next(gate for gate in FIXED_GATES.values() if gate.kernel == name)
    whole = np.arange(-32768, 32768)
    x = whole if draw.one_of([False, True]) else _rng(draw).choice(whole, _size(draw))
    once = gate.apply(x.astype(np.int64)).astype(np.int16)
    request = struct.pack("<3I", GATE, FIXED_NAMES.index(name), len(x)) + _bytes(x.astype(np.int16))
    return _exact(f"{name}, {len(x)} elements", request, np.stack([once, once]))


def float_gate_case(draw: Draw) -> Case:
    """Sums of all magnitudes, zeros, infinities and a NaN, through one gate, out of place and in place."""
    name = draw.one_of(FLOAT_NAMES)
    rng = _rng(draw)
    special = np.array([0.0, -0.0, -1e30, 1e30, -np.inf, np.inf, np.nan])
    sums = np.concatenate([special, rng.uniform(-20, 20, 600), rng.standard_normal(200) * 1e-3])
    sums = sums[rng.permutation(len(sums))][: draw.one_of([len(sums), _size(draw)])].astype(np.float32)
    bias = (rng.standard_normal(len(sums)) * 0.1).astype(np.float32)
    once = GATES[name]((sums + bias).astype(np.float64))
    request = struct.pack("<3I", GATE_F32, FLOAT_NAMES.index(name), len(sums)) + _bytes(sums, bias)
    answer = np.stack([once, once])
    error = np.nan_to_num(np.abs(answer), posinf=0.0) * 1e-6 + 1e-6
    return Case(f"{name}, {len(sums)} elements", request, answer.astype(np.float32), error)


# Cells


@dataclass(frozen=True)
class Walks:
    """Sequences in a map of ``elements``.

    A row of ``table`` is a walk: step, sequence, sequences and start, all in elements but for the third.
    Without rows the map is one sequence. ``batch`` gathers the sequences from a map: (N, T, D).
    """

    table: npt.NDArray[np.int32]
    steps: int
    features: int
    elements: int

    @property
    def sequences(self) -> int:
        return int(self.table[:, 2].sum()) if len(self.table) else 1

    def batch(self, grid: Arrays) -> Arrays:
        if not len(self.table):
            return grid.reshape(1, self.steps, self.features)
        gathered = [
            [grid[at : at + self.features] for at in start + sequence * n + step * np.arange(self.steps)]
            for step, sequence, sequences, start in self.table.tolist()
            for n in range(sequences)
        ]
        return np.array(gathered)


def draw_walks(draw: Draw, features: int) -> Walks:
    """One sequence; or the rows and the columns of a square, forward or backward, together or one of them."""
    if draw.one_of([True, False]):
        steps = draw.integer(1, draw.one_of([8, 200]))
        return Walks(np.zeros((0, 4), np.int32), steps, features, steps * features)
    side = draw.integer(1, 8)
    row, last = side * features, (side - 1) * features
    options = [
        (features, row, side, 0),
        (row, features, side, 0),
        (-features, row, side, last),
        (-row, features, side, (side - 1) * row),
    ]
    chosen = [draw.one_of(options) for _ in range(draw.integer(1, 3))]
    return Walks(np.array(chosen, np.int32), side, features, side * side * features)


def random_fixed_cell(
    rng: np.random.Generator, draw: Draw, precision: Precision, *, tight: bool
) -> FixedCell:
    """Integers of any cell; ``tight``: a FastGRNN of quantSigm and quantTanh that has a fused tail."""
    features, hidden = _size(draw), _size(draw)
    rank_w, rank_u = draw.one_of([0, _size(draw, 41)]), draw.one_of([0, _size(draw, 41)])
    gate = "quantSigm" if tight else draw.one_of([*FIXED_GATES, None])
    update = "quantTanh" if tight else draw.one_of(list(FIXED_GATES))
    most = min(FIXED_GATES[name].bits or 14 for name in (gate, update) if name is not None)
    pre = draw.integer(11, 13) if tight else draw.integer(draw.one_of([0, most - 2]), most)
    unit = 14 if gate is None else FIXED_GATES[gate].unit(pre)
    zeta, nu = _blend(draw, gate, unit)

    def matrix(rows: int, columns: int, columns2: int = 0) -> FixedMatrix:
        return random_matrix(rng, draw, precision, rows, columns, columns2)

    def gating(name: str) -> FixedGating:
        bits = FIXED_GATES[name].bits
        doublings = 0 if bits is None else bits - pre
        bias = activations(rng, draw, hidden)
        if tight and name == gate:  # the fused tail holds what it leaves to 1
            bias = np.maximum(bias, (ONE >> doublings) - 32767).astype(np.int16)
        return FixedGating(name, bias, doublings)

    return FixedCell(
        features=features,
        hidden=hidden,
        w1=matrix(rank_w, features) if rank_w else None,
        u1=matrix(rank_u, hidden) if rank_u else None,
        mix=matrix(hidden, rank_w or features, rank_u or hidden),
        gate=None if gate is None else gating(gate),
        update=gating(update),
        pre=pre,
        unit=unit,
        shift=draw.integer(0, draw.one_of([3, 15])),
        zeta=zeta,
        nu=nu,
    )


def _blend(draw: Draw, gate: str | None, unit: int) -> tuple[int, int]:
    """zeta and nu of which k fits 16 bits, as hil.models.cell.quantise chooses them."""
    if gate is None:
        return draw.integer(0, 32767), draw.integer(0, 32767)
    one = 1 << unit
    zeta, nu = draw.integer(0, 32766), draw.integer(0, 32766)
    ends = (FIXED_GATES[gate].low, FIXED_GATES[gate].high)
    while max(abs(zeta * (one - z) / one + nu) for z in ends) > 32766:
        zeta, nu = zeta // 2, nu // 2
    return zeta, nu


def fixed_cell_bytes(cell: FixedCell, tail: int, *, sparse: bool) -> bytes:
    """A cell of integers as ``taken_cell`` of the drivers reads it."""
    gate = cell.gate
    header = struct.pack(
        "<8I2i", cell.hidden, tail,
        len(FIXED_NAMES) if gate is None else FIXED_NAMES.index(FIXED_GATES[gate.name].kernel),
        FIXED_NAMES.index(FIXED_GATES[cell.update.name].kernel),
        0 if gate is None else gate.doublings, cell.update.doublings, cell.unit, cell.shift,
        cell.zeta, cell.nu,
    )  # fmt: skip
    matrices = b"".join(matrix_bytes(one, sparse=sparse) for one in (cell.w1, cell.u1, cell.mix))
    if tail in FUSED_TAILS.values() or tail in BLEND_TAILS.values():
        return header + matrices + _bytes(interleaved(cell))
    return header + matrices + _bytes(None if gate is None else gate.bias, cell.update.bias)


def float_cell_bytes(cell: Cell, *, sparse: bool) -> bytes:
    """A float cell as ``taken_cell_f32`` of the drivers reads it."""
    plain = cell.bias_gate is None
    header = struct.pack(
        "<8I2f", cell.shape.hidden, int(plain),
        len(FLOAT_NAMES) if plain else FLOAT_NAMES.index(cell.shape.gate),
        FLOAT_NAMES.index(cell.shape.update), 0, 0, 0, 0, cell.zeta, cell.nu,
    )  # fmt: skip
    factors = [[] if one is None else [one] for one in (cell.w1, cell.u1)] + [[cell.w2, cell.u2]]
    matrices = b"".join(float_matrix_bytes(parts, sparse=sparse) for parts in factors)
    return header + matrices + _bytes(cell.bias_gate, cell.bias_update)


def _walks_bytes(kind: int, walks: Walks) -> bytes:
    return struct.pack("<5I", kind, walks.steps, walks.elements, len(walks.table), walks.sequences)


def _cell_case(precision: Precision) -> Callable[[Draw], Case]:
    def make(draw: Draw) -> Case:
        tight = draw.one_of([False, True])
        rng = _rng(draw)
        cell = random_fixed_cell(rng, draw, precision, tight=tight)
        walks = draw_walks(draw, cell.features)
        tail = FUSED_TAILS[cell.pre] if tight and draw.one_of([True, False]) else int(cell.gate is None)
        grid = activations(rng, draw, walks.elements)
        states = activations(rng, draw, walks.sequences, cell.hidden)
        answer = golden_fixed.last_state(cell, walks.batch(grid), states.astype(np.int64))
        request = _walks_bytes(CELL, walks)
        request += fixed_cell_bytes(cell, tail, sparse=draw.one_of([False, True])) + _bytes(walks.table)
        gate = "FastRNN" if cell.gate is None else cell.gate.name
        name = (
            f"{precision} cell {gate} {cell.update.name} of {cell.features}/{cell.hidden} ranks "
            f"{_rows(cell.w1)}/{_rows(cell.u1)}, {walks.sequences} x {walks.steps} steps, tail {tail}"
        )
        return _exact(name, request + _bytes(grid, states), answer.astype(np.int16))

    return make


def _rows(matrix: FixedMatrix | None) -> int:
    return 0 if matrix is None else len(matrix.first)


def random_float_cell(rng: np.random.Generator, draw: Draw) -> Cell:
    """Weights at which the state's rounding does not grow over the steps."""
    features, hidden = _size(draw), _size(draw)
    shape = CellShape(
        features, hidden, draw.one_of([0, _size(draw, 41)]), draw.one_of([0, _size(draw, 41)]),
        draw.one_of(["quantSigm", "quantSigm4", "sigmoid"]), draw.one_of(["quantTanh", "tanh", "relu"]),
        draw.one_of(["fastgrnn", "fastrnn"]),
    )  # fmt: skip

    def weights(*size: int) -> npt.NDArray[np.float32]:
        return np.asarray(0.5 * rng.standard_normal(size) / np.sqrt(size[-1]), dtype=np.float32)

    return Cell(
        shape=shape,
        w1=weights(shape.rank_w, features) if shape.rank_w else None,
        w2=weights(hidden, shape.left),
        u1=weights(shape.rank_u, hidden) if shape.rank_u else None,
        u2=weights(hidden, shape.right),
        bias_gate=weights(hidden) if shape.kind == "fastgrnn" else None,
        bias_update=weights(hidden),
        zeta=float(np.float32(rng.uniform(0, 1))),
        nu=float(np.float32(rng.uniform(0, 1))),
    )


def float_cell_case(draw: Draw) -> Case:
    """A FastGRNN or FastRNN in float32; over many steps any rounding could grow, so they are few."""
    rng = _rng(draw)
    cell = random_float_cell(rng, draw)
    walks = draw_walks(draw, cell.shape.features)
    if not len(walks.table):
        steps = min(walks.steps, 20)
        walks = replace(walks, steps=steps, elements=steps * cell.shape.features)
    grid = rng.standard_normal(walks.elements).astype(np.float32)
    states = rng.uniform(-1, 1, (walks.sequences, cell.shape.hidden)).astype(np.float32)
    answer = golden_float.last_state(cell, walks.batch(grid).astype(np.float64), states.astype(np.float64))
    request = _walks_bytes(CELL_F32, walks) + float_cell_bytes(cell, sparse=draw.one_of([False, True]))
    return Case(
        name=f"f32 cell {cell.shape}, {walks.sequences} x {walks.steps} steps",
        request=request + _bytes(walks.table, grid, states),
        answer=answer.astype(np.float32),
        error=np.broadcast_to(1e-4 * np.abs(answer).max(axis=1, keepdims=True), answer.shape),
    )


NO_POINTERS = _exact("null pointers", struct.pack("<I", NULLS), np.full(18, -1, dtype=np.int32))

CASES: Mapping[str, Callable[[Draw], Case]] = {
    "matrix_q15": _matrix_case(Precision.Q15, sparse=False),
    "matrix_q7": _matrix_case(Precision.Q7, sparse=False),
    "sparse_q15": _matrix_case(Precision.Q15, sparse=True),
    "sparse_q7": _matrix_case(Precision.Q7, sparse=True),
    "matrix_f32": _float_matrix_case(sparse=False),
    "sparse_f32": _float_matrix_case(sparse=True),
    "gates_fixed": gate_case,
    "gates_f32": float_gate_case,
    "cell_q15": _cell_case(Precision.Q15),
    "cell_q7": _cell_case(Precision.Q7),
    "cell_f32": float_cell_case,
}
