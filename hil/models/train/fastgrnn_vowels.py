"""Train fastgrnn_vowels: who of nine speakers said /ae/, from 7 to 29 frames of 12 cepstrum coefficients.

``python -m hil.models.train.fastgrnn_vowels`` rewrites the model's folder and vectors; on one machine a
second run gives the same bytes. The data set's own split is kept: 270 utterances to train on, 370 recorded
on other occasions to test with, touched by nothing here but the goldens. The recipe was chosen by
cross-validation within the 270; the committed weights are then trained on all of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from aeon.datasets import load_japanese_vowels
from sklearn.model_selection import StratifiedKFold
from torch import Tensor

from hil.models.folder import Description, Held
from hil.models.spec import DataSet
from hil.models.train.artefacts import rnn_network, write_model
from hil.models.train.cell import Shape
from hil.models.train.loop import Recipe, accuracy, train

LONGEST = 29
SHAPE = Shape(features=12, hidden=48, outputs=9, rank_w=8, rank_u=16)
RECIPE = Recipe(seed=0, epochs=80, batch=16, rate=0.015, weight_decay=0.0, dropout=0.2, smoothing=0.1)
NOISE = 0.4  # per coefficient, in standard deviations
DRIFT = 0.1  # the same, constant over an utterance
CROPPED = 0.2  # at most this share of the frames is cut off at either end
FOLDS = 5

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


def augment(inputs: Tensor, steps: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Noise, drift, and a few frames less at both ends."""
    count, longest, features = inputs.shape
    inputs = inputs + NOISE * torch.randn(inputs.shape, generator=generator)
    inputs = inputs + DRIFT * torch.randn((count, 1, features), generator=generator)
    first = (torch.rand(count, generator=generator) * (steps * CROPPED)).long()
    last = (torch.rand(count, generator=generator) * (steps * CROPPED)).long()
    frames = (first[:, None] + torch.arange(longest)).clamp(max=longest - 1)
    return torch.gather(inputs, 1, frames[:, :, None].expand(-1, -1, features)), steps - first - last


def cross_validate(inputs: Tensor, steps: Tensor, classes: Tensor) -> float:
    """Mean accuracy on the folds that each trial has not seen."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(
        np.zeros(len(classes)), classes.numpy()
    )
    scores = []
    for seen, unseen in folds:
        trial = train(SHAPE, RECIPE, inputs[seen], steps[seen], classes[seen], augment)
        scores.append(accuracy(trial, inputs[unseen], steps[unseen], classes[unseen]))
    return float(np.mean(scores))


def main() -> None:
    """Validate the recipe, train, write."""
    utterances, speakers = load("train")
    frames = np.concatenate(utterances).astype(np.float64)
    mean, std = frames.mean(axis=0, keepdims=True), frames.std(axis=0, keepdims=True)
    padded = np.zeros((len(utterances), LONGEST, SHAPE.features), dtype=np.float32)
    for number, utterance in enumerate(utterances):
        padded[number, : len(utterance)] = (utterance - mean) / std
    inputs, classes = torch.from_numpy(padded), torch.from_numpy(speakers)
    steps = torch.tensor([len(utterance) for utterance in utterances])
    score = cross_validate(inputs, steps, classes)
    print(f"cross-validated accuracy {score:.4f} on {len(utterances)} utterances")

    model = train(SHAPE, RECIPE, inputs, steps, classes, augment)
    arrays = model.arrays()
    arrays["mean"], arrays["std"] = mean.astype(np.float32), std.astype(np.float32)
    write_model(
        Description(
            name="fastgrnn_vowels",
            task="which of nine speakers says /ae/, 7 to 29 frames of 12 cepstrum coefficients",
            architecture="rnn",
            network=rnn_network(SHAPE),
            min_steps=7,
            max_steps=LONGEST,
            dataset=DATA_SET,
            generator="hil.models.train.fastgrnn_vowels",
        ),
        arrays,
        utterances,
        Held(*load("test")),
    )


if __name__ == "__main__":
    main()
