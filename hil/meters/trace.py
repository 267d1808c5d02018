"""What the board's trace saw of the core: instructions, estimated cycles, the stack and the profile."""

from __future__ import annotations

from hil.board import Board
from hil.errors import HilError
from hil.measure.traced import traced
from hil.meters.base import Findings, Meter, Running, Streamed


class Trace(Meter):
    def missing(self, board: Board) -> str | None:
        return board.trace_missing if board.trace is None else None

    def before(self, session: Running) -> None:
        if session.board.trace is not None:
            session.board.trace.begin(session.image.path)

    def after(self, seen: Streamed, found: Findings) -> Findings:
        board = seen.session.board
        trace = board.trace
        if trace is None:
            return Findings()
        numbers = [result.wire_number for result in seen.results]
        try:
            mine = traced(trace.take(), numbers, board.kind, trace.technique)
        except HilError as error:
            raise error.at(board.name) from None
        notes = mine.notes
        if not mine.measures and (why := trace.why_lost()) is not None:
            notes = tuple(f"{note}: {why}" for note in notes)
        told = tuple(f"{seen.session.label}: {note}" for note in notes)
        return Findings(mine.measures, mine.samples, mine.profile, told, bands=mine.bands)
