"""What the link had to carry, and how much of it did not arrive whole."""

from __future__ import annotations

from hil import metrics
from hil.meters.base import Findings, Meter, Running, Streamed
from hil.metrics import Metric
from hil.values import Method

_OF_THE_STREAM = (metrics.STREAM_S, metrics.LINK_LOST, metrics.LINK_DAMAGED, metrics.LINK_WIRE_BYTES)
_WITHOUT_FRAMES = (metrics.CONNECT_S, metrics.PROGRAM_S, metrics.VERIFY_S)


class Frames(Meter):
    def after(self, seen: Streamed, found: Findings) -> Findings:
        session = seen.session
        stats = session.link.stats
        counts = (
            (metrics.LINK_LOST, stats.lost),
            (metrics.LINK_DAMAGED, stats.damaged),
            (metrics.LINK_WIRE_BYTES, stats.wire_bytes_out + stats.wire_bytes_in),
        )
        return Findings(
            tuple(
                metric.measure(float(count), Method.COUNTED, "link", conditions=conditions(session, metric))
                for metric, count in counts
            ),
            notes=_notes(session),
        )


def _notes(session: Running) -> tuple[str, ...]:
    board, recorder = session.board, session.recorder
    notes = []
    if recorder is not None and recorder.failed is not None:
        notes.append(f"{session.label}: its recording ends early: {recorder.failed}")
    if returns := session.link.stats.returns:
        times = "once" if returns == 1 else f"{returns} times"
        notes.append(f"{session.label}: its port went away and came back {times}")
    if not session.over_uart and board.memory_missing is not None:
        notes.append(f"{board.name}: {board.memory_missing}")
    return tuple(notes)


def conditions(session: Running, metric: Metric) -> dict[str, str | float]:
    """What a value holds for: what carried the frames and their faults, where frames show in it."""
    found: dict[str, str | float] = {}
    if metric in _OF_THE_STREAM:
        found |= session.resumed
    if metric in _WITHOUT_FRAMES:
        return found
    if session.hello is not None:
        found["link"] = session.link.via
    if session.faults is not None:
        found["link_faults"] = str(session.faults)
    return found
