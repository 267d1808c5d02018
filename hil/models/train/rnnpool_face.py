"""Train rnnpool_face: is there a face in 96×96 grey pixels? Convolution, RNNPool, separable blocks.

``python -m hil.models.train.rnnpool_face`` rewrites the model's folder and vectors; on one machine a second
run gives the same bytes. The recipe was chosen on scenes of training photographs and faces that the trial had
not seen; the committed weights are then trained on all of the training split. Test scenes are touched by
nothing here but the goldens.

RNNPool: Saha et al., RNNPool: Efficient Non-linear Pooling for RAM Constrained Inference, NeurIPS 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from hil.files import replace_file
from hil.models.folder import Description, Held
from hil.models.train.artefacts import write_model
from hil.models.train.faces import (
    DATA_SET,
    SIDE,
    Scenes,
    draw_scenes,
    draw_test_scenes,
    licences,
    load_sources,
)
from hil.models.train.loop import deterministic
from hil.models.train.rnnpool import Arrays, RnnPool
from hil.models.vectors import vectors_path

NAME = "rnnpool_face"
MIDDLE, RANGE = 128.0, 128.0
CHANNELS, PATCH, STRIDE, HIDDEN = 4, 8, 4, 8
CALIBRATION = 64  # training scenes that the fixed-point scales are found on
LARGEST = 8.0  # a depthwise weight, see ``balanced``
NEAR, FAR = 0.3, 0.55  # of a face's side: nearer cells see its middle, farther ones see none
BLOCKS = ((1, 48), (2, 64), (1, 96))  # stride of the depthwise, channels of the pointwise convolution


@dataclass(frozen=True)
class Recipe:
    """How to train: ``scenes`` are drawn once and seen ``epochs`` times, in other light."""

    seed: int
    scenes: int
    epochs: int
    batch: int
    rate: float
    weight_decay: float
    smoothing: float


RECIPE = Recipe(seed=1, scenes=20000, epochs=8, batch=32, rate=0.01, weight_decay=1e-4, smoothing=0.05)


def description() -> dict[str, Any]:
    """The network of ``model.json``; layers are numbered from 0 in the weights' names."""
    layers: list[dict[str, Any]] = [
        {"kind": "conv", "kernel": 3, "stride": 2, "pad": 1, "channels": CHANNELS, "relu": 6},
        {"kind": "rnnpool", "patch": PATCH, "stride": STRIDE, "pad": 0, "hidden1": HIDDEN, "hidden2": HIDDEN,
         "gate": "quantSigm", "update": "quantTanh"},
    ]  # fmt: skip
    for stride, channels in BLOCKS:
        layers.append({"kind": "depthwise", "kernel": 3, "stride": stride, "pad": 1, "relu": 6})
        layers.append({"kind": "pointwise", "channels": channels, "relu": 6})
    layers += [{"kind": "average"}, {"kind": "dense", "outputs": 2}]
    return {"input": [96, 96, 1], "mean": int(MIDDLE), "std": int(RANGE), "layers": layers}


class Net(nn.Module):
    """The network of ``description``, with batch normalisation, which ``arrays`` folds in."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = _normalised(nn.Conv2d(1, CHANNELS, 3, 2, 1, bias=False))
        self.pool = RnnPool(CHANNELS, (HIDDEN, HIDDEN), PATCH, STRIDE)
        blocks: list[nn.Module] = []
        inputs = 4 * HIDDEN
        for stride, channels in BLOCKS:
            blocks.append(_normalised(nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)))
            blocks.append(_normalised(nn.Conv2d(inputs, channels, 1, bias=False)))
            inputs = channels
        self.blocks = nn.Sequential(*blocks)
        self.dense = nn.Linear(inputs, 2)
        self.where = nn.Linear(inputs, 1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, 2) of images (N, 1, 96, 96), already (u8 - 128) / 128, and (N, 6, 6) of a face's middle.

        The second ones are for training alone.
        """
        maps: Tensor = self.blocks(self.pool(self.conv(images)))
        return self.dense(maps.mean((2, 3))), self.where(maps.permute(0, 2, 3, 1))[..., 0]

    def arrays(self) -> Arrays:
        """The weights by the names that the model folder's README documents."""
        found: Arrays = {}
        found["conv0.weight"], found["conv0.bias"] = _folded(self.conv)
        for suffix, cell in (("1", self.pool.first), ("2", self.pool.second)):
            found |= {f"rnnpool1.{name}": array for name, array in cell.arrays(suffix).items()}
        for number, block in enumerate(self.blocks):
            kind = "pointwise" if number % 2 else "depthwise"
            weight, bias = _folded(block)
            weight = weight[:, 0, 0] if number % 2 else weight[..., 0]
            found[f"{kind}{number + 2}.weight"], found[f"{kind}{number + 2}.bias"] = weight, bias
        last = f"dense{len(self.blocks) + 3}"
        found = balanced(found, len(self.blocks))
        return found | {f"{last}.FC": _array(self.dense.weight), f"{last}.FCbias": _array(self.dense.bias)}


