"""Float cascades -> fixed point: scales from raw calibration bags, integers.

The image receives counts and normalises them itself: with ``gain`` units of its input per count that is
exact, so the input's scale is 1 / (divisor gain). The lower tier's state and the upper tier's input have one
scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError
from hil.models.architecture import by_length
from hil.models.cascade import golden_float
from hil.models.cascade.golden_fixed import FixedCascade
from hil.models.cascade.network import CLUTTER_SCORE, Cascade
from hil.models.cascade.scan import ends
from hil.models.cell import quantise as cell_quantise
from hil.models.cell.quantise import CellScales
from hil.models.fixed import LARGEST, FixedMatrix, activation_scale, fixed_matrix, weight_scale
from hil.values import Precision

Floats = npt.NDArray[Any]


@dataclass(frozen=True)
class CascadeScales:
    """``gain``: units of the lower tier's input per count; scales of cells, margin and outputs."""

    gain: int
    lower: CellScales
    margin: float
    upper: CellScales
    outputs: float


def calibrate(model: Cascade, precision: Precision, inputs: Sequence[Floats]) -> CascadeScales:
    """Scales for ``model`` from raw bags, N arrays (T, D) of counts; ModelError when none of them fires."""
    network = model.network
    counts, states = [], []
    for same in by_length(inputs):
        bags = np.stack([inputs[i] for i in same])
        counts.append(golden_float.normalise(model, bags, np.float64))
        found = golden_float.lower(model, [inputs[i] for i in same], np.float64, precision)
        fired = ends(found.margins, network.scan.consecutive).fired
        states += [found.states[fired]] if fired.any() else []
    if not states:
        raise ModelError("no calibration input makes the cascade's lower tier fire")
    largest = max(float(np.abs(batch).max()) for batch in counts) * network.divisor
    gain = max(1, int(LARGEST / max(largest, 1.0)))
    cut = [
        batch[:, start : start + network.scan.length] for batch in counts for start in _starts(model, batch)
    ]
    lower = cell_quantise.calibrate(
        model.lower,
        cell_quantise.ranges(model.lower, cut, precision),
        precision,
        1.0 / (network.divisor * gain),
    )
    upper = cell_quantise.calibrate(
        model.upper, cell_quantise.ranges(model.upper, states, precision), precision, lower.state
    )
    scores = np.concatenate([golden_float.upper(model, batch, precision) for batch in states])
    reached = max(float(np.abs(scores).max()), CLUTTER_SCORE)
    return CascadeScales(
        gain=gain,
        lower=lower,
        margin=activation_scale(
            network.scan.limit, _least(model.margin, model.margin_bias, lower.state, precision)
        ),
        upper=upper,
        outputs=activation_scale(
            reached, _least(model.classifier, model.classifier_bias, upper.state, precision)
        ),
    )


def _starts(model: Cascade, batch: Floats) -> list[int]:
    scan = model.network.scan
    return [number * scan.stride for number in range(scan.instances(batch.shape[1]))]


def _least(matrix: Floats, bias: Floats, operand: float, precision: Precision) -> float:
    """The finest scale of a matrix's results: the ratio of its sums to them stays below a half."""
    return 4.0 * weight_scale(matrix, precision, bias, operand) * operand


def quantise(model: Cascade, scales: CascadeScales, precision: Precision) -> FixedCascade:
    """The integers of ``model`` at ``scales``; ModelError when some sum could overflow."""
    network = model.network
    limit = round(network.scan.limit / scales.margin)
    if not 0 < limit <= LARGEST:
        raise ModelError("the margin's scale does not reach its limit", evidence=f"limit {limit}")
    if scales.upper.input != scales.lower.state:
        raise ModelError(
            "a cascade's tiers differ in the scale of the states between them",
            evidence=f"{scales.lower.state} and {scales.upper.input}",
        )
    clutter = np.zeros(network.classes, dtype=np.int16)
    clutter[0] = min(round(CLUTTER_SCORE / scales.outputs), LARGEST)
    return FixedCascade(
        scan=network.scan,
        middle=network.middle,
        gain=scales.gain,
        limit=limit,
        lower=cell_quantise.quantise(model.lower, scales.lower, precision),
        margin=_matrix(
            "the margin", model.margin, model.margin_bias, scales.lower.state, scales.margin, precision
        ),
        upper=cell_quantise.quantise(model.upper, scales.upper, precision),
        classifier=_matrix(
            "the classifier",
            model.classifier,
            model.classifier_bias,
            scales.upper.state,
            scales.outputs,
            precision,
        ),
        clutter=clutter,
    )


def _matrix(
    name: str, matrix: Floats, bias: Floats, operand: float, result: float, precision: Precision
) -> FixedMatrix:
    scale = weight_scale(matrix, precision, bias, operand)
    sums = scale * operand
    return fixed_matrix(name, precision, matrix, scale, sums / result, bias=bias, sum_scale=sums)
