"""What each vector was taken for."""

from __future__ import annotations

from hil.measure.accuracy import predicted
from hil.meters.base import Findings, Meter, Streamed
from hil.meters.labels import errors


class Classes(Meter):
    """The class of each vector, as samples; and why outputs could not be said to be right or wrong."""

    def after(self, seen: Streamed, found: Findings) -> Findings:
        vectors, label = seen.vectors, seen.session.label
        samples = (predicted(seen.scores),) if vectors.classes else ()
        notes: tuple[str, ...] = ()
        if vectors.classes and vectors.labels is None:
            notes += (f"{label}: its vectors have no labels, so no accuracy",)
        if vectors.targets is not None and not errors(seen):
            notes += (f"{label}: an output is not finite, so no error is told",)
        return Findings(samples=samples, notes=notes)
