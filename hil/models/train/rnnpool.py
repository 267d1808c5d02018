"""RNNPool in PyTorch, for training only; the numpy golden is the reference.

Saha et al., RNNPool: Efficient Non-linear Pooling for RAM Constrained Inference, NeurIPS 2020. Both cells are
FastGRNNs with quantSigm and quantTanh and with zeta 1 and nu 0: h' = z h + (1 - z) c.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

Arrays = dict[str, npt.NDArray[np.float32]]


class Scan(torch.autograd.Function):
    """The last state (N, H) of the cell over W x (T, N, H), U (H, H) and two biases (H,), from h = 0.

    The gradient is written out because both gates are straight lines between their ends: half the time of
    what autograd records.
    """

    @staticmethod
    def forward(ctx: Any, projected: Tensor, u: Tensor, bias_gate: Tensor, bias_update: Tensor) -> Tensor:
        """Run, and keep what the gradient needs: state, gate and update of each step."""
        state = torch.zeros_like(projected[0])
        offset = 0.5 * bias_gate + 0.5
        kept: list[Tensor] = []
        for inputs in projected:
            sums = torch.addmm(inputs, state, u.T)
            gate = torch.add(offset, sums, alpha=0.5).clamp_(0.0, 1.0)
            update = torch.add(sums, bias_update).clamp_(-1.0, 1.0)
            kept += [state, gate, update]
            state = torch.lerp(update, state, gate)
        ctx.save_for_backward(u, *kept)
        return state

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Gradients of the four arguments."""
        (slope,) = slopes
        u, *kept = ctx.saved_tensors
        steps = len(kept) // 3
        by_input = slope.new_empty((steps, *slope.shape))
        by_u = torch.zeros_like(u)
        by_gate, by_update = torch.zeros_like(u[0]), torch.zeros_like(u[0])
        for step in reversed(range(steps)):
            state, gate, update = kept[3 * step : 3 * step + 3]
            inside = (gate > 0.0) & (gate < 1.0)
            gate_slope = (state - update).mul_(slope).mul_(inside).mul_(0.5)
            inside = (update > -1.0) & (update < 1.0)
            update_slope = torch.addcmul(slope, slope, gate, value=-1.0).mul_(inside)
            sums_slope = torch.add(gate_slope, update_slope, out=by_input[step])
            by_gate += gate_slope.sum(0)
            by_update += update_slope.sum(0)
            by_u.addmm_(sums_slope.T, state)
            slope = torch.addmm(slope * gate, sums_slope, u)
        return by_input, by_u, by_gate, by_update


class Cell(nn.Module):
    """One of the two recurrent cells; W is applied by the caller, once per pixel or state."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(hidden, features) * (0.7 / features**0.5))
        self.u = nn.Parameter(torch.randn(hidden, hidden) * (0.7 / hidden**0.5))
        self.bias_gate = nn.Parameter(torch.full((hidden,), 0.5))  # remembers: z starts at 0.75
        self.bias_update = nn.Parameter(torch.zeros(hidden))

    def forward(self, projected: Tensor) -> Tensor:
        """Last states (N, H) of W x, (T, N, H)."""
        run: Callable[..., Tensor] = Scan.apply
        return run(projected, self.u, self.bias_gate, self.bias_update)

    def arrays(self, suffix: str) -> Arrays:
        """The weights in the row layout, names ending in ``suffix``; zeta and nu are squashed."""
        named = {"W": self.w, "U": self.u, "Bg": self.bias_gate, "Bh": self.bias_update}
        found = {name + suffix: tensor.detach().numpy().copy() for name, tensor in named.items()}
        return found | {"zeta" + suffix: np.array(1.0, np.float32), "nu" + suffix: np.array(0.0, np.float32)}


class RnnPool(nn.Module):
    """RNNPool without padding; a row or column of pixels that two patches share is summed once."""

    def __init__(self, features: int, hidden: tuple[int, int], patch: int, stride: int) -> None:
        super().__init__()
        self.patch, self.stride = patch, stride
        self.first = Cell(features, hidden[0])
        self.second = Cell(hidden[0], hidden[1])

    def forward(self, maps: Tensor) -> Tensor:
        """(N, C, height, width) -> (N, 4 H, patches down, patches across).

        Channels: row forward, row backward, column forward, column backward.
        """
        count, _, height, width = maps.shape
        projected = maps.permute(0, 2, 3, 1) @ self.first.w.T
        along = self._cut(projected, 2)  # (T, N, height, patches across, H)
        down = self._cut(projected, 1)  # (T, N, patches down, width, H)
        states = self.first(torch.cat([along.flatten(1, 3), down.flatten(1, 3)], 1)) @ self.second.w.T
        parts = states.split([along[0, ..., 0].numel(), down[0, ..., 0].numel()])
        rows = self._cut(parts[0].view(count, height, along.shape[3], -1), 1)
        columns = self._cut(parts[1].view(count, down.shape[2], width, -1), 2)
        runs = torch.stack([rows, rows.flip(0), columns, columns.flip(0)], 1)
        pooled = self.second(runs.flatten(1, 4)).view(4, count, rows.shape[2], rows.shape[3], -1)
        return pooled.permute(1, 0, 4, 2, 3).flatten(1, 2)

    def _cut(self, maps: Tensor, axis: int) -> Tensor:
        """(N, height, width, H) -> (patch, N, height, width, H) with ``axis`` counting patches."""
        return maps.unfold(axis, self.patch, self.stride).permute(4, 0, 1, 2, 3)
