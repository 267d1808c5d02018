"""How right the outputs are: against the labels, and against the golden reference."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hil.values import Measure, Method, rightly_classified

FLOAT_TOLERANCE = 1e-4


def accuracy(outputs: npt.NDArray[np.generic], labels: npt.NDArray[np.int64]) -> Measure:
    """The share of vectors whose largest output is their label's, 0 to 1.

    ``outputs`` is (vectors, classes), ``labels`` (vectors,); the first of equal outputs wins, as in numpy. A
    vector with a NaN among its outputs is not right, whatever its label.
    """
    right = int(np.count_nonzero(rightly_classified(outputs, labels)))
    return Measure("accuracy", right / len(labels), "1", Method.COUNTED, "labels", 1 / len(labels))


def agreeing(outputs: npt.NDArray[np.generic], goldens: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Which vectors agree with the reference, (vectors,) of bool.

    Integers agree when every bit does. Floats agree when no output is further from the reference than
    ``FLOAT_TOLERANCE`` times the largest finite magnitude among that vector's reference outputs. An infinity
    agrees with the same one alone, NaN with nothing.
    """
    if _exact(outputs, goldens):
        return np.asarray((outputs == goldens).all(axis=1))
    given, reference = outputs.astype(np.float64), goldens.astype(np.float64)
    finite = np.isfinite(reference)
    scale = np.abs(np.where(finite, reference, 0.0)).max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # a NaN compares false: it disagrees
        close = np.abs(given - reference) <= FLOAT_TOLERANCE * scale
    return np.asarray(np.where(finite, close, given == reference).all(axis=1))


def golden_exact(outputs: npt.NDArray[np.generic], goldens: npt.NDArray[np.generic]) -> Measure:
    """The share of vectors that agree with the golden reference, 0 to 1; the technique says how strictly."""
    technique = (
        "bit-exact" if _exact(outputs, goldens) else f"within-{FLOAT_TOLERANCE:.0e}".replace("e-0", "e-")
    )
    agree = agreeing(outputs, goldens)
    share = int(np.count_nonzero(agree)) / len(agree)
    return Measure("golden_exact", share, "1", Method.COUNTED, technique, 1 / len(agree))


def _exact(outputs: npt.NDArray[np.generic], goldens: npt.NDArray[np.generic]) -> bool:
    return all(np.issubdtype(array.dtype, np.integer) for array in (outputs, goldens))
