"""Training cascades: repeatable, the same network as the numpy reference, labels from bags."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hil.measure.accuracy import agreeing
from hil.models.cascade import golden_float
from hil.models.cascade.network import CascadeNetwork, Scan, from_arrays
from hil.models.cascade.scan import ends
from hil.models.cell.weights import CellShape

torch = pytest.importorskip("torch", reason="needs the extra train")

from hil.models.train import msc_rnn_radar  # noqa: E402
from hil.models.train.cascade import (  # noqa: E402
    CascadeModule,
    CascadeRecipe,
    look_loss,
    refined,
    train_cascade,
)
from hil.models.train.cell import Shape  # noqa: E402

SCAN = Scan(length=8, stride=4, check_every=3, consecutive=2, limit=0.13)
LOWER = Shape(features=2, hidden=5, outputs=2, rank_w=3, rank_u=2)
UPPER = Shape(features=5, hidden=4, outputs=3)
RECIPE = CascadeRecipe(seed=1, alone=1, epochs=3, batch=6, rate=0.02, lower_weight=0.5, smoothing=0.05)


def counts() -> np.ndarray[Any, np.dtype[np.int16]]:
    return np.random.default_rng(0).integers(1000, 3000, (18, 20, 2)).astype(np.int16)


def trained() -> CascadeModule:
    bags = torch.from_numpy((counts().astype(np.float32) - 2048) / 512)
    labels = torch.arange(18) % 3
    targets = (labels > 0).float()[:, None].repeat(1, SCAN.instances(20))
    return train_cascade(LOWER, UPPER, SCAN, RECIPE, bags, labels, targets, lambda batch, generator: batch)


def cell(shape: Shape) -> CellShape:
    return CellShape(shape.features, shape.hidden, shape.rank_w, shape.rank_u, "quantSigm", "quantTanh")


def test_a_second_training_gives_the_same_bits() -> None:
    one, two = trained().arrays(), trained().arrays()
    assert set(one) == {
        *("W1_lower", "W2_lower", "U1_lower", "U2_lower", "Bg_lower", "Bh_lower", "zeta_lower", "nu_lower"),
        *("FC_lower", "FCbias_lower", "W_upper", "U_upper", "Bg_upper", "Bh_upper", "zeta_upper", "nu_upper"),
        *("FC_upper", "FCbias_upper"),
    }
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def test_the_trained_network_is_the_reference() -> None:
    model = trained()
    network = CascadeNetwork(cell(LOWER), cell(UPPER), SCAN, 3, 2048, 512)
    weights = from_arrays(network, model.arrays())
    bags = torch.from_numpy((counts().astype(np.float32) - 2048) / 512)
    with torch.no_grad():
        found = model.scanned(bags)
        scores = model.judged(found.states).numpy()
    lower = golden_float.lower(weights, list(counts()), np.float64)
    assert len(np.unique(lower.steps)) > 1  # some stop early
    np.testing.assert_allclose(found.margins.numpy(), lower.margins, atol=1e-5)
    np.testing.assert_allclose(found.states.numpy(), lower.states, atol=1e-5)
    assert agreeing(scores, golden_float.upper(weights, lower.states)).all()
    outputs = golden_float.run(weights, list(counts()), np.float64)
    fired = ends(lower.margins, SCAN.consecutive).fired
    assert (outputs[:, -1] == fired).all()
    assert agreeing(scores[fired], outputs[fired, :-1]).all()


def test_labels_of_instances_are_refined() -> None:
    margins = torch.tensor([[-5.0, -4.0, -3.0, -9.0], [2.0, -1.0, -9.0, 0.5], [3.0, 3.0, 3.0, 3.0]])
    targets = torch.tensor([[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    wanted = refined(targets, margins, 2, sure=2.0)
    assert wanted.tolist() == [[0, 1, 1, 0], [1, 0, 0, 1], [0, 0, 0, 0]]


def test_an_early_wrong_answer_costs_less_than_a_late_one() -> None:
    wanted = torch.ones(1, 1)
    right, wrong = torch.full((1, 1), 4.0), torch.full((1, 1), -4.0)
    early, late = (
        look_loss(torch.stack([wrong, right]), wanted),
        look_loss(torch.stack([right, wrong]), wanted),
    )
    assert 0 < float(early) < float(late)


def test_bags_are_varied_without_leaving_the_task() -> None:
    bags = torch.randn(50, 256, 2)
    varied = msc_rnn_radar.vary(bags, torch.Generator().manual_seed(0))
    gain = varied.norm(dim=2) / bags.norm(dim=2)
    assert torch.allclose(gain, gain[:, :1].expand_as(gain), rtol=1e-4)
    assert 0.3 < float(gain.min()) < 0.8 < 1.2 < float(gain.max()) < 3.5
    turned = (bags[:, :, 0] * varied[:, :, 1] - bags[:, :, 1] * varied[:, :, 0]).std(dim=1)
    assert (turned > 0).all()


def test_walkers_that_are_hidden_label_no_instance() -> None:
    bags = msc_rnn_radar.make_bags(3, 60)
    targets = msc_rnn_radar.targets(bags).numpy()
    assert targets.shape == (60, 14)
    whole = bags.present.all(axis=1)
    assert (targets[whole] == 1).all()
    assert (targets[bags.labels == 0] == 0).all()
    partly = ~whole & (bags.labels > 0)
    assert (targets[partly].sum(axis=1) >= msc_rnn_radar.SCAN.consecutive).all()
    assert (targets[partly].sum(axis=1) < 14).any()
