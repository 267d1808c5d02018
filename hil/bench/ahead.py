"""Cases that boards run ahead of their tests: shown meanwhile, and recorded as soon as they are done."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Self

from hil.bench.attempt import Outcome
from hil.bench.loop import Loop
from hil.bench.order import wanted_vectors
from hil.bench.plan import Case
from hil.bench.progress import REDRAW_S, Bar, Lines
from hil.bench.run import BenchRun
from hil.bench.watch import Doing, Watch
from hil.errors import StoreError

_ENDED_FIRST = "the run ended before it was measured"


class Ahead:
    """The cases of a run, in the order in which boards take them, by who wants each; for one thread.

    Nothing runs before ``begin``. While somebody waits here, all that has ended is recorded in the run,
    whoever wants it. ``end`` stops the boards and records what is left.
    """

    def __init__(
        self,
        run: BenchRun,
        lines: Lines,
        wants: Mapping[Hashable, Case],
        others: Mapping[Hashable, Case] | None = None,
    ) -> None:
        """``others`` want a case, too, which is measured when their turn comes."""
        self.lines = lines
        self._run = run
        self._loop: Loop[Hashable] = Loop(run.boards, wants, run.wanted, run.ready, run.notes.append)
        self._recorded: dict[Hashable, Outcome] = {}
        self._here: dict[Hashable, Bar] = {}  # what is measured in this thread
        everything = {**wants, **(others or {})}
        self.watch: Watch[Hashable] = Watch(
            everything, self._doing, self._counts, lambda case: wanted_vectors(case, run.wanted)
        )

    @property
    def begun(self) -> bool:
        """Whether boards are at work, or were."""
        return self._loop.started

    def begin(self) -> None:
        """Let the boards begin; once is enough."""
        self._run.tell(self.watch.look)
        self._loop.start()

    def has(self, key: Hashable) -> bool:
        """Whether the outcome is, or will be, there to take."""
        return key in self._recorded or self._loop.has(key)

    def ready(self, key: Hashable) -> bool:
        """Whether it is there now."""
        return key in self._recorded or self._loop.done(key)

    def working(self, name: str) -> bool:
        """Whether boards of the name still have cases to run."""
        return self._loop.working(name)

    def withdraw(self, key: Hashable) -> None:
        """Not to be run, unless it has begun."""
        self._loop.withdraw(key)

    def wait(self, keys: Sequence[Hashable]) -> None:
        """Wait until one of them is ready, showing what the boards do, and recording what has ended."""
        self.begin()
        try:
            while not any(key in self._recorded for key in keys):
                self._record()
                if not any(self.ready(key) for key in keys):
                    self._loop.wait(self._loop.left(), REDRAW_S)
                    self.show()
        except BaseException:
            self.lines.leave()
            raise

    def take(self, key: Hashable) -> Outcome:
        """The outcome, waited for and recorded; it can be taken once."""
        self.wait([key])
        return self._recorded.pop(key)

    def show(self) -> None:
        """Draw what boards do now."""
        self.lines.draw([bar.text() for bar in (*self._here.values(), *self._loop.bars())])

    @contextmanager
    def showing(self, key: Hashable, case: Case, bar: Bar) -> Iterator[None]:
        """Show also what is measured in this thread for whoever has that key; its line stays."""
        self.watch.begin(key, case)
        self._here[key] = bar
        self._run.tell(self.watch.look)
        try:
            yield
        finally:
            del self._here[key]
            self._said(bar)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Stop the boards, and record how far they came: what is still under way is interrupted."""
        self._record()
        if not self.begun:
            return
        reason = self._run.ending.reason or _ENDED_FIRST
        for outcome, bar in self._loop.stop(reason, force=self._run.boards.let_go):
            self._run.record(outcome)
            self._said(bar)
        self.lines.leave()

    def _record(self) -> None:
        for key in self._loop.left():
            if self._loop.done(key):
                with self._run.ending.held():
                    outcome, bar = self._loop.take(key)
                    try:
                        self._run.record(outcome)
                    except StoreError as error:  # a record that no database could take: its test tells
                        outcome = replace(outcome, error=error)
                    self._recorded[key] = outcome
                    self.watch.ended(key, outcome)
                self._said(bar)

    def _doing(self) -> dict[Hashable, Doing]:
        """What boards are at; from any thread."""
        here = {key: Doing(bar) for key, bar in self._here.copy().items()}
        return {**self._loop.doing(), **here}

    def _counts(self) -> dict[str, int]:
        return {spec.name: self._run.boards.size(spec.name) for spec in self._run.specs}

    def _said(self, bar: Bar) -> None:
        if bar.total:
            self.lines.say(bar.text())