def balanced(arrays: Arrays, blocks: int) -> Arrays:
    """The same network, to a hair, with depthwise weights of at most ``LARGEST``.

    A channel that seldom leaves 0 has a small variance, so folding makes its weights huge, beyond what 8 bits
    can serve. They are halved, and the pointwise row before them doubled, until they fit: exact, as powers of
    two are, but where the row now meets its cap, and there the depthwise sum is out of its own range as well.
    """
    found = dict(arrays)
    for number in range(4, blocks + 2, 2):
        weight = found[f"depthwise{number}.weight"]
        doublings = np.ceil(np.log2(np.abs(weight).max((1, 2)) / LARGEST)).clip(min=0.0)
        gain = np.exp2(doublings).astype(np.float32)
        found[f"depthwise{number}.weight"] = weight / gain[:, None, None]
        found[f"pointwise{number - 1}.weight"] = found[f"pointwise{number - 1}.weight"] * gain[:, None]
        found[f"pointwise{number - 1}.bias"] = found[f"pointwise{number - 1}.bias"] * gain
    return found


def _normalised(convolution: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU6())


def _folded(block: nn.Module) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Weight (out, height, width, in) and bias of a convolution and what normalises it."""
    layers: Any = block
    convolution, norm = layers[0], layers[1]
    gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    weight = convolution.weight.double() * gain[:, None, None, None]
    return _array(weight.permute(0, 2, 3, 1)), _array(norm.bias.double() - norm.running_mean.double() * gain)


def _array(tensor: Tensor) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(tensor.detach().numpy().astype(np.float32))


def as_input(scenes: Scenes) -> Tensor:
    """(N, 1, 96, 96) float32 as the network sees it."""
    return (torch.from_numpy(scenes.images).float()[:, None] - MIDDLE) / RANGE


def middles(places: npt.NDArray[np.float64]) -> tuple[Tensor, Tensor]:
    """Where on the last map, (N, 6, 6), the middle of a face is, and which cells count: none at its edge.

    A cell is 16 pixels wide and looks at the pixels around its own middle.
    """
    ways = torch.arange(6) * 16.0 + 8.0
    rows, columns, sides = torch.from_numpy(places).float()[:, :, None].unbind(1)
    down, along = (ways - rows).abs() / sides.clamp(min=1.0), (ways - columns).abs() / sides.clamp(min=1.0)
    distance = torch.maximum(down[:, :, None], along[:, None, :])
    distance = torch.where(sides[:, :, None] > 0.0, distance, 1.0)
    return (distance < NEAR).float(), ((distance < NEAR) | (distance > FAR)).float()


def augment(
    images: Tensor, near: Tensor, counted: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Mirror half of the images, change light and contrast a little; what is too bright stays white."""
    count = len(images)
    mirrored = torch.rand(count, 1, 1, 1, generator=generator) < 0.5
    images = torch.where(mirrored, images.flip(3), images)
    near, counted = (torch.where(mirrored[..., 0], maps.flip(2), maps) for maps in (near, counted))
    gain = 0.75 + 0.5 * torch.rand(count, 1, 1, 1, generator=generator)
    light = 0.3 * (torch.rand(count, 1, 1, 1, generator=generator) - 0.5)
    return (images * gain + light).clamp(-1.0, 127.0 / 128.0), near, counted


def train(recipe: Recipe, scenes: Scenes) -> Net:
    """Train on ``scenes``: AdamW, one cosine cycle; repeatable to the byte on one machine."""
    generator = deterministic(recipe.seed)
    model = Net()
    images, labels = as_input(scenes), torch.from_numpy(scenes.labels)
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
    batches = len(labels) // recipe.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, total_steps=recipe.epochs * batches, pct_start=0.2
    )
    loss = nn.CrossEntropyLoss(label_smoothing=recipe.smoothing)
    near, counted = middles(scenes.places)
    for epoch in range(recipe.epochs):
        order = torch.randperm(len(labels), generator=generator)[: batches * recipe.batch]
        total = 0.0
        for chosen in torch.split(order, recipe.batch):
            batch, seen, cells = augment(images[chosen], near[chosen], counted[chosen], generator)
            logits, maps = model(batch)
            value = loss(logits, labels[chosen])
            value = value + nn.functional.binary_cross_entropy_with_logits(
                maps, seen, cells * (1.0 + 3.0 * seen)
            )
            optimiser.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += value.item()
        print(f"epoch {epoch + 1}: loss {total / batches:.4f}", flush=True)
    return model.eval()


def write(arrays: Arrays) -> None:
    """Rewrite the model's folder and vectors from its float weights, and print its accuracy."""
    seen, held = draw_scenes(load_sources("train"), CALIBRATION, RECIPE.seed + 1), draw_test_scenes()
    write_model(
        Description(
            name=NAME,
            task="a face or none in 96×96 grey pixels, drawn over photographs",
            architecture="convnet",
            network=description(),
            min_steps=SIDE,
            max_steps=SIDE,
            dataset=DATA_SET,
            generator="hil.models.train.rnnpool_face",
            vectors=200,
        ),
        arrays,
        list(seen.images),
        Held(list(held.images), held.labels),
        "cropped, scaled, turned, mirrored, blended; brightness and contrast varied, noise added",
    )
    note = vectors_path(NAME).with_name("README.md")
    replace_file(note, f"{note.read_text(encoding='utf-8')}\n{licences()}")


def main() -> None:
    """Draw, train, write."""
    write(train(RECIPE, draw_scenes(load_sources("train"), RECIPE.scenes, RECIPE.seed)).arrays())


if __name__ == "__main__":
    main()
