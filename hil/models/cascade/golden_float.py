"""The float reference of a cascade, in float32 as the firmware counts or in float64."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.architecture import by_length
from hil.models.cascade.network import CLUTTER_SCORE, Cascade
from hil.models.cascade.scan import Instances, ends, scan_instances
from hil.models.cell.golden_float import last_state, matvec
from hil.values import Precision

Floats = npt.NDArray[Any]  # of the type that is asked for


def run(
    model: Cascade,
    inputs: Sequence[npt.NDArray[np.integer[Any]]],
    dtype: type[np.float32] | type[np.float64] = np.float32,
    precision: Precision = Precision.F32,
) -> Floats:
    """Outputs (N, classes + 1) of ``inputs``, N bags (T, D) of counts, computed in ``dtype``.

    The nonlinearities are those of ``precision``. Where no decision is a hair's breadth from another
    (``Instances.clearance``) a float32 result lies within 1e-4 of the float64 one, relative to its largest.
    """
    outputs = np.zeros((len(inputs), model.network.outputs), dtype=dtype)
    outputs[:, 0] = CLUTTER_SCORE
    for same in by_length(inputs):
        found = lower(model, [inputs[i] for i in same], dtype, precision)
        fired = ends(found.margins, model.network.scan.consecutive).fired
        if fired.any():
            rows = np.array(same)[fired]
            outputs[rows, :-1] = upper(model, found.states[fired], precision)
            outputs[rows, -1] = 1.0
    return outputs


def lower(
    model: Cascade,
    bags: Sequence[npt.NDArray[np.integer[Any]]],
    dtype: type[np.float32] | type[np.float64] = np.float32,
    precision: Precision = Precision.F32,
) -> Instances:
    """The lower tier over all instances of bags (T, D) of one length."""
    network = model.network
    return scan_instances(
        network.scan,
        normalise(model, np.stack(bags), dtype),
        network.lower.hidden,
        float(np.float32(network.scan.limit)),
        lambda samples, states: last_state(model.lower, samples, states, precision),
        lambda states: margins(model, states),
    )


def normalise(
    model: Cascade, batch: npt.NDArray[np.integer[Any]], dtype: type[np.float32] | type[np.float64]
) -> Floats:
    """(count - middle) / divisor as the firmware has it: an exact difference times float32(1 / divisor)."""
    difference: Floats = (batch.astype(np.int64) - model.network.middle).astype(dtype)
    scale: Floats = np.array(np.float32(1.0 / model.network.divisor), dtype=dtype)
    return np.asarray(difference * scale)


def margins(model: Cascade, states: Floats) -> Floats:
    """The logit of target minus that of clutter, (N,), of lower states (N, H)."""
    return np.asarray((matvec(model.margin, states) + model.margin_bias.astype(states.dtype))[:, 0])


def upper(model: Cascade, states: Floats, precision: Precision = Precision.F32) -> Floats:
    """Scores (N, classes) of the instances' final states (N, I, H), in their type."""
    last = last_state(model.upper, states, precision=precision)
    return np.asarray(matvec(model.classifier, last) + model.classifier_bias.astype(last.dtype))
