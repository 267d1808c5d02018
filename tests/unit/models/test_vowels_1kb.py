"""fastgrnn_vowels_1kb: weights and their indices within 1,024 bytes in q7, and as right as it has to be."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hil.measure.accuracy import accuracy
from hil.models.catalog import find_model
from hil.models.vectors import load_vectors
from hil.models.weights import load_weights, read_npz
from hil.values import Precision

NAME = "fastgrnn_vowels_1kb"
ARRAY = re.compile(r"static const _Alignas\(4\) (\w+) (\w+)\[(\d+)\] = \{")
WIDTHS = {"int8_t": 1, "uint8_t": 1, "int16_t": 2, "int32_t": 4}
SCALARS = re.compile(r"\.(multiplier|zeta|nu) = (-?\d+),")
SCALAR_WIDTHS = {"multiplier": 4, "zeta": 2, "nu": 2}


def stored() -> dict[str, int]:
    """Bytes of everything in the q7 source that training decided: each array, and the scalars."""
    text = find_model(NAME).generated_c(Precision.Q7).read_text()
    parts = {name: WIDTHS[kind] * int(count) for kind, name, count in ARRAY.findall(text)}
    assert len(parts) == len(re.findall(r"\{\n +-?\d", text))  # no array of numbers was overlooked
    parts["scalars"] = sum(SCALAR_WIDTHS[name] for name, value in SCALARS.findall(text) if value != "0")
    return parts


def test_it_fits() -> None:
    parts = stored()
    assert parts["scalars"] == 4 * 4 + 2 * 2
    assert parts["cell_mix_weights"] >= 400  # the largest matrix was counted
    assert sum(parts.values()) <= 1024


def test_it_is_low_rank_sparse_and_as_the_script_shapes_it() -> None:
    pytest.importorskip("torch", reason="needs the extra train")
    pytest.importorskip("aeon", reason="needs the extra train")
    from hil.models.train.fastgrnn_vowels_1kb import SHAPE, SPARSITY

    arrays = read_npz(find_model(NAME).folder / "weights.npz")
    assert arrays["W1"].shape == (SHAPE.rank_w, SHAPE.features)
    assert arrays["U2"].shape == (SHAPE.hidden, SHAPE.rank_u)
    assert list(SPARSITY.keep) == ["U1"]
    kept = np.count_nonzero(arrays["U1"]) / arrays["U1"].size
    assert 0.3 < kept <= SPARSITY.keep["U1"]
    assert stored()["cell_u1_places"] == arrays["U1"].shape[0] + np.count_nonzero(arrays["U1"])


def test_its_weights_are_on_the_grid_of_8_bits() -> None:
    """So q7 rounds nothing away: scaled to their largest, all matrices are integers."""
    arrays = read_npz(find_model(NAME).folder / "weights.npz")
    for name in ("W1", "W2", "U1", "U2", "FC"):
        integers = arrays[name].astype(np.float64) / np.abs(arrays[name]).max() * 127
        np.testing.assert_allclose(integers, np.rint(integers), atol=1e-3)


def test_it_is_right_in_every_precision() -> None:
    spec = find_model(NAME)
    scores = {}
    for precision in spec.precisions:
        held = load_vectors(NAME, precision)
        answers = spec.architecture.golden(spec, load_weights(spec), precision, held.inputs)
        np.testing.assert_array_equal(answers, held.goldens)
        scores[precision] = accuracy(answers, held.labels).value
    assert set(scores) == set(Precision)
    assert min(scores.values()) >= 0.96
    assert scores[Precision.Q15] >= scores[Precision.F32] - 0.005
    assert scores[Precision.Q7] >= scores[Precision.F32] - 0.015


def test_its_vectors_are_the_test_split_of_fastgrnn_vowels() -> None:
    mine, other = (load_vectors(name, Precision.F32) for name in (NAME, "fastgrnn_vowels"))
    assert len(mine) == len(other) == 370
    np.testing.assert_array_equal(mine.labels, other.labels)
    np.testing.assert_array_equal(np.concatenate(mine.inputs), np.concatenate(other.inputs))
