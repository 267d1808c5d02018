"""The fixed-point reference of a recurrent model: what the image must give, bit for bit, in q15 and q7."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hil.models.architecture import by_length
from hil.models.cell.golden_fixed import last_state
from hil.models.fixed import Int16, Trace, untraced
from hil.models.rnn.quantise import FixedRnn


def run(model: FixedRnn, inputs: Sequence[Int16], trace: Trace = untraced) -> Int16:
    """Outputs (N, outputs) int16 of quantised ``inputs``, N arrays (T, D) of any lengths."""
    outputs = model.cell.hidden if model.classifier is None else len(model.classifier.first)
    result = np.empty((len(inputs), outputs), dtype=np.int16)
    for same in by_length(inputs):
        state = last_state(model.cell, np.stack([inputs[i] for i in same]), trace=trace)
        if model.classifier is not None:
            state = model.classifier.project(state, name="outputs", trace=trace)
        result[same] = state
    return result
