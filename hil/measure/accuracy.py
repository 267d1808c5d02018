"""How right the outputs are: against the labels, and against the golden reference."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hil import metrics
from hil.values import (
    FLOAT_TOLERANCE,
    Measure,
    Method,
    Samples,
    predicted_classes,
    regression_errors,
    rightly_classified,
)

_MOST_SHOWN = 6  # outputs of one vector


def accuracy(outputs: npt.NDArray[np.generic], labels: npt.NDArray[np.int64]) -> Measure:
    """The share of vectors whose largest output is their label's, 0 to 1.

    ``outputs`` is (vectors, classes), ``labels`` (vectors,); the first of equal outputs wins, as in numpy. A
    vector with a NaN among its outputs is not right, whatever its label. A single output is the logit of
    class 1 against class 0.
    """
    right = int(np.count_nonzero(rightly_classified(outputs, labels)))
    return metrics.ACCURACY.measure(right / len(labels), Method.COUNTED, "labels", 1 / len(labels))


def predicted(outputs: npt.NDArray[np.generic]) -> Samples:
    """What each vector was taken for: see ``hil.values.predicted_classes``."""
    classes = predicted_classes(outputs)
    return metrics.PREDICTED.samples(classes.astype(np.int16), Method.COUNTED, "labels")


def regression(
    outputs: npt.NDArray[np.generic], targets: npt.NDArray[np.float64], scale: float
) -> tuple[Measure, ...]:
    """Mean absolute error, in the targets' own unit, and R²: see ``hil.values.regression_errors``.

    ``outputs`` (vectors, outputs) are as the board gave them, times ``scale`` they are in the targets' unit.
    None where an output is not finite; no R² where it is not defined.
    """
    found = regression_errors(outputs.astype(np.float64) * scale, targets)
    if found is None:
        return ()
    error, share = found
    measures = [metrics.MEAN_ABSOLUTE_ERROR.measure(error, Method.COUNTED, "targets")]
    if share is not None:
        measures.append(metrics.R_SQUARED.measure(share, Method.COUNTED, "targets"))
    return tuple(measures)


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
    return metrics.GOLDEN_EXACT.measure(share, Method.COUNTED, technique, 1 / len(agree))


def disagreement(output: npt.NDArray[np.generic], golden: npt.NDArray[np.generic]) -> str:
    """What one vector gave, (outputs,), what was expected, and how far apart the worst of them are.

    Of many outputs a few are shown, from the worst one on.
    """
    exact = _exact(output, golden)
    given, reference = output.astype(np.float64), golden.astype(np.float64)
    with np.errstate(invalid="ignore"):
        apart = np.where(given == reference, 0.0, np.abs(given - reference))
    apart = np.where(np.isnan(apart), np.inf, apart)
    worst = int(np.argmax(apart))
    start = max(0, min(worst, len(output) - _MOST_SHOWN)) if len(output) > _MOST_SHOWN else 0
    text = f"gave {_some(output, start)}, expected {_some(golden, start)}; output {worst} is "
    distance = f"{apart[worst]:.0f}" if exact else f"{apart[worst]:.3g}"
    text += f"{distance} apart" if np.isfinite(apart[worst]) else "no number, or infinite"
    if exact:
        return f"{text}, and every bit must agree"
    largest = float(np.abs(reference[np.isfinite(reference)]).max(initial=0.0))
    return f"{text}, {FLOAT_TOLERANCE * largest:.3g} is allowed ({FLOAT_TOLERANCE:g} of the largest expected)"


def _some(values: npt.NDArray[np.generic], start: int) -> str:
    shown = [f"{value:d}" if isinstance(value, int) else f"{value:.7g}" for value in values.tolist()]
    before, after = ("…, " if start else ""), (", …" if start + _MOST_SHOWN < len(shown) else "")
    return f"[{before}{', '.join(shown[start : start + _MOST_SHOWN])}{after}]"


def _exact(outputs: npt.NDArray[np.generic], goldens: npt.NDArray[np.generic]) -> bool:
    return all(np.issubdtype(array.dtype, np.integer) for array in (outputs, goldens))
