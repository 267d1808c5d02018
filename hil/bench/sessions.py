"""The sessions of a run: at most one on each board, lent for as long as nothing went wrong in it."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from hil.bench.boards import Boards
from hil.bench.plan import Case
from hil.bench.run import BenchRun
from hil.board import Board
from hil.errors import HilError
from hil.lab import BoardSpec
from hil.session import Session


class Sessions:
    """A context manager; ``lease`` hands out a session that can be used, flashing and starting when needed.

    A session that failed is never lent again, nor is its board: the next one is opened, flashed and started
    anew.
    """

    def __init__(self, run: BenchRun) -> None:
        self._run = run
        self._boards = Boards(run.probes)
        self._open: dict[str, tuple[Case, Session, ExitStack]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._boards:
            for name in list(self._open):
                self._close(name)

    def board(self, spec: BoardSpec) -> Board:
        """The open board, with no session on it; it stays open until the last test is done."""
        self._close(spec.name)
        return self._boards.lease(spec)

    def lease(self, case: Case) -> Session:
        """The session of the case: the one that is open and whole, or a new one; HilError when there is none.

        What keeps it from starting is recorded in the run.
        """
        held = self._open.get(case.board.name)
        if held is not None and held[0] == case and held[1].failure is None:
            return held[1]
        if held is not None and held[1].failure is not None:
            self.discard(case.board)
        self._close(case.board.name)
        try:
            if case.broken is not None:
                raise case.broken
            board = self._boards.lease(case.board)
        except HilError as error:
            self._run.not_opened(case, error)
            raise
        stack = ExitStack()
        try:
            session = stack.enter_context(self._run.session(case, board))
        except BaseException:
            self.discard(case.board)
            raise
        self._open[case.board.name] = (case, session, stack)
        return session

    def discard(self, spec: BoardSpec) -> None:
        """Close the board with what runs on it: whoever needs it next opens it anew."""
        try:
            self._close(spec.name)
        finally:
            self._boards.discard(spec)

    def _close(self, name: str) -> None:
        held = self._open.pop(name, None)
        if held is not None:
            held[2].close()
