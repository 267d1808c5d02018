"""FastGRNN and its classifier in PyTorch, for training only; the numpy golden is the reference.

Kusupati et al., FastGRNN, NeurIPS 2018: z = g(Wx + Uh + b_g), c = u(Wx + Uh + b_h),
h' = z . h + (sigma(zeta) (1 - z) + sigma(nu)) . c, with W and U factored when a rank is given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn


def quant_sigm(x: Tensor) -> Tensor:
    """clip((x + 1) / 2, 0, 1)"""
    return torch.clamp((x + 1.0) * 0.5, 0.0, 1.0)


def quant_tanh(x: Tensor) -> Tensor:
    """clip(x, -1, 1)"""
    return torch.clamp(x, -1.0, 1.0)


@dataclass(frozen=True)
class Shape:
    """Sizes of a network; a rank of 0 leaves that matrix whole."""

    features: int
    hidden: int
    outputs: int
    rank_w: int = 0
    rank_u: int = 0


class FastGrnnClassifier(nn.Module):
    """The last state of a FastGRNN, through one dense layer; gates are the quantisable pair."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        hidden = shape.hidden
        self.w = _factors(hidden, shape.features, shape.rank_w)
        self.u = _factors(hidden, hidden, shape.rank_u)
        self.bias_gate = nn.Parameter(torch.ones(hidden))
        self.bias_update = nn.Parameter(torch.zeros(hidden))
        self.zeta = nn.Parameter(torch.tensor(1.0))
        self.nu = nn.Parameter(torch.tensor(-4.0))
        self.classifier = nn.Linear(hidden, shape.outputs)

    def forward(self, inputs: Tensor, steps: Tensor, keep: Tensor | None = None) -> Tensor:
        """Logits (N, outputs) of normalised ``inputs`` (N, T, D), each (T) long as ``steps`` (N,) says.

        ``keep`` (N, H) multiplies the last state, for dropout.
        """
        state = inputs.new_zeros(inputs.shape[0], self.shape.hidden)
        projected = _apply(self.w, inputs)
        zeta, nu = torch.sigmoid(self.zeta), torch.sigmoid(self.nu)
        for step in range(inputs.shape[1]):
            sums = projected[:, step] + _apply(self.u, state)
            gate = quant_sigm(sums + self.bias_gate)
            update = quant_tanh(sums + self.bias_update)
            following = gate * state + (zeta * (1.0 - gate) + nu) * update
            state = torch.where((step < steps)[:, None], following, state)
        if keep is not None:
            state = state * keep
        logits: Tensor = self.classifier(state)
        return logits

    def arrays(self) -> dict[str, npt.NDArray[np.float32]]:
        """The weights by the names and in the row layout of the model folder; zeta and nu raw."""
        named: dict[str, Tensor] = {}
        for letter, factors in (("W", self.w), ("U", self.u)):
            names = [letter] if len(factors) == 1 else [letter + "1", letter + "2"]
            named.update(zip(names, factors, strict=True))
        named.update(Bg=self.bias_gate, Bh=self.bias_update, zeta=self.zeta, nu=self.nu)
        named.update(FC=self.classifier.weight, FCbias=self.classifier.bias)
        return {name: tensor.detach().numpy().astype(np.float32) for name, tensor in named.items()}


def _factors(rows: int, columns: int, rank: int) -> nn.ParameterList:
    """The matrix rows × columns, or its two factors [rank × columns, rows × rank], drawn at random."""
    if rank == 0:
        return nn.ParameterList([nn.Parameter(torch.randn(rows, columns) * (0.7 / columns**0.5))])
    first = torch.randn(rank, columns) * (1.0 / columns**0.5)
    second = torch.randn(rows, rank) * (0.7 / rank**0.5)
    return nn.ParameterList([nn.Parameter(first), nn.Parameter(second)])


def _apply(factors: nn.ParameterList, vectors: Tensor) -> Tensor:
    for factor in factors:
        vectors = vectors @ factor.T
    return vectors
