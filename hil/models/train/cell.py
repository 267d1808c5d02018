"""FastGRNN and FastRNN with a classifier in PyTorch, for training only; the numpy golden is the reference.

Kusupati et al., FastGRNN, NeurIPS 2018, with p = Wx + Uh, and W and U factored when a rank is given:
    FastGRNN: z = g(p + b_g), c = u(p + b_h), h' = z . h + (sigma(zeta) (1 - z) + sigma(nu)) . c
    FastRNN:  c = u(p + b_h), h' = sigma(beta) h + sigma(alpha) c
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


class RnnClassifier(nn.Module):
    """The last state of a recurrent cell, through one dense layer; a child says what one step does.

    ``views`` holds, by array name (W or W1, W2; U or U1, U2; FC), modules through which a matrix is seen:
    a threshold, a rounding. They are applied once per pass; a matrix without one is seen as it is.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.views = nn.ModuleDict()
        self.w = _factors(shape.hidden, shape.features, shape.rank_w)
        self.u = _factors(shape.hidden, shape.hidden, shape.rank_u)
        self._cell(shape.hidden)
        self.classifier = nn.Linear(shape.hidden, shape.outputs)

    def _cell(self, hidden: int) -> None:
        """Make the parameters that a step needs beside W and U."""
        raise NotImplementedError

    def _scalars(self) -> tuple[Tensor, Tensor]:
        """The two trained scalars, through the logistic function."""
        raise NotImplementedError

    def _step(self, sums: Tensor, state: Tensor, scalars: tuple[Tensor, Tensor]) -> Tensor:
        """The next state (N, H) from p = Wx + Uh and the state."""
        raise NotImplementedError

    def _cell_arrays(self) -> dict[str, Tensor]:
        """The parameters of ``_cell`` by their names in the model folder."""
        raise NotImplementedError

    def matrices(self) -> dict[str, Tensor]:
        """The matrices that are trained, by array name and not seen through their views."""
        named: dict[str, Tensor] = {}
        for letter, factors in (("W", self.w), ("U", self.u)):
            names = [letter] if len(factors) == 1 else [letter + "1", letter + "2"]
            named.update(zip(names, factors, strict=True))
        named["FC"] = self.classifier.weight
        return named

    def seen(self) -> dict[str, Tensor]:
        """The matrices as the network uses them, through their views."""
        return {
            name: self.views[name](matrix) if name in self.views else matrix
            for name, matrix in self.matrices().items()
        }

    def forward(self, inputs: Tensor, steps: Tensor, keep: Tensor | None = None) -> Tensor:
        """Logits (N, outputs) of normalised ``inputs`` (N, T, D), each (T) long as ``steps`` (N,) says.

        ``keep`` (N, H) multiplies the last state, for dropout.
        """
        seen = self.seen()
        w, u = ([seen[name] for name in seen if name.startswith(letter)] for letter in "WU")
        state = inputs.new_zeros(inputs.shape[0], self.shape.hidden)
        projected, scalars = _apply(w, inputs), self._scalars()
        for step in range(inputs.shape[1]):
            following = self._step(projected[:, step] + _apply(u, state), state, scalars)
            state = torch.where((step < steps)[:, None], following, state)
        if keep is not None:
            state = state * keep
        return nn.functional.linear(state, seen["FC"], self.classifier.bias)

    def arrays(self) -> dict[str, npt.NDArray[np.float32]]:
        """The weights, as seen, by the names and in the row layout of the model folder; scalars raw."""
        seen = self.seen()
        classifier = {"FC": seen.pop("FC"), "FCbias": self.classifier.bias}
        named = {**seen, **self._cell_arrays(), **classifier}
        return {name: tensor.detach().numpy().astype(np.float32) for name, tensor in named.items()}


class FastGrnnClassifier(RnnClassifier):
    """FastGRNN; gates are the quantisable pair."""

    def _cell(self, hidden: int) -> None:
        self.bias_gate = nn.Parameter(torch.ones(hidden))
        self.bias_update = nn.Parameter(torch.zeros(hidden))
        self.zeta = nn.Parameter(torch.tensor(1.0))
        self.nu = nn.Parameter(torch.tensor(-4.0))

    def _scalars(self) -> tuple[Tensor, Tensor]:
        return torch.sigmoid(self.zeta), torch.sigmoid(self.nu)

    def _step(self, sums: Tensor, state: Tensor, scalars: tuple[Tensor, Tensor]) -> Tensor:
        zeta, nu = scalars
        gate = quant_sigm(sums + self.bias_gate)
        update = quant_tanh(sums + self.bias_update)
        return gate * state + (zeta * (1.0 - gate) + nu) * update

    def _cell_arrays(self) -> dict[str, Tensor]:
        return {"Bg": self.bias_gate, "Bh": self.bias_update, "zeta": self.zeta, "nu": self.nu}


class FastRnnClassifier(RnnClassifier):
    """FastRNN; the update is quantTanh."""

    def _cell(self, hidden: int) -> None:
        self.bias_update = nn.Parameter(torch.zeros(hidden))
        self.alpha = nn.Parameter(torch.tensor(-3.0))
        self.beta = nn.Parameter(torch.tensor(3.0))

    def _scalars(self) -> tuple[Tensor, Tensor]:
        return torch.sigmoid(self.alpha), torch.sigmoid(self.beta)

    def _step(self, sums: Tensor, state: Tensor, scalars: tuple[Tensor, Tensor]) -> Tensor:
        alpha, beta = scalars
        return beta * state + alpha * quant_tanh(sums + self.bias_update)

    def _cell_arrays(self) -> dict[str, Tensor]:
        return {"Bh": self.bias_update, "alpha": self.alpha, "beta": self.beta}


def _factors(rows: int, columns: int, rank: int) -> nn.ParameterList:
    """The matrix rows × columns, or its two factors [rank × columns, rows × rank], drawn at random."""
    if rank == 0:
        return nn.ParameterList([nn.Parameter(torch.randn(rows, columns) * (0.7 / columns**0.5))])
    first = torch.randn(rank, columns) * (1.0 / columns**0.5)
    second = torch.randn(rows, rank) * (0.7 / rank**0.5)
    return nn.ParameterList([nn.Parameter(first), nn.Parameter(second)])


def _apply(factors: list[Tensor], vectors: Tensor) -> Tensor:
    for factor in factors:
        vectors = vectors @ factor.T
    return vectors
