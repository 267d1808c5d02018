"""The values that flow through the lab: measures, samples and how each was obtained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # numpy is slow to import, and a pytest without --board has no use for it
    import numpy as np
    import numpy.typing as npt


class Precision(StrEnum):
    """Arithmetic of an image: 32-bit float, 16-bit or 8-bit fixed point."""

    F32 = "f32"
    Q15 = "q15"
    Q7 = "q7"


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

    ``resolution`` is a measure's.
    """

    metric: str
    values: npt.NDArray[np.generic]
    unit: str
    method: Method
    technique: str
    resolution: float | None = None


def rightly_classified(
    scores: npt.NDArray[np.generic], labels: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Which vectors' largest score is their label's, (vectors,) of bool.

    ``scores`` is (vectors, classes), ``labels`` (vectors,); the first of equal scores wins, and a NaN among
    them makes the vector wrong.
    """
    import numpy as np

    known = ~np.isnan(scores.astype(np.float64)).any(axis=1)
    return np.asarray(known & (np.argmax(scores, axis=1) == labels))
