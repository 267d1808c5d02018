"""Float RNNPool -> fixed point: scales from calibration inputs, integers from scales.

Rules: those of ``hil.models.cell.quantise`` for either cell. The second's input is the first's state, at its
scale; the outputs are the second's states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import VectorError
from hil.models.cell import quantise as cells
from hil.models.cell.golden_float import last_state
from hil.models.cell.quantise import CellScales
from hil.models.fixed import LARGEST, FixedMatrix, Int16, activation_scale, fixed_matrix, weight_scale
from hil.models.rnnpool import golden_float
from hil.models.rnnpool.golden_fixed import FixedPool, FixedRnnPool
from hil.models.rnnpool.network import Pool, RnnPoolWeights
from hil.models.rnnpool.slide import column_runs, flat, row_runs, second_runs
from hil.values import Precision

Floats = npt.NDArray[Any]


@dataclass(frozen=True)
class PoolScales:
    """The scales of both cells; ``second.input`` is ``first.state``."""

    first: CellScales
    second: CellScales


@dataclass(frozen=True)
class RnnPoolScales:
    """Those of a block that is a model; ``outputs`` is the classifier's, or the second cell's state's."""

    pool: PoolScales
    outputs: float


def read_pool_scales(fields: Mapping[str, Any]) -> PoolScales:
    """From the form that ``dataclasses.asdict`` gives them."""
    return PoolScales(CellScales(**fields["first"]), CellScales(**fields["second"]))


def read_scales(fields: Mapping[str, Any]) -> RnnPoolScales:
    """From the form that ``write_scales`` gives them."""
    return RnnPoolScales(read_pool_scales(fields["pool"]), float(fields["outputs"]))


def write_scales(scales: RnnPoolScales) -> dict[str, Any]:
    """As ``model.json`` holds them."""
    return asdict(scales)


def calibrate_pool(
    pool: Pool, maps: Floats, stride: int, precision: Precision, input_scale: float | None = None
) -> PoolScales:
    """Scales for ``pool`` from ``maps`` (N, H, W, C), padding included; ``input_scale`` when it is given."""
    patch = pool.shape.patch
    rows, columns = row_runs(maps, patch, stride), column_runs(maps, patch, stride)
    runs = [flat(rows), flat(columns)]
    first = cells.calibrate(pool.first, cells.ranges(pool.first, runs, precision), precision, input_scale)
    states = [last_state(pool.first, batch.astype(np.float64), precision=precision) for batch in runs]
    deep = second_runs(
        states[0].reshape(*rows.shape[:3], -1), states[1].reshape(*columns.shape[:3], -1), patch, stride
    )
    seen = cells.ranges(pool.second, [flat(part) for part in deep], precision)
    return PoolScales(first, cells.calibrate(pool.second, seen, precision, first.state))


def quantise_pool(pool: Pool, scales: PoolScales, precision: Precision) -> FixedPool:
    """The integers of ``pool`` at ``scales``; ModelError when some sum could overflow."""
    return FixedPool(
        patch=pool.shape.patch,
        first=cells.quantise(pool.first, scales.first, precision),
        second=cells.quantise(pool.second, scales.second, precision),
    )


def calibrate(model: RnnPoolWeights, inputs: Sequence[Floats], precision: Precision) -> RnnPoolScales:
    """Scales for a block that is a model from ``inputs``, N patches (P, P C)."""
    patch = model.pool.shape.patch
    maps = np.stack(list(inputs)).reshape(len(inputs), patch, patch, -1).astype(np.float64)
    scales = calibrate_pool(model.pool, maps, patch, precision)
    if model.classifier is None:
        return RnnPoolScales(scales, scales.second.state)
    outputs = golden_float.run(model, inputs, np.float64, precision)
    operand = scales.second.state
    least = 4.0 * operand * weight_scale(model.classifier, precision, model.classifier_bias, operand)
    return RnnPoolScales(scales, activation_scale(float(np.abs(outputs).max(initial=0.0)), least))


def quantise(model: RnnPoolWeights, scales: RnnPoolScales, precision: Precision) -> FixedRnnPool:
    """The integers of a block that is a model; ModelError when some sum could overflow."""
    return FixedRnnPool(
        pool=quantise_pool(model.pool, scales.pool, precision),
        classifier=_classifier(model, scales, precision),
    )


def quantise_input(scales: RnnPoolScales, vector: Floats) -> Int16:
    """rint(x / scale) of one patch (P, P C), in float64, saturated; VectorError when a value is no number."""
    if np.isnan(vector).any():
        raise VectorError("an input is not a number", evidence=f"at {np.argwhere(np.isnan(vector))[0]}")
    integers = np.rint(vector.astype(np.float64) / scales.pool.first.input)
    return np.clip(integers, -LARGEST - 1, LARGEST).astype(np.int16)


def _classifier(model: RnnPoolWeights, scales: RnnPoolScales, precision: Precision) -> FixedMatrix | None:
    if model.classifier is None or model.classifier_bias is None:
        return None
    operand = scales.pool.second.state
    weights = weight_scale(model.classifier, precision, model.classifier_bias, operand)
    return fixed_matrix(
        "FC",
        precision,
        model.classifier,
        weights,
        weights * operand / scales.outputs,
        bias=model.classifier_bias,
        sum_scale=weights * operand,
    )
