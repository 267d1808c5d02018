"""Packed weights hold every weight once, in whole words, and sparse ones its place."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hil.models.pack import MOST_COLUMNS, MOST_STORED, pack, pack_dense, pack_sparse
from hil.values import Precision

TYPES = {Precision.F32: np.float32, Precision.Q15: np.int16, Precision.Q7: np.int8}


@given(
    precision=st.sampled_from(list(Precision)), rows=st.integers(1, 21), columns=st.integers(1, 21),
    columns2=st.integers(0, 9), seed=st.integers(0, 999),
)  # fmt: skip
def test_dense_storage_is_a_permutation_in_whole_words(
    precision: Precision, rows: int, columns: int, columns2: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    operands = [
        rng.integers(1, 120, (rows, count)).astype(TYPES[precision]) for count in (columns, columns2) if count
    ]
    packed = pack_dense(precision, operands)
    given_weights = np.sort(np.concatenate([operand.reshape(-1) for operand in operands]))
    np.testing.assert_array_equal(np.sort(packed.weights[packed.weights != 0]), given_weights)
    assert packed.weights.nbytes % 4 == 0
    assert packed.places is None


@given(
    rows=st.integers(1, 9), columns=st.integers(1, 256), kept=st.floats(0.0, 0.3), seed=st.integers(0, 999)
)
def test_sparse_storage_says_where_each_weight_belongs(
    rows: int, columns: int, kept: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    matrix = (rng.integers(1, 99, (rows, columns)) * (rng.random((rows, columns)) < kept)).astype(np.int16)
    packed = pack_sparse([matrix])
    assert packed is not None
    assert packed.places is not None
    found = np.zeros_like(matrix)
    places, weights = iter(packed.places.tolist()), iter(packed.weights.tolist())
    for row in range(rows):
        for _ in range(next(places)):
            found[row, next(places)] = next(weights)
    np.testing.assert_array_equal(found, matrix)
    assert not list(places)
    assert list(weights) == ([] if matrix.any() else [0])


def test_a_matrix_of_zeros_is_no_empty_array() -> None:
    for precision, dtype in TYPES.items():
        packed = pack(precision, [np.zeros((3, 7), dtype)])
        assert packed.places is not None
        assert (packed.weights.tolist(), packed.places.tolist()) == ([0], [0, 0, 0])


def test_the_smaller_storage_is_taken() -> None:
    full = np.ones((8, 8), np.int8)
    assert pack(Precision.Q7, [full]).places is None
    empty = np.zeros((8, 8), np.int8)
    empty[0, 0] = 1
    assert pack(Precision.Q7, [empty]).bytes == 8 + 1 + 1


def test_what_a_byte_cannot_count_or_place_is_dense() -> None:
    row = np.ones((1, MOST_STORED + 1), np.int8)
    assert pack_sparse([row]) is None
    assert pack_sparse([row[:, 1:]]) is not None
    wide = np.zeros((1, MOST_COLUMNS + 1), np.int8)
    assert pack_sparse([wide]) is None
    assert pack(Precision.Q7, [wide]).places is None
