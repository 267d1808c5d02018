"""The wall time of a session's steps."""

from __future__ import annotations

from hil.meters.base import Findings, Meter, Running, Streamed
from hil.meters.link import conditions
from hil.values import Measure, Method


class Phases(Meter):
    def after(self, seen: Streamed, found: Findings) -> Findings:
        return Findings(phase_measures(seen.session))


def phase_measures(session: Running) -> tuple[Measure, ...]:
    """Of every step gone through so far; of those with frames, with what carried them."""
    return tuple(
        metric.measure(seconds, Method.MEASURED, "host-clock", conditions=conditions(session, metric))
        for metric, seconds in session.phases.items()
    )
