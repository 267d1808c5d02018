"""How deep the stack went, by what was painted over, to the word."""

from __future__ import annotations

from hil.meters.base import Findings, Meter, Streamed
from hil.metrics import STACK_BYTES, STACK_MODEL_BYTES
from hil.values import Method

_WORD_BYTES = 4.0


class Painted(Meter):
    def after(self, seen: Streamed, found: Findings) -> Findings:
        used = seen.session.stack()
        return Findings(
            tuple(
                metric.measure(
                    float(peak), Method.MEASURED, "painted", _WORD_BYTES, conditions=seen.session.resumed
                )
                for metric, peak in (
                    (STACK_BYTES, used.peak_total),
                    (STACK_MODEL_BYTES, used.peak_model),
                )
            )
        )
