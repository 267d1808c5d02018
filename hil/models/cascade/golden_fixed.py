"""The fixed-point reference of a cascade: what the image must give, bit for bit, in q15 and q7.

    x       sat16((count - middle) * gain)                    exact wherever it does not saturate
    margin  sat16 of the margin's row, as every matrix gives it; it stops an instance from ``limit`` on

Every comparison is of integers. ``firmware/kernels/cascade_fixed.h`` is the same in C.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.architecture import by_length
from hil.models.cascade.network import Scan
from hil.models.cascade.scan import Instances, ends, scan_instances
from hil.models.cell.golden_fixed import FixedCell, last_state
from hil.models.fixed import FixedMatrix, Int16, Int64, Trace, renamed, saturate, untraced

Counts = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class FixedCascade:
    """The integers that the C kernels work with; ``clutter`` (classes,) are scores without the upper tier."""

    scan: Scan
    middle: int
    gain: int
    limit: int
    lower: FixedCell
    margin: FixedMatrix
    upper: FixedCell
    classifier: FixedMatrix
    clutter: Int16


def run(model: FixedCascade, inputs: Sequence[Counts], trace: Trace = untraced) -> Int16:
    """Outputs (N, classes + 1) int16 of ``inputs``, N bags (T, D) of int16 counts."""
    result = np.zeros((len(inputs), len(model.clutter) + 1), dtype=np.int16)
    result[:, :-1] = model.clutter
    for same in by_length(inputs):
        found = lower(model, np.stack([inputs[i] for i in same]), trace)
        fired = ends(found.margins, model.scan.consecutive).fired
        if fired.any():
            rows = np.array(same)[fired]
            last = last_state(
                model.upper, found.states[fired].astype(np.int16), trace=renamed(trace, "upper ")
            )
            result[rows, :-1] = model.classifier.project(last, name="outputs", trace=trace)
            result[rows, -1] = 1
    return result


def lower(model: FixedCascade, bags: Counts, trace: Trace = untraced) -> Instances:
    """The lower tier over all instances of ``bags`` (N, T, D)."""
    exact = (bags.astype(np.int64) - model.middle) * model.gain
    samples = saturate(exact)
    trace("input", exact, samples)
    inner = renamed(trace, "lower ")

    def margins(states: Int64) -> Int64:
        return model.margin.project(states, name="margin", trace=trace)[:, 0]

    return scan_instances(
        model.scan,
        samples,
        model.lower.hidden,
        model.limit,
        lambda part, states: last_state(model.lower, part, states, inner),
        margins,
    )
