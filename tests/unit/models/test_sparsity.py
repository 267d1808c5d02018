"""Sparse training: what is kept, when, and that the weights that come out are the ones that were seen."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from hil.errors import ModelError
from hil.measure.accuracy import agreeing
from hil.models.folder import Description, write_folder
from hil.models.weights import load_weights
from hil.values import Precision

torch = pytest.importorskip("torch", reason="needs the extra train")

from hil.models.train.artefacts import rnn_network  # noqa: E402
from hil.models.train.cell import FastGrnnClassifier, FastRnnClassifier, RnnClassifier, Shape  # noqa: E402
from hil.models.train.loop import Recipe, Shaping, train  # noqa: E402
from hil.models.train.sparsity import (  # noqa: E402
    Pruning,
    Rounded,
    SoftThreshold,
    SoftThresholding,
    kept_share,
    support,
)

SHAPE = Shape(features=5, hidden=8, outputs=3, rank_w=0, rank_u=4)


def task(rng: np.random.Generator, count: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Noise of five features over six steps, and which of the first three is largest on the average."""
    labels = rng.integers(0, 3, count)
    inputs = rng.standard_normal((count, 6, 5)).astype(np.float32)
    inputs[np.arange(count), :, labels] += 1.5
    return inputs, labels


def trained(
    shaping: Shaping | None, decay: float = 0.0, build: type[RnnClassifier] = FastGrnnClassifier
) -> RnnClassifier:
    """A tiny network that has learned ``task``."""
    rng = np.random.default_rng(0)
    inputs, labels = task(rng, 60)
    recipe = Recipe(seed=3, epochs=20, batch=12, rate=0.02, weight_decay=decay, dropout=0.0, smoothing=0.0)
    arguments = [torch.from_numpy(inputs), torch.from_numpy(rng.integers(3, 7, 60)), torch.from_numpy(labels)]
    return train(SHAPE, recipe, *arguments, lambda batch, steps, generator: (batch, steps), shaping, build)


def test_support_keeps_the_largest_and_of_equals_the_first() -> None:
    weights = torch.tensor([[0.5, -3.0, 0.5], [2.0, -0.5, 0.0]])
    assert support(weights, 3).tolist() == [[True, True, False], [True, False, False]]
    assert support(weights, 0).sum() == 0
    assert support(weights, 6).all()
    assert support(torch.ones(10, 10), 37).flatten().tolist() == [True] * 37 + [False] * 63


def test_the_share_falls_from_one_to_the_target_and_never_rises() -> None:
    shares = [kept_share(0.2, progress, 0.3, 0.7) for progress in np.linspace(0.0, 1.0, 101)]
    assert shares[29] == 1.0
    assert shares[31] < 1.0
    assert 0.2 < shares[69] < 0.21
    assert shares[70:] == [0.2] * 31
    assert all(after <= before for before, after in pairwise(shares))


def test_pruning_keeps_what_was_asked_for() -> None:
    arrays = trained(Pruning({"W": 0.3, "U1": 0.25, "U2": 0.5})).arrays()
    assert {name: np.count_nonzero(arrays[name]) for name in ("W", "U1", "U2", "FC")} == {
        "W": 12,
        "U1": 8,
        "U2": 16,
        "FC": 24,
    }


def test_pruning_retrains_on_a_fixed_support() -> None:
    """Between ``fixed`` and the end the support stays and the weights on it still move."""
    seen: list[tuple[float, np.ndarray]] = []
    pruning = Pruning({"W": 0.3}, start=0.2, fixed=0.5)

    def watched(model: RnnClassifier) -> object:
        follow = pruning(model)

        def step(progress: float) -> None:
            follow(progress)
            seen.append((progress, model.arrays()["W"]))

        return step

    trained(watched)
    dense = [weights for progress, weights in seen if progress < 0.2]
    fixed = [weights for progress, weights in seen if progress >= 0.5]
    assert all(np.count_nonzero(weights) == 40 for weights in dense)
    assert len(fixed) == 51
    assert all(np.array_equal(weights != 0, fixed[-1] != 0) for weights in fixed)
    assert not np.array_equal(fixed[0], fixed[-1])


def test_pruned_entries_may_come_back_before_the_support_is_fixed() -> None:
    model = OneMatrix()
    follow = Pruning({"W": 0.5}, start=0.0, fixed=0.9)(model)
    follow(0.89)
    assert model.whole.tolist() == [[4.0, 3.0, 0.0, 0.0]]
    model.whole[0, 3] = 9.0
    follow(0.895)
    assert model.whole.tolist() == [[4.0, 0.0, 0.0, 9.0]]
    follow(0.95)
    model.whole[0, 1] = 20.0
    follow(1.0)
    assert model.whole.tolist() == [[4.0, 0.0, 0.0, 9.0]]


