"""Float recurrent models -> fixed point: scales from raw calibration inputs, integers, wire inputs.

The host normalises and quantises inputs, so an image receives rint((x - mean) / std / scale), saturated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import VectorError
from hil.models.architecture import by_length
from hil.models.cell import quantise as cell_quantise
from hil.models.cell.golden_fixed import FixedCell
from hil.models.cell.quantise import CellScales
from hil.models.fixed import (
    LARGEST,
    MOST_RATIO,
    FixedMatrix,
    Int16,
    activation_scale,
    fixed_matrix,
    weight_scale,
)
from hil.models.rnn import golden_float
from hil.models.rnn.network import Rnn
from hil.values import Precision

Floats = npt.NDArray[Any]


@dataclass(frozen=True)
class RnnScales:
    """The cell's scales, and that of the outputs (the state's where there is no classifier)."""

    cell: CellScales
    outputs: float


@dataclass(frozen=True)
class FixedRnn:
    """The integers that the C kernels work with; ``classifier`` is None where the state is the output."""

    cell: FixedCell
    classifier: FixedMatrix | None


def calibrate(model: Rnn, precision: Precision, inputs: Sequence[Floats]) -> RnnScales:
    """Scales for ``model`` from raw ``inputs``, N arrays (T, D), in float64."""
    batches = [
        golden_float.normalise(model, np.stack([inputs[i] for i in same]).astype(np.float64))
        for same in by_length(inputs)
    ]
    seen = cell_quantise.ranges(model.cell, batches, precision)
    cell = cell_quantise.calibrate(model.cell, seen, precision)
    if model.classifier is None:
        return RnnScales(cell, cell.state)
    outputs = golden_float.run(model, inputs, np.float64, precision)
    scale = weight_scale(model.classifier, precision, model.classifier_bias, cell.state)
    least = scale * cell.state / MOST_RATIO
    return RnnScales(cell, activation_scale(float(np.abs(outputs).max(initial=0.0)), least))


def quantise(model: Rnn, scales: RnnScales, precision: Precision) -> FixedRnn:
    """The integers of ``model`` at ``scales``; ModelError when some sum could overflow."""
    cell = cell_quantise.quantise(model.cell, scales.cell, precision)
    if model.classifier is None:
        return FixedRnn(cell, None)
    state = scales.cell.state
    scale = weight_scale(model.classifier, precision, model.classifier_bias, state)
    classifier = fixed_matrix(
        "the classifier",
        precision,
        model.classifier,
        scale,
        scale * state / scales.outputs,
        bias=model.classifier_bias,
        sum_scale=scale * state,
    )
    return FixedRnn(cell, classifier)


def quantise_rows(model: Rnn, scales: RnnScales, vector: Floats) -> Int16:
    """rint((x - mean) / std / scale) of (T, D), in float64, saturated; VectorError when a value is not a
    number.
    """
    if np.isnan(vector).any():
        raise VectorError("an input is not a number", evidence=f"at {np.argwhere(np.isnan(vector))[0]}")
    normalised = vector.astype(np.float64)
    if model.mean is not None and model.std is not None:
        normalised = (normalised - model.mean.astype(np.float64)[: len(vector)]) / model.std.astype(
            np.float64
        )[: len(vector)]
    integers = np.rint(normalised / scales.cell.input)
    return np.asarray(np.clip(integers, -LARGEST - 1, LARGEST), dtype=np.int16)
