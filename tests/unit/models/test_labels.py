"""Labels of vectors that were run, found again by their hashes."""

from __future__ import annotations

import numpy as np

from hil.models.labels import find_labels
from hil.models.vectors import load_vectors
from hil.values import Precision


def test_either_hash_finds_the_labels() -> None:
    vectors = load_vectors("fastgrnn_digits", Precision.Q15)
    for sha256, inputs in (
        (vectors.sha256, None),
        (None, vectors.inputs_sha256),
        ("x", vectors.inputs_sha256),
    ):
        labels = find_labels("fastgrnn_digits", sha256, inputs)
        assert labels is not None
        assert np.array_equal(labels, vectors.labels)  # type: ignore[arg-type]


def test_other_vectors_have_other_labels() -> None:
    assert find_labels("fastgrnn_digits", "0" * 64, "1" * 64) is None
    assert find_labels("fastgrnn_digits", None, None) is None


def test_models_without_labels_and_none_at_all_have_none() -> None:
    without = load_vectors("perf_har2", Precision.Q15)
    assert without.labels is None
    assert find_labels("perf_har2", without.sha256, without.inputs_sha256) is None
    assert find_labels("../../etc", None, None) is None