class OneMatrix(FastRnnClassifier):
    """One matrix W of four entries."""

    def __init__(self) -> None:
        super().__init__(SHAPE)
        self.whole = torch.tensor([[4.0, 3.0, 2.0, 1.0]])

    def matrices(self) -> dict[str, torch.Tensor]:
        return {"W": self.whole}


def test_rounded_weights_are_an_int8_grid_that_uses_its_full_range() -> None:
    arrays = trained(Pruning({"U1": 0.5}, rounded=0.8)).arrays()
    for name in ("W", "U1", "U2", "FC"):
        integers = arrays[name].astype(np.float64) / np.abs(arrays[name]).max() * 127
        np.testing.assert_allclose(integers, np.rint(integers), atol=1e-4)
        assert np.abs(integers).max() == 127
    assert np.count_nonzero(arrays["U1"]) <= 16


def test_rounding_passes_the_gradient() -> None:
    weights = torch.tensor([1.0, 0.003, -0.26], requires_grad=True)
    rounded = Rounded()(weights)
    torch.testing.assert_close(rounded.detach(), torch.tensor([127.0, 0.0, -33.0]) / 127)
    rounded.sum().backward()
    assert weights.grad.tolist() == [1.0, 1.0, 1.0]
    assert Rounded()(torch.zeros(3)).tolist() == [0.0, 0.0, 0.0]


def test_soft_threshold_is_the_papers_and_learns_its_threshold() -> None:
    view = SoftThreshold(0.0)  # sigma(0) = 0.5
    weights = torch.tensor([2.0, -0.75, 0.5, -0.25, 0.0], requires_grad=True)
    seen = view(weights)
    assert seen.tolist() == [1.5, -0.25, 0.0, 0.0, 0.0]
    seen[:2].sum().backward()
    assert weights.grad.tolist() == [1.0, 1.0, 0.0, 0.0, 0.0]
    assert view.s.grad.item() == 0.0  # -sign(2) sigma'(s) - sign(-0.75) sigma'(s)
    (view(weights)[0]).backward()
    assert view.s.grad.item() == -0.25


def test_soft_thresholding_grows_sparser_with_weight_decay() -> None:
    shaping = SoftThresholding({"W": -3.0, "U1": -3.0, "U2": -3.0}, rounded=0.9)
    light, heavy = (trained(shaping, decay) for decay in (0.0, 0.05))
    zeros = [
        sum(np.count_nonzero(model.arrays()[name] == 0) for name in ("W", "U1", "U2"))
        for model in (light, heavy)
    ]
    assert zeros[1] > zeros[0] + 10
    for name in ("W", "U1", "U2"):
        learned = dict(heavy.named_parameters())[f"views.{name}.0.s"].item()
        assert learned > -3.0
        seen = Rounded()(SoftThreshold(learned)(heavy.matrices()[name])).detach().numpy()
        np.testing.assert_array_equal(heavy.arrays()[name], seen)
    assert np.count_nonzero(heavy.arrays()["FC"]) > 0


@pytest.mark.parametrize("shaping", [Pruning({"W1": 0.5}), SoftThresholding({"W1": -6.0})])
def test_a_matrix_that_is_not_there_is_named(shaping: Shaping) -> None:
    with pytest.raises(ModelError, match=r"no matrix W1 to make sparse.*W, U1, U2, FC"):
        trained(shaping)


@pytest.mark.parametrize("build", [FastGrnnClassifier, FastRnnClassifier])
def test_a_sparse_cell_goes_from_training_to_c(
    build: type[RnnClassifier], tmp_path: Path, run_generated: Any
) -> None:
    """What PyTorch trained is what the reference counts, and what all three images answer."""
    model = trained(Pruning({"W": 0.5, "U1": 0.25}, rounded=0.8), build=build)
    inputs, labels = task(np.random.default_rng(5), 90)
    kind = "fastrnn" if build is FastRnnClassifier else "fastgrnn"
    about = Description(
        name=tmp_path.name,
        task="which feature is largest",
        architecture="rnn",
        network=rnn_network(SHAPE, kind=kind),
        min_steps=1,
        max_steps=6,
        dataset=None,
        generator="a test",
    )
    spec = write_folder(tmp_path, about, model.arrays(), list(task(np.random.default_rng(6), 60)[0]))
    assert "hil_project_sparse_q7" in spec.generated_c(Precision.Q7).read_text()
    weights = load_weights(spec)
    with torch.no_grad():
        seen = model(torch.from_numpy(inputs), torch.full((90,), 6)).numpy()
    np.testing.assert_allclose(seen, spec.architecture.reference(spec, weights, list(inputs)), atol=1e-4)
    for precision in Precision:
        wired = [spec.architecture.wire(spec, weights, precision, vector) for vector in inputs]
        golden = spec.architecture.golden(spec, weights, precision, wired)
        assert agreeing(run_generated(spec, precision, wired), golden).all()
        assert np.mean(golden.argmax(1) == labels) > 0.8
        assert np.mean(golden.argmax(1) == seen.argmax(1)) > 0.95
