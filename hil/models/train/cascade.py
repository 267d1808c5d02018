"""The two tiers of a cascade in PyTorch, for training only; the numpy golden is the reference.

Roy et al., One size does not fit all: multi-scale, cascaded RNNs for radar classification, BuildSys 2019
(MSC-RNN); Dennis et al., Multiple instance learning for efficient sequential data classification on
resource-constrained devices, NeurIPS 2018 (EMI-RNN).

The lower tier is trained on instances first. Both are then trained together: the upper one on the states
that the lower one has at its early exits, the lower one for its own answers and for the states it hands up.
By then its labels are refined from round to round, as in EMI-RNN: of a target's bag the best
``consecutive`` instances in a row stay targets, and others do unless the lower tier is sure of the contrary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from hil.models.cascade.network import LOWER, UPPER, Scan
from hil.models.train.cell import FastGrnnClassifier, Shape
from hil.models.train.loop import deterministic


class Tier(FastGrnnClassifier):
    """A FastGRNN of which every state is wanted."""

    def states(self, inputs: Tensor) -> list[Tensor]:
        """The state after every step of ``inputs`` (N, T, D): T tensors (N, H)."""
        seen, scalars = self.seen(), self._scalars()
        w, u = ([seen[name].T for name in seen if name.startswith(letter)] for letter in "WU")
        projected = inputs
        for factor in w:
            projected = projected @ factor
        state, found = inputs.new_zeros(inputs.shape[0], self.shape.hidden), []
        for sums in projected.unbind(1):
            recurrent = state
            for factor in u:
                recurrent = recurrent @ factor
            state = self._step(sums + recurrent, state, scalars)
            found.append(state)
        return found


@dataclass(frozen=True)
class Scanned:
    """What the lower tier makes of N bags: ``states`` (N, I, H) and ``margins`` (N, I) of the instances at
    their early exits, and the margins at every look (L, N, I) as if none had stopped."""

    states: Tensor
    margins: Tensor
    looks: Tensor


class CascadeModule(nn.Module):
    """Both tiers; the lower one's two outputs are clutter and target."""

    def __init__(self, lower: Shape, upper: Shape, scan: Scan) -> None:
        super().__init__()
        self.scan = scan
        self.lower, self.upper = Tier(lower), Tier(upper)

    def scanned(self, bags: Tensor) -> Scanned:
        """Run the lower tier over all instances of normalised ``bags`` (N, T, D)."""
        cut = bags.unfold(1, self.scan.length, self.scan.stride).transpose(2, 3)
        shape = cut.shape[:2]
        states = self.lower.states(cut.reshape(-1, *cut.shape[2:]))
        chosen = torch.stack([states[end - 1] for end in self.scan.ends])
        logits = self.lower.classifier(chosen)
        looks = logits[..., 1] - logits[..., 0]
        stops = looks.detach().abs() >= self.scan.limit
        stops[-1] = True
        first, rows = stops.int().argmax(0), torch.arange(looks.shape[1])
        return Scanned(
            chosen[first, rows].view(*shape, -1), looks[first, rows].view(shape), looks.view(-1, *shape)
        )

    def judged(self, states: Tensor) -> Tensor:
        """The upper tier's scores (N, classes) of final states (N, I, H)."""
        scores: Tensor = self.upper.classifier(self.upper.states(states)[-1])
        return scores

    def arrays(self) -> dict[str, npt.NDArray[np.float32]]:
        """The weights by the names of a cascade's weights file; zeta and nu raw."""
        return {
            name + suffix: array
            for tier, suffix in ((self.lower, LOWER), (self.upper, UPPER))
            for name, array in tier.arrays().items()
        }


@dataclass(frozen=True)
class CascadeRecipe:
    """How to train; every figure was chosen on validation bags. ``alone``: epochs of the lower tier alone."""

    seed: int
    alone: int
    epochs: int
    batch: int
    rate: float
    lower_weight: float
    smoothing: float


SURE = 2.0  # the margin at which the lower tier's own answer outweighs a label

Vary = Callable[[Tensor, torch.Generator], Tensor]


def train_cascade(
    lower: Shape, upper: Shape, scan: Scan, recipe: CascadeRecipe,
    bags: Tensor, labels: Tensor, targets: Tensor, vary: Vary,
) -> CascadeModule:  # fmt: skip
    """Train on normalised ``bags`` (N, T, D) and their ``labels`` (N,), of which 0 is clutter.

    ``targets`` (N, I), float: instances that hold a target, the labels that the lower tier starts from.
    ``vary`` augments a batch.
    """
    generator = deterministic(recipe.seed)
    model = CascadeModule(lower, upper, scan)
    optimiser = torch.optim.Adam(model.parameters(), lr=recipe.rate)
    batches = len(labels) // recipe.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, total_steps=recipe.epochs * batches, pct_start=0.25
    )
    judge = nn.CrossEntropyLoss(label_smoothing=recipe.smoothing)
    for epoch in range(recipe.epochs):
        order = torch.randperm(len(labels), generator=generator)
        for chosen in torch.split(order, recipe.batch)[:batches]:
            found = model.scanned(vary(bags[chosen], generator))
            if epoch < recipe.alone:
                loss = look_loss(found.looks, targets[chosen])
            else:
                wanted = refined(targets[chosen], found.margins.detach(), scan.consecutive)
                below = recipe.lower_weight * look_loss(found.looks, wanted)
                loss = below + judge(model.judged(found.states), labels[chosen])
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    return model.eval()


def look_loss(looks: Tensor, wanted: Tensor) -> Tensor:
    """How wrong the margins (L, N, I) are at every look, the last weighing most: early answers matter too."""
    each = nn.functional.binary_cross_entropy_with_logits(looks, wanted.expand_as(looks), reduction="none")
    weights = torch.linspace(0.3, 1.0, len(looks))
    return (each.mean(dim=(1, 2)) * weights).mean()


def refined(targets: Tensor, margins: Tensor, consecutive: int, sure: float = SURE) -> Tensor:
    """The labels ``targets`` (N, I) of instances, less those that the ``margins`` (N, I) speak against.

    A walker does not move in every instance that shows it. The ``consecutive`` instances in a row with the
    largest sum of margins keep their labels, all others lose them where the margin is below -``sure``.
    """
    sums = margins.unfold(1, consecutive, 1).sum(2)
    first = sums.argmax(1, keepdim=True)
    places = torch.arange(margins.shape[1])
    best = (places >= first) & (places < first + consecutive)
    return targets * (best | (margins >= -sure))
