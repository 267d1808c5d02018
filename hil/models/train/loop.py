"""The training loop: seeded, single-threaded, full precision, the best epoch is the last one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hil.models.train.cell import FastGrnnClassifier, RnnClassifier, Shape


@dataclass(frozen=True)
class Recipe:
    """How to train; every figure was chosen on the validation split."""

    seed: int
    epochs: int
    batch: int
    rate: float
    weight_decay: float
    dropout: float
    smoothing: float


Augment = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]
Shaping = Callable[[RnnClassifier], Callable[[float], None]]
"""Prepares a new model (hil.models.train.sparsity); what it returns is called after every optimiser step with
the share of the training that is over, up to 1."""


def deterministic(seed: int) -> torch.Generator:
    """Make PyTorch repeatable to the byte on one machine; returns the generator to draw from."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)


def train(
    shape: Shape,
    recipe: Recipe,
    inputs: Tensor,
    steps: Tensor,
    labels: Tensor,
    augment: Augment,
    shaping: Shaping | None = None,
    build: Callable[[Shape], RnnClassifier] = FastGrnnClassifier,
) -> RnnClassifier:
    """Train on normalised ``inputs`` (N, T, D) padded to T, of ``steps`` (N,), and ``labels`` (N,).

    ``augment(inputs, steps, generator)`` varies a batch. Adam with one cosine cycle.
    """
    generator = deterministic(recipe.seed)
    model = build(shape)
    follow = shaping(model) if shaping else None
    optimiser = torch.optim.Adam(model.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
    batches = -(-len(labels) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, total_steps=recipe.epochs * batches, pct_start=0.2
    )
    loss = nn.CrossEntropyLoss(label_smoothing=recipe.smoothing)
    done = 0
    for _ in range(recipe.epochs):
        order = torch.randperm(len(labels), generator=generator)
        for chosen in torch.split(order, recipe.batch):
            batch, batch_steps = augment(inputs[chosen], steps[chosen], generator)
            keep = torch.rand(len(chosen), shape.hidden, generator=generator) >= recipe.dropout
            logits = model(batch, batch_steps, keep / (1.0 - recipe.dropout))
            optimiser.zero_grad()
            value = loss(logits, labels[chosen])
            value.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            done += 1
            if follow:
                follow(done / (recipe.epochs * batches))
    return model.eval()


def accuracy(model: RnnClassifier, inputs: Tensor, steps: Tensor, labels: Tensor) -> float:
    """The share of right answers, 0 to 1."""
    with torch.no_grad():
        return float((model(inputs, steps).argmax(1) == labels).double().mean())
