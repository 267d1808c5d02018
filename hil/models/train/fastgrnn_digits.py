"""Train fastgrnn_digits: 8×8 images of digits, one row per time step (D 8, T 8, 10 classes).

``python -m hil.models.train.fastgrnn_digits`` rewrites the model's folder and vectors; on one machine a
second run gives the same bytes. 30 % of the images (stratified, seeded) are held out as test vectors and
touched by nothing here but the goldens. The recipe was chosen on a fifth of the rest; the committed
weights are then trained on all of the rest.
"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor

from hil.models.folder import Description, Held
from hil.models.spec import DataSet
from hil.models.train.artefacts import rnn_network, write_model
from hil.models.train.cell import Shape
from hil.models.train.loop import Recipe, accuracy, train

SHAPE = Shape(features=8, hidden=32, outputs=10)
RECIPE = Recipe(seed=1, epochs=150, batch=32, rate=0.02, weight_decay=0.0, dropout=0.2, smoothing=0.05)
MIDDLE, RANGE = 8.0, 8.0  # pixels are 0 to 16: the cell sees -1 to 1
SHIFTED = 0.3  # share of images moved by up to a pixel while training
NOISE = 0.2

DATA_SET = DataSet(
    title="Optical Recognition of Handwritten Digits (the 1,797 test images, as scikit-learn's load_digits)",
    citation="Alpaydin, E. and Kaynak, C. (1998). Optical Recognition of Handwritten Digits. "
    "UCI Machine Learning Repository. https://doi.org/10.24432/C50P49",
    licence="CC-BY-4.0",
    url="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
)


def augment(inputs: Tensor, steps: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Noise on every image, a shift by up to one pixel on some; what moves in is blank."""
    inputs = inputs + NOISE * torch.randn(inputs.shape, generator=generator)
    moves = torch.randint(-1, 2, (len(inputs), 2), generator=generator)
    moves = moves * (torch.rand(len(inputs), 1, generator=generator) < SHIFTED)
    padded = torch.nn.functional.pad(inputs, (1, 1, 1, 1), value=-1.0)
    moved = [
        padded[i, 1 + down : 9 + down, 1 + right : 9 + right]
        for i, (down, right) in enumerate(moves.tolist())
    ]
    return torch.stack(moved), steps


def main() -> None:
    """Validate the recipe, train, write."""
    digits = load_digits()
    images, labels = digits.images.astype(np.float32), digits.target.astype(np.int64)
    rest, test = train_test_split(np.arange(len(labels)), test_size=0.3, stratify=labels, random_state=0)
    test = np.sort(test)
    part, validation = train_test_split(rest, test_size=0.2, stratify=labels[rest], random_state=0)

    inputs = torch.from_numpy((images - MIDDLE) / RANGE)
    steps = torch.full((len(labels),), 8)
    classes = torch.from_numpy(labels)
    trial = train(SHAPE, RECIPE, inputs[part], steps[part], classes[part], augment)
    score = accuracy(trial, inputs[validation], steps[validation], classes[validation])
    print(f"validation accuracy {score:.4f} on {len(validation)} images")

    model = train(SHAPE, RECIPE, inputs[rest], steps[rest], classes[rest], augment)
    arrays = model.arrays()
    arrays["mean"] = np.full((1, SHAPE.features), MIDDLE, dtype=np.float32)
    arrays["std"] = np.full((1, SHAPE.features), RANGE, dtype=np.float32)
    write_model(
        Description(
            name="fastgrnn_digits",
            task="ten handwritten digits, the rows of an 8×8 image as time steps",
            architecture="rnn",
            network=rnn_network(SHAPE),
            min_steps=8,
            max_steps=8,
            dataset=DATA_SET,
            generator="hil.models.train.fastgrnn_digits",
        ),
        arrays,
        [images[i] for i in rest],
        Held([images[i] for i in test], labels[test]),
    )


if __name__ == "__main__":
    main()
