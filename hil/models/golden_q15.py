"""The q15 reference of FastGRNN and its classifier: what the C kernels must give, bit for bit.

Every tensor is an integer with a power-of-two scale: real = integer * 2**-f, with f from ``Q15Scales``.
Weights and activations are 16 bits wide, accumulators and biases 32. ``shift(v, s)`` is
(v + half) >> s with half = 2**s >> 1: rounds to nearest, halves upwards. ``sat16`` clips to int16; no other
operation may leave its range, which the exporter proves and every step here asserts. All accumulators
therefore are exact, and the order in which a kernel sums does not matter.

One time step, from x (f input) and h (f state):
    left  = sat16(shift(W1 x, w1 + input - left))              f left, or x where W is not factored
    right = sat16(shift(U1 h, u1 + state - right))             f right, or h where U is not factored
    sums  = [W2 | U2] [left; right]                            f sums, 32 bits
    z     = clip(shift(sums + b_g, sums - 13) + 2**13, 0, 2**14)     quantSigm, f 14; quantSigm4: sums - 12
    c     = clip(shift(sums + b_h, sums - 14), -2**14, 2**14)        quantTanh, f 14
    k     = ((zeta + nu) 2**14 - zeta z + 2**13) >> 14               zeta (1 - z) + nu, f 14
    h'    = sat16(shift(z h + shift(k c, 14 - state), 14))           f state
and after the last one
    logits = sat16(shift(FC h + b, classifier + state - outputs))    f outputs
The constants of z and c (rounding, offset) are folded into their biases beforehand. z has 14 fraction bits,
not 15, so that the 1.0 that a quantisable gate reaches is exact; zeta, nu and k have 14 too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int16 = npt.NDArray[np.int16]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

UNIT = 14  # fraction bits of z, c, zeta, nu and k
ONE = 1 << UNIT
LIMITS = {"quantSigm": (0, ONE), "quantSigm4": (0, ONE), "quantTanh": (-ONE, ONE)}


@dataclass(frozen=True)
class GateQ15:
    """One gate: clip((sums + bias) >> shift, low, high), rounding and offset being part of ``bias`` (H,)."""

    bias: Int32
    shift: int
    low: int
    high: int


@dataclass(frozen=True)
class FastGrnnQ15:
    """The integers that the C kernels work with; the module says what each step computes.

    ``w1`` (rank_w, D) or None, ``u1`` (rank_u, H) or None, ``mix`` (H, left + right); the shifts are those
    of the formulas above. ``classifier_bias`` has the rounding's half folded in.
    """

    features: int
    hidden: int
    w1: Int16 | None
    w1_shift: int
    u1: Int16 | None
    u1_shift: int
    mix: Int16
    gate: GateQ15
    update: GateQ15
    zeta: int
    nu: int
    state_shift: int
    classifier: Int16
    classifier_bias: Int32
    classifier_shift: int


def run(model: FastGrnnQ15, inputs: Sequence[Int16]) -> Int16:
    """Logits (N, outputs) int16 of quantised ``inputs``, N arrays (T, D) of any lengths."""
    logits = np.empty((len(inputs), len(model.classifier)), dtype=np.int16)
    lengths = np.array([len(vector) for vector in inputs])
    for length in np.unique(lengths):
        same = np.flatnonzero(lengths == length)
        state = last_state(model, np.stack([inputs[i] for i in same.tolist()]))
        sums = accumulate(model.classifier, state) + model.classifier_bias
        logits[same] = saturate(fits32(sums) >> model.classifier_shift)
    return logits


def last_state(model: FastGrnnQ15, batch: Int16) -> Int64:
    """The state (N, H), within int16, after all steps of ``batch`` (N, T, D)."""
    state = np.zeros((len(batch), model.hidden), dtype=np.int64)
    for step in range(batch.shape[1]):
        x = batch[:, step].astype(np.int64)
        left = x if model.w1 is None else saturate(shift(accumulate(model.w1, x), model.w1_shift))
        right = state if model.u1 is None else saturate(shift(accumulate(model.u1, state), model.u1_shift))
        sums = accumulate(model.mix, np.concatenate([left, right], axis=1))
        z, c = apply(model.gate, sums), apply(model.update, sums)
        k = fits32(((model.zeta + model.nu) << UNIT) + (ONE >> 1) - model.zeta * z) >> UNIT
        state = saturate(shift(fits32(z * state) + shift(k * c, model.state_shift), UNIT))
    return state


def apply(gate: GateQ15, sums: Int64) -> Int64:
    """One gate over ``sums`` (N, H)."""
    return np.asarray(np.clip(fits32(sums + gate.bias) >> gate.shift, gate.low, gate.high))


def accumulate(matrix: Int16, vectors: Int64) -> Int64:
    """``matrix`` (R, C) times each of ``vectors`` (N, C); asserts that no order of summing leaves 32 bits."""
    largest = np.abs(vectors) @ np.abs(matrix.astype(np.int64)).T
    fits32(largest)
    return np.asarray(vectors @ matrix.astype(np.int64).T)


def shift(values: Int64, bits: int) -> Int64:
    """Divide by 2**bits, rounding to nearest and halves upwards."""
    return np.asarray(fits32(values + ((1 << bits) >> 1)) >> bits)


def saturate(values: Int64) -> Int64:
    """Clip to int16."""
    return np.asarray(np.clip(values, -(1 << 15), (1 << 15) - 1))


def fits32(values: Int64) -> Int64:
    """``values``, every one of which an int32 can hold."""
    assert values.size == 0 or (values.min() >= -(1 << 31) and values.max() < 1 << 31), "32 bits overflow"
    return values
