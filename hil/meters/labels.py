"""How right the outputs are: against the labels of a classification, the targets of a regression."""

from __future__ import annotations

from hil.measure.accuracy import accuracy, regression
from hil.meters.base import Findings, Meter, Streamed
from hil.values import Measure


class Labels(Meter):
    """Accuracy, or the error; why there is none is told by ``Classes``, behind the notes of all others."""

    def after(self, seen: Streamed, found: Findings) -> Findings:
        labels = seen.vectors.labels
        classified = (accuracy(seen.scores, labels),) if seen.vectors.classes and labels is not None else ()
        return Findings((*classified, *errors(seen)))


def errors(seen: Streamed) -> tuple[Measure, ...]:
    """Of a regression; empty where there is none, or where an output is not finite."""
    if seen.vectors.targets is None:
        return ()
    return regression(seen.outputs, seen.vectors.targets, seen.vectors.output_scale)
