"""The float reference of a recurrent model: normalise, run the cell, classify its last state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.architecture import by_length
from hil.models.cell.golden_float import last_state, matvec
from hil.models.rnn.network import Rnn
from hil.values import Precision

Floats = npt.NDArray[Any]  # of the type that is asked for


def run(
    model: Rnn,
    inputs: Sequence[Floats],
    dtype: type[np.float32] | type[np.float64] = np.float32,
    precision: Precision = Precision.F32,
) -> Floats:
    """Outputs (N, outputs) of raw ``inputs``, N arrays (T, D) of any lengths, computed in ``dtype``.

    The nonlinearities are those of ``precision``. A float32 result lies within 1e-4 of the float64 one,
    relative to the vector's largest output.
    """
    outputs = np.empty((len(inputs), model.network.outputs), dtype=dtype)
    for same in by_length(inputs):
        batch = np.stack([np.asarray(inputs[i], dtype=dtype) for i in same])
        state = last_state(model.cell, normalise(model, batch), precision=precision)
        outputs[same] = classify(model, state)
    return outputs


def normalise(model: Rnn, batch: Floats) -> Floats:
    """(x - mean) scale of raw ``batch`` (N, T, D), in its type; the batch itself where there is no mean."""
    if model.mean is None or model.scale is None:
        return batch
    dtype = batch.dtype.type
    steps = batch.shape[1]
    return np.asarray((batch - model.mean.astype(dtype)[:steps]) * model.scale.astype(dtype)[:steps])


def classify(model: Rnn, state: Floats) -> Floats:
    """FC h + b of states (N, H); the states themselves where there is no classifier."""
    if model.classifier is None or model.classifier_bias is None:
        return state
    return np.asarray(matvec(model.classifier, state) + model.classifier_bias.astype(state.dtype))
