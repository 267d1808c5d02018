"""msc_rnn_radar: its vectors come from the generator, it is accurate in every precision, and exits early."""

from __future__ import annotations

import numpy as np
import pytest

from hil.measure.accuracy import accuracy
from hil.models.cascade import golden_float
from hil.models.cascade.network import Cascade
from hil.models.cascade.scan import ends
from hil.models.catalog import find_model
from hil.models.train.radar import CLASSES, make_bags
from hil.models.vectors import VectorSet, load_vectors, vectors_path
from hil.models.weights import load_weights
from hil.values import Precision

NAME = "msc_rnn_radar"
TEST_SEED = 103  # hil.models.train.msc_rnn_radar.TEST; importing that needs PyTorch


@pytest.fixture(scope="module")
def held() -> VectorSet:
    return load_vectors(NAME, Precision.F32)


@pytest.fixture(scope="module")
def weights() -> Cascade:
    found = load_weights(find_model(NAME))
    assert isinstance(found, Cascade)
    return found


def test_the_vectors_are_bags_of_their_own_seed(held: VectorSet) -> None:
    assert len(held) >= 300
    again = make_bags(TEST_SEED, 9)
    # The last bit of a sine is the machine's own: a count in a million may be another.
    different = sum(np.count_nonzero(a != b) for a, b in zip(again.counts, held.inputs, strict=False))
    assert different <= 5
    assert held.labels.tolist() == [number % len(CLASSES) for number in range(len(held))]
    assert held.classes == len(CLASSES)


def test_every_precision_takes_counts_and_is_accurate() -> None:
    scores = {}
    for precision in Precision:
        one = load_vectors(NAME, precision)
        assert {vector.dtype for vector in one.inputs} == {np.dtype(np.int16)}
        scores[precision] = accuracy(one.goldens[:, : one.classes], one.labels).value
    assert scores[Precision.F32] >= 0.97
    assert scores[Precision.Q15] >= scores[Precision.F32] - 0.005
    assert scores[Precision.Q7] >= scores[Precision.F32] - 0.015


@pytest.mark.parametrize("precision", list(Precision))
def test_the_upper_tier_runs_for_targets(precision: Precision) -> None:
    one = load_vectors(NAME, precision)
    assert one.path_output == one.classes
    path = one.goldens[:, one.path_output] != 0
    targets = one.labels > 0
    assert np.mean(path[targets]) > 0.95
    assert np.mean(path[~targets]) < 0.1
    quiet = one.goldens[~path][:, : one.classes]
    assert (quiet == quiet[0]).all()
    assert quiet[0].argmax() == 0


def test_instances_stop_early_and_clutter_is_given_up(held: VectorSet, weights: Cascade) -> None:
    scan = weights.network.scan
    found = golden_float.lower(weights, held.inputs)
    assert found.steps.mean() < 0.9 * scan.length
    met = set(np.unique(found.steps).tolist())
    assert met <= set(scan.ends)
    assert len(met) >= 4
    scanned = ends(found.margins, scan.consecutive)
    assert scanned.scanned[~scanned.fired].mean() < 0.8 * found.margins.shape[1]


def test_no_decision_hangs_on_rounding(held: VectorSet, weights: Cascade) -> None:
    """A kernel that fuses its products must come to the same decisions as the reference."""
    found = golden_float.lower(weights, held.inputs, np.float64)
    single = golden_float.lower(weights, held.inputs)
    np.testing.assert_array_equal(single.steps, found.steps)
    assert (np.abs(single.margins - found.margins) < found.clearance / 2).all()


def test_the_note_beside_the_vectors_says_what_they_are() -> None:
    text = vectors_path(NAME).with_name("README.md").read_text()
    assert "synthetic" in text
    assert "nothing was recorded" in text
    assert "Apache-2.0, https://www.apache.org/licenses/LICENSE-2.0" in text
    assert f"python -m hil.models.train.{NAME}" in text
