"""Train fastgrnn_vowels: who of nine speakers said /ae/, from 7 to 29 frames of 12 cepstrum coefficients.

``python -m hil.models.train.fastgrnn_vowels`` rewrites the model's folder and vectors; on one machine a
second run gives the same bytes. The data set's own split is kept: 270 utterances to train on, 370 recorded
on other occasions to test with, touched by nothing here but the goldens. The recipe was chosen by
cross-validation within the 270; the committed weights are then trained on all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from aeon.datasets import load_japanese_vowels
from sklearn.model_selection import StratifiedKFold
from torch import Tensor

from hil.models.folder import Description, Held
from hil.models.spec import DataSet, ModelSpec
from hil.models.train.artefacts import rnn_network, write_model
from hil.models.train.cell import RnnClassifier, Shape
from hil.models.train.loop import Augment, Recipe, Shaping, accuracy, train

LONGEST = 29
SHAPE = Shape(features=12, hidden=48, outputs=9, rank_w=8, rank_u=16)
RECIPE = Recipe(seed=0, epochs=80, batch=16, rate=0.015, weight_decay=0.0, dropout=0.2, smoothing=0.1)
NOISE = 0.4  # per coefficient, in standard deviations
DRIFT = 0.1  # the same, constant over an utterance
CROPPED = 0.2  # at most this share of the frames is cut off at either end
FOLDS = 5
TASK = "which of nine speakers says /ae/, 7 to 29 frames of 12 cepstrum coefficients"

DATA_SET = DataSet(
    title="Japanese Vowels (nine male speakers, LPC cepstrum; as aeon's load_japanese_vowels)",
    citation="Kudo, M., Toyama, J. and Shimbo, M. (1999). Japanese Vowels. "
    "UCI Machine Learning Repository. https://doi.org/10.24432/C5NS47",
    licence="CC-BY-4.0",
    url="https://archive.ics.uci.edu/dataset/128/japanese+vowels",
)

Utterances = list[npt.NDArray[np.float32]]


def load(split: str) -> tuple[Utterances, npt.NDArray[np.int64]]:
    """Utterances (T, 12) and speakers 0 to 8 of "train" or "test"."""
    utterances, speakers = load_japanese_vowels(split=split)
    return [frames.T.astype(np.float32) for frames in utterances], np.array(speakers).astype(np.int64) - 1


def augment(
    inputs: Tensor, steps: Tensor, generator: torch.Generator, drift: float = DRIFT
) -> tuple[Tensor, Tensor]:
    """Noise, drift, and a few frames less at both ends."""
    count, longest, features = inputs.shape
    inputs = inputs + NOISE * torch.randn(inputs.shape, generator=generator)
    inputs = inputs + drift * torch.randn((count, 1, features), generator=generator)
    first = (torch.rand(count, generator=generator) * (steps * CROPPED)).long()
    last = (torch.rand(count, generator=generator) * (steps * CROPPED)).long()
    frames = (first[:, None] + torch.arange(longest)).clamp(max=longest - 1)
    return torch.gather(inputs, 1, frames[:, :, None].expand(-1, -1, features)), steps - first - last


@dataclass(frozen=True)
class Prepared:
    """The 270 utterances to train on: raw, and as the cell sees them.

    ``inputs`` (N, 29, 12) normalised by ``mean`` and ``std`` (1, 12) and padded with zeros; ``steps`` (N,);
    ``classes`` (N,).
    """

    utterances: Utterances
    inputs: Tensor
    steps: Tensor
    classes: Tensor
    mean: npt.NDArray[np.float32]
    std: npt.NDArray[np.float32]


def prepare() -> Prepared:
    """Load the training split and normalise it by its own frames."""
    utterances, speakers = load("train")
    frames = np.concatenate(utterances).astype(np.float64)
    mean, std = frames.mean(axis=0, keepdims=True), frames.std(axis=0, keepdims=True)
    padded = np.zeros((len(utterances), LONGEST, frames.shape[1]), dtype=np.float32)
    for number, utterance in enumerate(utterances):
        padded[number, : len(utterance)] = (utterance - mean) / std
    return Prepared(
        utterances,
        torch.from_numpy(padded),
        torch.tensor([len(utterance) for utterance in utterances]),
        torch.from_numpy(speakers),
        mean.astype(np.float32),
        std.astype(np.float32),
    )


def cross_validate(
    data: Prepared,
    shape: Shape,
    recipe: Recipe,
    vary: Augment = augment,
    shaping: Shaping | None = None,
) -> float:
    """Mean accuracy on the folds that each trial has not seen; printed as well."""
    inputs, steps, classes = data.inputs, data.steps, data.classes
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(
        np.zeros(len(classes)), classes.numpy()
    )
    scores = []
    for seen, unseen in folds:
        trial = train(shape, recipe, inputs[seen], steps[seen], classes[seen], vary, shaping)
        scores.append(accuracy(trial, inputs[unseen], steps[unseen], classes[unseen]))
    score = float(np.mean(scores))
    print(f"cross-validated accuracy {score:.4f} on {len(classes)} utterances")
    return score


def write(name: str, task: str, data: Prepared, model: RnnClassifier) -> ModelSpec:
    """Write the folder and the vectors of a ``model`` trained on ``data``."""
    about = Description(
        name=name,
        task=task,
        architecture="rnn",
        network=rnn_network(model.shape),
        min_steps=7,
        max_steps=LONGEST,
        dataset=DATA_SET,
        generator=f"hil.models.train.{name}",
    )
    arrays = {**model.arrays(), "mean": data.mean, "std": data.std}
    return write_model(about, arrays, data.utterances, Held(*load("test")))


def main() -> None:
    """Validate the recipe, train, write."""
    data = prepare()
    cross_validate(data, SHAPE, RECIPE)
    model = train(SHAPE, RECIPE, data.inputs, data.steps, data.classes, augment)
    write("fastgrnn_vowels", TASK, data, model)


if __name__ == "__main__":
    main()
