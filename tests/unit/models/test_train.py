"""Training: repeatable, the same network as the numpy reference, test vectors never seen."""

from __future__ import annotations

import numpy as np
import pytest

from hil.measure.accuracy import agreeing
from hil.models.catalog import list_models
from hil.models.cell.weights import CellShape
from hil.models.rnn import golden_float
from hil.models.rnn.network import RnnNetwork, from_arrays
from hil.models.spec import ModelSpec
from hil.models.train.artefacts import LICENCE_URLS
from hil.models.vectors import load_vectors, vectors_path
from hil.values import Precision

torch = pytest.importorskip("torch", reason="needs the extra train")

from hil.models.train.cell import Shape  # noqa: E402
from hil.models.train.loop import Recipe, train  # noqa: E402

RECIPE = Recipe(seed=3, epochs=2, batch=8, rate=0.01, weight_decay=0.0, dropout=0.1, smoothing=0.0)
SHAPE = Shape(features=5, hidden=7, outputs=3, rank_w=0, rank_u=4)


def trained() -> tuple[object, object, object]:
    rng = np.random.default_rng(0)
    inputs = torch.from_numpy(rng.standard_normal((24, 6, 5)).astype(np.float32))
    steps = torch.from_numpy(rng.integers(2, 7, 24))
    labels = torch.from_numpy(rng.integers(0, 3, 24))
    model = train(SHAPE, RECIPE, inputs, steps, labels, lambda batch, lengths, generator: (batch, lengths))
    return model, inputs, steps


def test_a_second_training_gives_the_same_bits() -> None:
    one, two = trained()[0].arrays(), trained()[0].arrays()
    assert list(one) == ["W", "U1", "U2", "Bg", "Bh", "zeta", "nu", "FC", "FCbias"]
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def test_the_trained_network_is_the_reference() -> None:
    model, inputs, steps = trained()
    with torch.no_grad():
        logits = model(inputs, steps).numpy()
    unit = {"mean": np.zeros((1, 5)), "std": np.ones((1, 5))}
    weights = from_arrays(
        RnnNetwork(CellShape(5, 7, 0, 4, "quantSigm", "quantTanh"), 3), {**model.arrays(), **unit}
    )
    ragged = [vector[:length].numpy() for vector, length in zip(inputs, steps, strict=True)]
    assert agreeing(logits, golden_float.run(weights, ragged, np.float64)).all()


def test_digits_are_the_held_out_ones() -> None:
    pytest.importorskip("sklearn")
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    places = np.arange(len(digits.target))
    _, test = train_test_split(places, test_size=0.3, stratify=digits.target, random_state=0)
    held = load_vectors("fastgrnn_digits", Precision.F32)
    np.testing.assert_array_equal(np.stack(held.inputs), digits.images[np.sort(test)])
    np.testing.assert_array_equal(held.labels, digits.target[np.sort(test)])


@pytest.mark.parametrize("spec", list_models(), ids=lambda spec: spec.name)
def test_licence_and_source_lie_beside_the_vectors(spec: ModelSpec) -> None:
    text = vectors_path(spec.name).with_name("README.md").read_text()
    assert f"python -m {spec.generator}" in text
    if spec.dataset is None:
        assert "Drawn at random" in text
        return
    url = LICENCE_URLS.get(spec.dataset.licence)
    licence = spec.dataset.licence + (f", {url}" if url is not None else "")
    assert f"Licence of the data: {licence}" in text
    assert spec.dataset.url in text
    assert "https://doi.org/" in text
