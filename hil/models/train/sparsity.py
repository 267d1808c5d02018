"""Sparse and 8-bit weights by training: iterative hard thresholding, STR, and rounding in the forward pass.

A ``Pruning`` or a ``SoftThresholding`` is given to ``hil.models.train.loop.train`` as its ``shaping``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hil.errors import ModelError
from hil.models.train.cell import RnnClassifier

NEVER = 2.0  # a share of the training that does not come


def support(weights: Tensor, count: int) -> Tensor:
    """True for the ``count`` entries of largest magnitude; of equal ones the first in row order stay."""
    order = torch.argsort(weights.detach().abs().flatten(), descending=True, stable=True)
    kept = torch.zeros(weights.numel(), dtype=torch.bool)
    kept[order[:count]] = True
    return kept.reshape(weights.shape)


def kept_share(target: float, progress: float, start: float, fixed: float) -> float:
    """The share of entries that stays at ``progress``: 1 until ``start``, ``target`` from ``fixed`` on.

    Cubic in between, steep at first (Zhu and Gupta, To prune, or not to prune, 2017).
    """
    if progress < start:
        return 1.0
    if progress >= fixed:
        return target
    left = 1.0 - (progress - start) / (fixed - start)
    return target + (1.0 - target) * left**3


class SoftThreshold(nn.Module):
    """S(W, s) = sign(W) relu(|W| - sigma(s)) with a threshold that is learned with the weights.

    Kusupati et al., Soft Threshold Weight Reparameterization for Learnable Sparsity, ICML 2020.
    """

    def __init__(self, initial: float) -> None:
        super().__init__()
        self.s = nn.Parameter(torch.tensor(initial))

    def forward(self, weights: Tensor) -> Tensor:
        return torch.sign(weights) * torch.relu(weights.abs() - torch.sigmoid(self.s))


class Rounded(nn.Module):
    """Weights as a full-range int8 matrix holds them; the gradient passes as if they were not rounded."""

    def forward(self, weights: Tensor) -> Tensor:
        scale = weights.detach().abs().max().clamp(min=torch.finfo(weights.dtype).tiny) / 127.0
        return weights + (torch.round(weights / scale) * scale - weights).detach()


@dataclass(frozen=True)
class Pruning:
    """Iterative hard thresholding: dense, then ever sparser, then retrained on a fixed support.

    ``keep`` is the share of entries that stays, by array name; what is not named stays dense. Times are
    shares of the training: thresholds rise from ``start``, the support is fixed from ``fixed`` on, all
    matrices are seen rounded to 8 bits from ``rounded`` on. Until ``fixed`` an entry may come back.
    """

    keep: Mapping[str, float]
    start: float = 0.3
    fixed: float = 0.65
    rounded: float = NEVER

    def __call__(self, model: RnnClassifier) -> Callable[[float], None]:
        """Follow the training of ``model``; ModelError when a matrix of ``keep`` is not there."""
        _check_names(self.keep, model)
        masks: dict[str, Tensor] = {}

        def follow(progress: float) -> None:
            with torch.no_grad():
                for name, target in self.keep.items():
                    weights = model.matrices()[name]
                    if name not in masks or progress < self.fixed:
                        share = kept_share(target, progress, self.start, self.fixed)
                        masks[name] = support(weights, round(share * weights.numel()))
                    weights.mul_(masks[name])
            if progress >= self.rounded and not model.views:
                model.views.update({name: Rounded() for name in model.matrices()})

        return follow


@dataclass(frozen=True)
class SoftThresholding:
    """STR: every matrix of ``initial`` is seen through a ``SoftThreshold`` that starts at sigma(``initial``).

    How sparse it becomes follows from the recipe's weight decay, which draws s towards 0 and so the threshold
    towards 0.5, against the loss. ``rounded``: as in ``Pruning``.
    """

    initial: Mapping[str, float]
    rounded: float = NEVER

    def __call__(self, model: RnnClassifier) -> Callable[[float], None]:
        """Give ``model`` its thresholds; ModelError when a matrix of ``initial`` is not there."""
        _check_names(self.initial, model)
        model.views.update({name: SoftThreshold(start) for name, start in self.initial.items()})
        rounding = False

        def follow(progress: float) -> None:
            nonlocal rounding
            if progress >= self.rounded and not rounding:
                rounding = True
                for name in model.matrices():
                    before = [model.views[name]] if name in model.views else []
                    model.views[name] = nn.Sequential(*before, Rounded())

        return follow


def _check_names(named: Mapping[str, float], model: RnnClassifier) -> None:
    there = model.matrices()
    missing = [name for name in named if name not in there]
    if missing:
        raise ModelError(
            f"no matrix {missing[0]} to make sparse", evidence=f"the model has {', '.join(there)}"
        )
