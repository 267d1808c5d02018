"""How many vectors there were, and how many of them agree with the golden reference."""

from __future__ import annotations

from hil.measure.accuracy import golden_exact
from hil.meters.base import Findings, Meter, Streamed
from hil.metrics import VECTORS
from hil.values import Method


class Golden(Meter):
    def after(self, seen: Streamed, found: Findings) -> Findings:
        agreeing = golden_exact(seen.outputs, seen.vectors.goldens)
        return Findings((agreeing, VECTORS.measure(float(len(seen.results)), Method.COUNTED, "link")))
