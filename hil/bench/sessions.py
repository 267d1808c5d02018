"""Sessions that tests hold themselves: at most one of a name, lent as long as nothing went wrong in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from hil.bench.attempt import Attempt, Outcome
from hil.bench.boards import Member
from hil.bench.plan import Case
from hil.bench.run import BenchRun
from hil.board import Board
from hil.errors import HilError
from hil.lab.boards import BoardSpec


@dataclass
class _Held:
    """A borrowed board, and what runs on it."""

    member: Member
    attempt: Attempt | None = None
    stack: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        """End what runs."""
        self.attempt = None
        self.stack.close()


class Sessions:
    """A context manager; ``lease`` hands out a session that can be used, flashing and starting when needed.

    A session that failed is never lent again, nor is its board: the next one is opened, flashed and started
    anew. ``meanwhile`` is called again and again while all boards of a name are at work for others.
    """

    def __init__(self, run: BenchRun, meanwhile: Callable[[], None] = lambda: None) -> None:
        self._run = run
        self._meanwhile = meanwhile
        self._held: dict[str, _Held] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as all_of_them:
            for name in list(self._held):
                all_of_them.callback(self.give_back, name)

    def board(self, spec: BoardSpec) -> Board:
        """An open board of that name, with no session on it."""
        held = self._borrowed(spec.name)
        held.close()
        return held.member.board()

    def lease(self, case: Case) -> Attempt:
        """The session of the case: the one that is open and whole, or a new one; HilError when there is none.

        What keeps it from starting is recorded in the run.
        """
        held = self._borrowed(case.board.name)
        if held.attempt is not None:
            failed = held.attempt.session.failure is not None
            if held.attempt.case == case and not failed:
                return held.attempt
            held.close()
            if failed:
                held.member.discard()
        try:
            if case.broken is not None:
                raise case.broken
            board = held.member.board()
        except HilError as error:
            self._run.record(Outcome.unopened(case, error))
            raise
        attempt = Attempt(case, board, self._run.wanted, self._run.ready)
        try:
            held.stack.enter_context(attempt)
        except BaseException as error:
            self._run.record(attempt.outcome(error))
            self.discard(case.board)
            raise
        held.attempt = attempt
        return attempt

    def discard(self, spec: BoardSpec) -> None:
        """Close the board with what runs on it: whoever needs it next opens it anew."""
        held = self._held.get(spec.name)
        if held is not None:
            try:
                held.close()
            finally:
                held.member.discard()

    def give_back(self, name: str) -> None:
        """End what runs, and let others have the board; harmless where none is held."""
        held = self._held.pop(name, None)
        if held is not None:
            try:
                held.close()
            finally:
                self._run.boards.give_back(held.member)

    def _borrowed(self, name: str) -> _Held:
        if name not in self._held:
            self._held[name] = _Held(self._run.boards.borrow(name, self._meanwhile))
        return self._held[name]
