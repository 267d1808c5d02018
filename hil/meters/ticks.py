"""What an inference costs by the board's own counter."""

from __future__ import annotations

from hil.measure.latency import cost_per_inference
from hil.meters.base import Findings, Meter, Streamed


class Ticks(Meter):
    def after(self, seen: Streamed, found: Findings) -> Findings:
        board = seen.session.board
        return Findings(cost_per_inference(seen.cost, board.kind, board.conditions), (seen.cost,))
