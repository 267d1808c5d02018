"""How right the outputs are: against the labels, and against the golden reference."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hil.values import Measure, Method

FLOAT_TOLERANCE = 1e-4


def accuracy(outputs: npt.NDArray[np.generic], labels: npt.NDArray[np.int64]) -> Measure:
    """The share of vectors whose largest output is their label's, 0 to 1.

    ``outputs`` is (vectors, classes), ``labels`` (vectors,); the first of equal outputs wins, as in numpy.
    """
    right = int(np.count_nonzero(np.argmax(outputs, axis=1) == labels))
    return Measure("accuracy", right / len(labels), "1", Method.COUNTED, "labels", 1 / len(labels))


def agreeing(outputs: npt.NDArray[np.generic], goldens: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Which vectors agree with the reference, (vectors,) of bool.

    Integers agree when every bit does. Floats agree when no output is further from the reference than
    ``FLOAT_TOLERANCE`` times the largest magnitude among that vector's reference outputs.
    """
    if np.issubdtype(goldens.dtype, np.integer):
        return np.asarray((outputs == goldens).all(axis=1))
    reference = goldens.astype(np.float64)
    scale = np.abs(reference).max(axis=1)
    error = np.abs(outputs.astype(np.float64) - reference).max(axis=1)
    return np.asarray(error <= FLOAT_TOLERANCE * scale)  # a NaN compares false: it disagrees


def golden_exact(outputs: npt.NDArray[np.generic], goldens: npt.NDArray[np.generic]) -> Measure:
    """The share of vectors that agree with the golden reference, 0 to 1; the technique says how strictly."""
    technique = (
        "bit-exact"
        if np.issubdtype(goldens.dtype, np.integer)
        else f"within-{FLOAT_TOLERANCE:.0e}".replace("e-0", "e-")
    )
    agree = agreeing(outputs, goldens)
    share = int(np.count_nonzero(agree)) / len(agree)
    return Measure("golden_exact", share, "1", Method.COUNTED, technique, 1 / len(agree))
