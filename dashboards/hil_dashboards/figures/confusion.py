"""Which classes vectors of each class were taken for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

CLASSES_MOST = 200  # more would not be looked at cell by cell


@dataclass(frozen=True, eq=False)
class Confusion:
    """How many vectors of each class (rows) were taken for each (columns): ``counts`` (classes, classes).

    ``unclassified`` (classes,) were taken for none, as an output of theirs was not finite.
    """

    counts: npt.NDArray[np.int64]
    unclassified: npt.NDArray[np.int64]

    @property
    def of_class(self) -> npt.NDArray[np.int64]:
        """(classes,) vectors of each class."""
        found: npt.NDArray[np.int64] = self.counts.sum(axis=1) + self.unclassified
        return found

    @property
    def right(self) -> int:
        """Vectors that were taken for their own class."""
        return int(np.trace(self.counts))

    @property
    def vectors(self) -> int:
        """All of them."""
        return int(self.of_class.sum())


def confusion(labels: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> Confusion | None:
    """Of the first vectors, as many as were predicted, -1 being none; None where the two do not fit.

    ``labels`` (vectors or more,), ``predicted`` (vectors,) are numbers of classes from 0.
    """
    labels = labels[: len(predicted)]
    if not len(predicted) or len(labels) < len(predicted):
        return None
    classes = int(max(labels.max(), predicted.max())) + 1
    if labels.min() < 0 or predicted.min() < -1 or classes > CLASSES_MOST:
        return None
    counts = np.zeros((classes, classes + 1), dtype=np.int64)
    np.add.at(counts, (labels, predicted), 1)  # -1 is the last column
    return Confusion(counts[:, :classes], counts[:, classes])
