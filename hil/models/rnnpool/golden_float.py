"""The float reference of RNNPool, in float32 as the firmware counts or in float64.

A float32 result lies within 1e-4 of the float64 one, relative to the vector's largest output.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.cell.golden_float import last_state, matvec
from hil.models.rnnpool.network import Pool, RnnPoolWeights
from hil.models.rnnpool.slide import slide
from hil.values import Precision

Floats = npt.NDArray[Any]


def pool_map(pool: Pool, maps: Floats, stride: int, precision: Precision = Precision.F32) -> Floats:
    """Pool ``maps`` (N, H, W, C), padding included, to (N, out_height, out_width, 4 H2), in their type.

    The nonlinearities are those of ``precision``.
    """
    return slide(
        lambda batch: last_state(pool.first, batch, precision=precision),
        lambda batch: last_state(pool.second, batch, precision=precision),
        maps,
        pool.shape.patch,
        stride,
    )


def run(
    model: RnnPoolWeights,
    inputs: Sequence[Floats],
    dtype: type[np.float32] | type[np.float64] = np.float32,
    precision: Precision = Precision.F32,
) -> Floats:
    """Outputs (N, outputs) of ``inputs``, N patches (P, P C), computed in ``dtype``."""
    patch = model.pool.shape.patch
    maps = np.stack([np.asarray(vector, dtype=dtype) for vector in inputs]).reshape(
        len(inputs), patch, patch, -1
    )
    values = pool_map(model.pool, maps, patch, precision).reshape(len(inputs), -1)
    if model.classifier is None or model.classifier_bias is None:
        return values
    return np.asarray(matvec(model.classifier, values) + model.classifier_bias.astype(dtype))
