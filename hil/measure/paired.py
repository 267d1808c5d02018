"""How far two sessions lie apart, vector by vector, and how far those of one image do by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hil.measure.latency import median
from hil.measure.noise import noise, variance_of_mean, winsorised

LEAST_REPEATS = 5  # further sessions of images that ran before: fewer do not tell the noise


@dataclass(frozen=True)
class Shift:
    """The natural logarithm of a ratio, and its standard error."""

    log_ratio: float
    standard_error: float


@dataclass(frozen=True)
class Floor:
    """By how much sessions differ that should not: ``sigma`` of the logarithm, from ``repeats`` of them.

    ``of_images``: those repeat an image; else they are the runs between two changes of a history.
    """

    sigma: float
    repeats: int
    of_images: bool = True

    @property
    def told(self) -> str:
        """It in a few words."""
        who = "sessions that repeat an image" if self.of_images else "runs"
        return f"the noise of {self.sigma:.1%} of {self.repeats} {who}"


def paired(before: npt.ArrayLike, after: npt.ArrayLike) -> Shift:
    """The shift between two sessions, (vectors,) each, in the same vectors' order.

    Every vector is compared with itself, so what the vectors cost drops out; outliers are drawn in, and
    neighbours that resemble each other count for less. ValueError unless all values are above 0.
    """
    first, second = (np.asarray(values, dtype=np.float64) for values in (before, after))
    if first.shape != second.shape or first.ndim != 1 or len(first) < 3:
        raise ValueError(
            f"sessions of {first.shape} and {second.shape} values are not pairs of three or more"
        )
    if not (np.isfinite(first) & np.isfinite(second) & (first > 0) & (second > 0)).all():
        raise ValueError("a ratio needs finite values above 0")
    ratios = np.log(second / first)
    middle = median(ratios)
    kept = winsorised(ratios - middle)
    sigma, correlation = noise(kept)
    variance = float(variance_of_mean(np.array([len(kept)]), correlation)[0])
    return Shift(middle + float(kept.mean()), sigma * float(np.sqrt(variance)))


def floor(images: Iterable[npt.ArrayLike]) -> Floor | None:
    """The noise between sessions, from the values of sessions that ran the same image, image by image.

    Equal images are expected to give equal values, so whatever they differ by is noise. None when fewer than
    ``LEAST_REPEATS`` sessions repeat an image. ValueError for a value that is not above 0.
    """
    residuals: list[float] = []
    repeats = 0
    for values in images:
        several = np.asarray(values, dtype=np.float64)
        if not (np.isfinite(several) & (several > 0)).all():
            raise ValueError("a ratio needs finite values above 0")
        if len(several) < 2:
            continue
        logs = np.log(several)
        apart = winsorised(logs - median(logs)) * np.sqrt(len(logs) / (len(logs) - 1))
        residuals += apart.tolist()
        repeats += len(several) - 1
    if repeats < LEAST_REPEATS:
        return None
    return Floor(float(np.sqrt(np.mean(np.square(residuals)))), repeats)
