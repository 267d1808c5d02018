"""Float weights -> q15: find the scales on training inputs, round, prove that nothing overflows.

Rules (``hil.models.golden_q15`` has the formulas):
- a weight is rint(w * 2**f); f is the largest at which all of a matrix fit 16 bits and no row's sum can leave
  32: (L1 of the row) * 2**15 + |bias| + rounding < 2**31, every activation being within int16;
- an activation's f leaves HEADROOM times the largest magnitude seen on the training inputs; beyond that it
  saturates;
- a state has at most 14 fraction bits, so that it may grow past 1 (sigma(zeta) + sigma(nu) may exceed it);
- inputs: the host normalises and quantises, so the image receives rint((x - mean) / std * 2**f), saturated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError, VectorError
from hil.models import golden_f32
from hil.models.golden_q15 import LIMITS, ONE, UNIT, FastGrnnQ15, GateQ15, Int16, Int64
from hil.models.spec import ModelSpec, Q15Scales
from hil.models.weights import FastGrnn

HEADROOM = 1.25
MOST_BITS = 24
ROUNDING_ROOM = 1 << 24  # half of the largest shift that well-scaled sums need; the proof takes the true one
LARGEST = (1 << 15) - 1
_GATE_SHIFT = {"quantSigm": 13, "quantSigm4": 12, "quantTanh": 14}  # sums at this many fraction bits are f 14
_GATE_OFFSET = {"quantSigm": ONE >> 1, "quantSigm4": ONE >> 1, "quantTanh": 0}

Floats = npt.NDArray[Any]


def quantise_input(spec: ModelSpec, model: FastGrnn, vector: Floats) -> Int16:
    """One raw input (T, D) as the q15 image takes it; VectorError when a value is not a number."""
    if spec.q15 is None:
        raise ModelError(f"model {spec.name} has no q15 form")
    return quantise_rows(model, spec.q15, vector)


def quantise_rows(model: FastGrnn, scales: Q15Scales, vector: Floats) -> Int16:
    """rint((x - mean) / std * 2**f) of (T, D), in float64, saturated to int16."""
    if np.isnan(vector).any():
        raise VectorError("an input is not a number", evidence=f"at {np.argwhere(np.isnan(vector))[0]}")
    mean, std = model.mean.astype(np.float64), model.std.astype(np.float64)
    normalised = (vector.astype(np.float64) - mean[: len(vector)]) / std[: len(vector)]
    return np.asarray(np.clip(np.rint(normalised * 2.0**scales.input), -LARGEST - 1, LARGEST), dtype=np.int16)


def calibrate(model: FastGrnn, inputs: Sequence[Floats]) -> Q15Scales:
    """Scales for ``model`` from raw training ``inputs``, N arrays (T, D)."""
    seen = _ranges(model, inputs)
    x, state = _fraction(seen["x"]), min(UNIT, _fraction(seen["state"]))
    w1 = u1 = 0
    left, right = x, state
    if model.w1 is not None:
        w1 = _weight_fraction(model.w1)
        left = min(_fraction(seen["left"]), w1 + x)
    if model.u1 is not None:
        u1 = _weight_fraction(model.u1)
        right = min(_fraction(seen["right"]), u1 + state)
    classifier = _weight_fraction(model.classifier, model.classifier_bias, state)
    return Q15Scales(
        input=x,
        w1=w1,
        u1=u1,
        left=left,
        right=right,
        sums=_sums_fraction(model, left, right),
        state=state,
        classifier=classifier,
        outputs=min(_fraction(seen["outputs"]), classifier + state),
    )


def quantise(spec: ModelSpec, model: FastGrnn) -> FastGrnnQ15:
    """The integers of a model at its recorded scales; ModelError when it has none or they would overflow."""
    if spec.q15 is None:
        raise ModelError(f"model {spec.name} has no q15 form")
    return quantise_at(model, spec.q15)


def quantise_at(model: FastGrnn, scales: Q15Scales) -> FastGrnnQ15:
    """The integers of ``model`` at ``scales``; ModelError when some sum could overflow."""
    network = model.network
    gate = _gate(network.gate, model.bias_gate, scales.sums)
    update = _gate(network.update, model.bias_update, scales.sums)
    largest_bias = np.maximum(np.abs(gate.bias.astype(np.int64)), np.abs(update.bias.astype(np.int64)))
    mix = _prove("mix", _mix(model, scales.sums, scales.left, scales.right), largest_bias)
    shifts = {
        "w1": scales.w1 + scales.input - scales.left if model.w1 is not None else 0,
        "u1": scales.u1 + scales.state - scales.right if model.u1 is not None else 0,
        "gate": gate.shift,
        "update": update.shift,
        "state": UNIT - scales.state,
        "classifier": scales.classifier + scales.state - scales.outputs,
    }
    for name, bits in shifts.items():
        if not 0 <= bits <= 30:
            raise ModelError(f"q15 scales of {name} do not fit together", evidence=f"a shift by {bits}")
    factors: dict[str, Int16 | None] = {"w1": None, "u1": None}
    for name, values, fraction in (("w1", model.w1, scales.w1), ("u1", model.u1, scales.u1)):
        if values is not None:
            factors[name] = _prove(name, _integers(values, fraction), np.int64((1 << shifts[name]) >> 1))
    half = (1 << shifts["classifier"]) >> 1
    bias = np.rint(model.classifier_bias.astype(np.float64) * 2.0 ** (scales.classifier + scales.state))
    bias = bias.astype(np.int64) + half
    classifier = _prove("classifier", _integers(model.classifier, scales.classifier), np.abs(bias))
    return FastGrnnQ15(
        features=network.features,
        hidden=network.hidden,
        w1=factors["w1"],
        w1_shift=shifts["w1"],
        u1=factors["u1"],
        u1_shift=shifts["u1"],
        mix=mix,
        gate=gate,
        update=update,
        zeta=round(model.zeta * ONE),
        nu=round(model.nu * ONE),
        state_shift=shifts["state"],
        classifier=classifier,
        classifier_bias=bias.astype(np.int32),
        classifier_shift=shifts["classifier"],
    )


def _ranges(model: FastGrnn, inputs: Sequence[Floats]) -> dict[str, float]:
    """The largest magnitude of each activation over all steps of the training inputs, in float64."""
    seen = dict.fromkeys(("x", "left", "right", "state", "outputs"), 0.0)

    def see(name: str, values: Floats) -> None:
        seen[name] = max(seen[name], float(np.abs(values).max(initial=0.0)))

    lengths = np.array([len(vector) for vector in inputs])
    for length in np.unique(lengths):
        batch = np.stack([inputs[i] for i in np.flatnonzero(lengths == length).tolist()]).astype(np.float64)
        for x, operands, state in golden_f32.steps(model, batch):
            see("x", x)
            see("left", operands[:, : model.network.left])
            see("right", operands[:, model.network.left :])
            see("state", state)
        see("outputs", golden_f32.matvec(model.classifier, state) + model.classifier_bias)
    return seen


def _fraction(largest: float) -> int:
    """Most fraction bits at which ``largest`` times HEADROOM fits int16, at most 15."""
    if not math.isfinite(largest):
        raise ModelError("an activation is not finite on the training inputs")
    return 15 if largest == 0.0 else min(15, math.floor(math.log2(LARGEST / (largest * HEADROOM))))


def _weight_fraction(matrix: Floats, bias: Floats | None = None, operand: int = 0) -> int:
    """Most fraction bits for ``matrix``; a ``bias`` is at ``operand`` more of them."""
    for fraction in range(MOST_BITS, -MOST_BITS, -1):
        integers = np.abs(np.rint(matrix.astype(np.float64) * 2.0**fraction))
        bound = integers.sum(axis=1) * 2.0**15 + ROUNDING_ROOM
        if bias is not None:
            bound += np.abs(bias.astype(np.float64)) * 2.0 ** (fraction + operand)
        if integers.max() <= LARGEST and bound.max() < 2.0**31:
            return fraction
    raise ModelError("weights are too large for q15", evidence=f"largest {np.abs(matrix).max()}")


def _sums_fraction(model: FastGrnn, left: int, right: int) -> int:
    """Most fraction bits of the common accumulator at which [W2 | U2] fits and no sum overflows."""
    network = model.network
    least = max(_GATE_SHIFT[_fixed(network.gate)], _GATE_SHIFT[_fixed(network.update)])
    for fraction in range(30, least - 1, -1):
        mix = _mix(model, fraction, left, right)
        biases = [
            np.abs(_gate_bias(name, bias, fraction))
            for name, bias in ((network.gate, model.bias_gate), (network.update, model.bias_update))
        ]
        bound = np.abs(mix).sum(axis=1) * (1 << 15) + np.maximum(*biases)
        if np.abs(mix).max() <= LARGEST and bound.max() < 1 << 31:
            return fraction
    raise ModelError("the sums of W and U are too large for q15")


def _mix(model: FastGrnn, sums: int, left: int, right: int) -> Int64:
    """[W2 | U2] as integers, not yet checked to fit: both products end at ``sums`` fraction bits."""
    w2 = np.rint(model.w2.astype(np.float64) * 2.0 ** (sums - left))
    u2 = np.rint(model.u2.astype(np.float64) * 2.0 ** (sums - right))
    return np.asarray(np.concatenate([w2, u2], axis=1), dtype=np.int64)


def _fixed(gate: str) -> str:
    if gate not in LIMITS:
        raise ModelError(f"gate {gate} has no q15 form", remedy=f"choose from: {', '.join(LIMITS)}")
    return gate


def _gate_bias(name: str, bias: Floats, sums: int) -> Int64:
    """The bias at ``sums`` fraction bits with the gate's offset and rounding folded in."""
    bits = sums - _GATE_SHIFT[name]
    folded = np.rint(bias.astype(np.float64) * 2.0**sums).astype(np.int64)
    return np.asarray(folded + (_GATE_OFFSET[name] << bits) + ((1 << bits) >> 1))


