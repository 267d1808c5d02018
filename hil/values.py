"""The values that flow through the lab: measures, samples and how each was obtained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from hil.errors import ModelError
from hil.naming import listed

if TYPE_CHECKING:  # numpy is slow to import, and a pytest without --board has no use for it
    import numpy as np
    import numpy.typing as npt


FLOAT_TOLERANCE = 1e-4  # a float output may be off by it, of its vector's largest reference output


class Precision(StrEnum):
    """Arithmetic of an image: 32-bit float, 16-bit or 8-bit fixed point."""

    F32 = "f32"
    Q15 = "q15"
    Q7 = "q7"


def precisions_of(text: str | None) -> list[Precision]:
    """The precisions in a comma-separated list, in its order; ModelError for one that there is not."""
    names = listed(text or "")
    for name in names:
        if name not in list(Precision):
            raise ModelError(f"unknown precision {name!r}", remedy=f"choose from {', '.join(Precision)}")
    return [Precision(name) for name in names]


class Method(StrEnum):
    """How a value was obtained; values of different methods are never compared."""

    MEASURED = "measured"  # a clock, silicon, a probe
    COUNTED = "counted"  # exact up to a stated resolution
    ESTIMATED = "estimated"  # a cycle model
    MODELLED = "modelled"  # computed from datasheets


@dataclass(frozen=True)
class Measure:
    """One named value with its unit and how it was obtained.

    ``resolution`` is the smallest step the technique can tell, in ``unit`` (None: exact). ``band`` is where
    the true value is expected, lowest and highest, in ``unit``: an estimate has one. ``conditions`` are what
    the value holds for, as ``clock_hz`` or ``wait_states``.
    """

    metric: str
    value: float
    unit: str
    method: Method
    technique: str
    resolution: float | None = None
    band: tuple[float, float] | None = None
    conditions: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Samples:
    """The raw values behind a measure, one per vector in the vectors' order; ``values`` is 1-D.

    Of what a power probe measures there is one per window.

    ``resolution`` is a measure's.
    """

    metric: str
    values: npt.NDArray[np.generic]
    unit: str
    method: Method
    technique: str
    resolution: float | None = None


def predicted_classes(scores: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """The class of each vector's largest score, (vectors,): the first of equal ones, -1 where one is NaN.

    ``scores`` is (vectors, classes). A single score is the logit of class 1 against class 0.
    """
    import numpy as np

    wide = scores.astype(np.float64)
    known = ~np.isnan(wide).any(axis=1)
    found = wide[:, 0] > 0 if wide.shape[1] == 1 else np.argmax(wide, axis=1)
    return np.where(known, found, -1).astype(np.int64)


def rightly_classified(
    scores: npt.NDArray[np.generic], labels: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Which vectors' class is their label's, (vectors,) of bool; ``labels`` is (vectors,).

    ``scores`` are those of ``predicted_classes``; a NaN among them makes the vector wrong.
    """
    import numpy as np

    return np.asarray(predicted_classes(scores) == labels)


def regression_errors(
    outputs: npt.NDArray[np.floating], targets: npt.NDArray[np.float64]
) -> tuple[float, float | None] | None:
    """(mean absolute error, coefficient of determination R²) of ``outputs`` (vectors, outputs) against
    ``targets`` of that shape; None when an output is not finite.

    The error is the mean over all values, R² the mean over the outputs, each against the mean of its own
    targets. R² is None where an output's targets are all the same: it is not defined there.
    """
    import numpy as np

    given = outputs.astype(np.float64)
    if not np.isfinite(given).all():
        return None
    error = float(np.abs(given - targets).mean())
    spread = ((targets - targets.mean(axis=0)) ** 2).sum(axis=0)
    if not (spread > 0).all():
        return error, None
    return error, float((1.0 - ((given - targets) ** 2).sum(axis=0) / spread).mean())
