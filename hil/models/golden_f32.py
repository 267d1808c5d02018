"""The float reference of FastGRNN and its classifier, in float32 as the firmware counts or in float64.

Kusupati et al., FastGRNN, NeurIPS 2018:
    x  = (input - mean) scale,  scale = 1 / std
    p  = W2 (W1 x) + U2 (U1 h)
    z  = g(p + b_g),  c = u(p + b_h)
    h' = z . h + (zeta (1 - z) + nu) . c
    logits = FC h_T + b
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.gates import GATES
from hil.models.weights import FastGrnn

Floats = npt.NDArray[Any]  # of the type that is asked for


def run(
    model: FastGrnn, inputs: Sequence[Floats], dtype: type[np.float32] | type[np.float64] = np.float32
) -> Floats:
    """Logits (N, outputs) of raw ``inputs``, N arrays (T, D) of any lengths, computed in ``dtype``.

    Products are summed from column 0 upwards, as the plain C kernel does: BLAS has an order per machine.
    A float32 result lies within 1e-4 of the float64 one, relative to the vector's largest logit.
    """
    logits = np.empty((len(inputs), model.network.outputs), dtype=dtype)
    lengths = np.array([len(vector) for vector in inputs])
    for length in np.unique(lengths):
        same = np.flatnonzero(lengths == length)
        batch = np.stack([np.asarray(inputs[i], dtype=dtype) for i in same.tolist()])
        state = last_state(model, batch)
        logits[same] = matvec(model.classifier, state) + model.classifier_bias.astype(dtype)
    return logits


def last_state(model: FastGrnn, batch: Floats) -> Floats:
    """The state (N, H) after all steps of raw ``batch`` (N, T, D), in the type of ``batch``."""
    state = np.zeros((len(batch), model.network.hidden), dtype=batch.dtype)
    for _, _, after in steps(model, batch):
        state = after
    return state


def steps(model: FastGrnn, batch: Floats) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Per time step of raw ``batch`` (N, T, D): normalised x (N, D), operands of the mix, state after it."""
    dtype = batch.dtype.type
    gate, update = GATES[model.network.gate], GATES[model.network.update]
    x = (batch - model.mean.astype(dtype)[: batch.shape[1]]) * model.scale.astype(dtype)[: batch.shape[1]]
    zeta, nu = dtype(model.zeta), dtype(model.nu)
    state = np.zeros((len(batch), model.network.hidden), dtype=dtype)
    for step in range(batch.shape[1]):
        mixed = operands(model, x[:, step], state)
        sums = matvec(model.mix, mixed)
        z = gate(sums + model.bias_gate.astype(dtype))
        c = update(sums + model.bias_update.astype(dtype))
        state = z * state + (zeta * (dtype(1.0) - z) + nu) * c
        yield x[:, step], mixed, state


def operands(model: FastGrnn, x: Floats, state: Floats) -> Floats:
    """[W1 x, U1 h] (N, left + right), or x or h themselves where their matrix is not factored."""
    left = x if model.w1 is None else matvec(model.w1, x)
    right = state if model.u1 is None else matvec(model.u1, state)
    return np.concatenate([left, right], axis=1)


def matvec(matrix: Floats, vectors: Floats) -> Floats:
    """``matrix`` (R, C) times each of ``vectors`` (N, C), in their type, summed column by column."""
    total = np.zeros((len(vectors), len(matrix)), dtype=vectors.dtype)
    for column in range(matrix.shape[1]):
        total += matrix[:, column].astype(vectors.dtype) * vectors[:, column, None]
    return total