def _gate(name: str, bias: Floats, sums: int) -> GateQ15:
    low, high = LIMITS[_fixed(name)]
    bits = sums - _GATE_SHIFT[name]
    if bits < 0:
        raise ModelError(f"q15 scales leave gate {name} too few bits", evidence=f"sums {sums}")
    folded = _gate_bias(name, bias, sums)
    if np.abs(folded).max() >= 1 << 31:
        raise ModelError(f"q15 bias of gate {name} overflows", evidence=f"at {sums} fraction bits")
    return GateQ15(folded.astype(np.int32), bits, low, high)


def _integers(matrix: Floats, fraction: int) -> Int64:
    return np.asarray(np.rint(matrix.astype(np.float64) * 2.0**fraction), dtype=np.int64)


def _prove(name: str, matrix: Int64, offset: Int64 | np.int64) -> Int16:
    """``matrix`` as int16, after proof that no row's sum with ``offset`` (>= 0) leaves 32 bits."""
    bound = np.abs(matrix).sum(axis=1) * (1 << 15) + offset
    if np.abs(matrix).max() > LARGEST or bound.max() >= 1 << 31:
        raise ModelError(
            f"q15 sums of {name} could overflow",
            evidence=f"row {int(bound.argmax())} could reach {int(bound.max())}",
            remedy="calibrate the scales again",
        )
    return matrix.astype(np.int16)
