"""The boards of one run: each opened when it is first needed, reopened when it died, closed at the end."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from hil.board import Board, open_board
from hil.flash.process import ProbeProcess
from hil.lab import BoardSpec


class Boards:
    """A context manager; ``lease`` hands out an open board that is still alive."""

    def __init__(self, probes: ProbeProcess) -> None:
        self._probes = probes
        self._open: dict[str, tuple[Board, ExitStack]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as all_of_them:
            for _, stack in self._open.values():
                all_of_them.push(stack)
            self._open.clear()

    def lease(self, spec: BoardSpec) -> Board:
        """The open board of that name; a board that ended since the last session is opened anew."""
        held = self._open.get(spec.name)
        if held is not None:
            board, _ = held
            if board.failure() is None:
                return board
            self.discard(spec)
        stack = ExitStack()
        board = stack.enter_context(open_board(spec, self._probes))
        self._open[spec.name] = (board, stack)
        return board

    def discard(self, spec: BoardSpec) -> None:
        """Close the board, so that the next lease opens it anew; harmless when it is not open."""
        held = self._open.pop(spec.name, None)
        if held is not None:
            held[1].close()
