"""Runs cases on boards ahead of whoever wants them: a thread for each board, a queue for each name."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar

from hil.bench.attempt import Attempt, Outcome, Wanted
from hil.bench.boards import Boards, Member
from hil.bench.ending import Ended
from hil.bench.plan import Case
from hil.bench.progress import Bar
from hil.bench.recovery import Recovery
from hil.bench.turns import STANDS_S, Turn, Turns
from hil.bench.watch import Doing
from hil.board import Board
from hil.errors import MORE_PROCESSES, HilError, ProbeError
from hil.link.answered import Answered
from hil.logbook import Logbook
from hil.measure.accuracy import golden_exact
from hil.session import Progress
from hil_db.records import Incident

K = TypeVar("K", bound=Hashable)

ORDERLY_S = 5.0  # for boards to stop where they are; then their probes are let go by force
FORCED_S = 5.0


@dataclass(eq=False)
class Job:
    """A case that waits, runs on a board, or has ended with an outcome."""

    case: Case
    bar: Bar
    turn: Turn | None = None
    outcome: Outcome | None = None
    running: bool = False
    taken: bool = False
    incidents: list[Incident] = field(default_factory=list)  # what was done about boards that had it
    log: Logbook = field(default_factory=Logbook)  # what happened on them
    recovery: Recovery | None = None  # what is being done about the one that has it


class Loop(Generic[K]):
    """Cases by whatever keys their owner knows them; ``start`` runs them, in their order, on the boards.

    The owner's thread alone calls this; it ``wait``s for outcomes and ``take``s each once. ``stop`` ends what
    runs, as interrupted. ``ready`` builds what has to be built before a case can run; ``note`` is told of
    boards that take no images any more.
    """

    def __init__(
        self,
        boards: Boards,
        jobs: Mapping[K, Case],
        wanted: Wanted,
        ready: Callable[[Case], None] = lambda case: None,
        note: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._boards = boards
        self._jobs = {
            key: Job(case, Bar(f"{case.board.name} {case.image_name}")) for key, case in jobs.items()
        }
        self._wanted = wanted
        self._ready = ready
        self._note = note
        self._queues: dict[str, deque[Job]] = {}
        for job in self._jobs.values():
            self._queues.setdefault(job.case.board.name, deque()).append(job)
        self._serving: dict[str, set[Member]] = {}
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self._reason: str | None = None
        self._turns = Turns(boards.changed)

    @property
    def started(self) -> bool:
        """Whether boards are at work, or were."""
        return bool(self._threads)

    def start(self) -> None:
        """Let the boards begin; once is enough."""
        if self._threads:
            return
        with self._boards.held():
            for name, queue in self._queues.items():
                members = self._boards.members(name)
                working = [member for member in members if member.retired is None] or members
                self._serving[name] = set(working[: len(queue)])
                for member in list(self._serving[name]):
                    self._start(name, member)

    def _start(self, name: str, member: Member) -> None:
        """Let one board begin; where the system gives no thread for any of the name, its cases end so."""
        thread = threading.Thread(target=self._serve, args=(name, member), name=f"board {name}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            self._serving[name].discard(member)
            refused = ProbeError(
                "the system gives no thread for the board", evidence=str(error), remedy=MORE_PROCESSES
            ).at(name)
            while self._queues[name] and not self._serving[name]:
                job = self._queues[name].popleft()
                job.outcome = Outcome.unopened(job.case, refused)
        else:
            self._threads.append(thread)

    def has(self, key: K) -> bool:
        """Whether the outcome of that key was or will be there to take."""
        job = self._jobs.get(key)
        return job is not None and not job.taken

    def done(self, key: K) -> bool:
        """Whether its outcome can be taken at once."""
        job = self._jobs.get(key)
        return job is not None and job.outcome is not None and not job.taken

    def working(self, name: str) -> bool:
        """Whether a board of the name still has cases to run."""
        return self.started and any(job.outcome is None and not job.taken for job in self._of(name))

    def left(self) -> list[K]:
        """The keys of all outcomes that were not taken yet."""
        return [key for key, job in self._jobs.items() if not job.taken]

    def bars(self) -> list[Bar]:
        """How far the cases are that run now and wait for no others, in the order in which they began."""
        with self._boards.held():
            active = [job for job in self._jobs.values() if job.running]
            running = [job for job in active if job.turn is None or not job.turn.waits]
        return sorted((job.bar for job in running), key=lambda bar: bar.started)

    def doing(self) -> dict[K, Doing]:
        """What runs, and what has ended and was not taken; from any thread."""
        with self._boards.held():
            return {key: _doing(job) for key, job in self._jobs.items() if job.running or job.outcome}

    def wait(self, keys: Sequence[K], seconds: float) -> bool:
        """Wait until one of the outcomes can be taken, at most so long; whether one can."""
        with self._boards.held():
            return self._boards.changed.wait_for(lambda: any(self.done(key) for key in keys), seconds)

    def take(self, key: K) -> tuple[Outcome, Bar]:
        """The outcome, which must be there; it can be taken once."""
        job = self._jobs[key]
        outcome, job.outcome = job.outcome, None  # with its samples and outputs, which need not stay
        assert outcome is not None
        job.taken = True
        return outcome, job.bar

    def withdraw(self, key: K) -> bool:
        """Not run it, if it has not begun; whether it had not."""
        with self._boards.held():
            job = self._jobs.get(key)
            if job is None or job.taken or job.running or job.outcome is not None:
                return False
            self._queues[job.case.board.name].remove(job)
            job.taken = True
            return True

    def stop(self, reason: str, force: Callable[[], None] = lambda: None) -> list[tuple[Outcome, Bar]]:
        """End what runs, in order, and begin nothing more; gives all outcomes that were not taken.

        ``force`` is called for boards that do not end in time: it breaks what they wait for.
        """
        with self._boards.held():
            self._reason, self._stopping = reason, True
            self._boards.changed.notify_all()
        if not self._joined(ORDERLY_S):
            force()
            self._joined(FORCED_S)
        left = [job for job in self._jobs.values() if not job.taken and (job.outcome or job.running)]
        for job in left:
            job.taken = True
        late = Ended(f"{reason}; its board did not stop in time")
        return [(job.outcome or Outcome.unopened(job.case, late), job.bar) for job in left]

    def _joined(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    # In the threads of the boards

    def _serve(self, name: str, member: Member) -> None:
        while (job := self._next(name, member)) is not None:
            try:
                self._run(job, member)
            finally:
                self._boards.give_back(member)
        self._boards.rest(name, member)

    def _next(self, name: str, member: Member) -> Job | None:
        """Borrow the board for the next case, once nobody asks for one first; None when there is no more.

        While others still run, one of their cases may come back.
        """
        queue = self._queues[name]
        with self._boards.held():
            while not self._stopping and member.retired is None:
                room = not member.emulated or self._turns.room()
                if queue and room and self._boards.lend(name, member):
                    job = queue.popleft()
                    job.running = True
                    job.bar.begin()
                    job.turn = self._turns.begin(job.bar) if member.emulated else None
                    return job
                if not queue and not any(one.running for one in self._of(name)):
                    break
                self._boards.changed.wait(STANDS_S)  # one that gets ready may stand still
            self._serving[name].discard(member)
            return None

    def _of(self, name: str) -> list[Job]:
        return [job for job in self._jobs.values() if job.case.board.name == name]

    def _run(self, job: Job, member: Member) -> None:
        outcome: Outcome | None = None
        try:
            outcome = self._outcome(job, member)
        except BaseException as error:  # noqa: BLE001  # told by the one who waits for it
            outcome = Outcome.unopened(job.case, error)
        with self._boards.held():
            job.running = False
            if job.turn is not None:
                self._turns.computed(job.turn)
            if outcome is None:
                self._queues[job.case.board.name].appendleft(job)
            else:
                job.outcome = outcome
            self._boards.changed.notify_all()

    def _outcome(self, job: Job, member: Member) -> Outcome | None:
        """How the case ended; None when its board was at fault and another one can take it."""
        recovery = Recovery(member.spec, member.attached, lambda: self._stopping, log=job.log)
        job.recovery = recovery
        started: datetime | None = None
        while True:
            outcome = self._attempted(job, member, recovery.answered)
            started = started or outcome.started
            if self._stopping or not recovery.again(outcome.error):
                break
            self._turn_again(job)
        job.recovery = None
        job.incidents += recovery.incidents
        error = outcome.error
        unopened = not outcome.opened and job.case.broken is None
        if error is not None and (unopened or recovery.left_alone is not None):
            if self._retire(job.case.board.name, member, error):
                return None
            member.left_alone = recovery.left_alone
        # What was done about the board is stored with the session, which had begun when it was done.
        opened = outcome.opened or bool(job.incidents)
        told = replace(outcome, opened=opened, incidents=tuple(job.incidents), started=started)
        return replace(told, log=job.log.lines())

    def _attempted(self, job: Job, member: Member, answered: Answered) -> Outcome:
        """How the case ended on the board at one go; what it ``answered`` runs no more."""
        case = job.case
        if case.broken is not None:
            return Outcome.unopened(case, case.broken)
        try:
            board = member.board()
        except HilError as error:
            return Outcome.unopened(case, self._interrupted(error))
        stoppable = self._stoppable(board)
        attempt = Attempt(case, stoppable, self._wanted, self._ready, ahead=True, log=job.log)
        try:
            self._wait_for_processor(job, board)
            with attempt:
                job.bar.stream()
                attempt.measure(self._progress(job), answered=answered, beside=job.bar.also)
            outcome = attempt.outcome()
        except BaseException as error:  # noqa: BLE001  # told by the one who waits for it
            outcome = attempt.outcome(self._interrupted(error))
        if not _as_expected(outcome):
            member.discard()  # whoever comes next starts on one that nothing went wrong on
        return outcome

    def _turn_again(self, job: Job) -> None:
        """What was started anew gets ready anew."""
        with self._boards.held():
            if job.turn is not None:
                self._turns.computed(job.turn)
                job.turn = self._turns.begin(job.bar)

    def _wait_for_processor(self, job: Job, board: Board) -> None:
        """An emulator computes on a processor of its own, once one is free."""
        if job.turn is None:
            return

        def check() -> None:
            if self._stopping:
                raise Ended(self._reason)

        with self._boards.held():
            processor = self._turns.compute(job.turn, check)
        board.stay_on(processor)

    def _progress(self, job: Job) -> Progress:
        """How far it is; with its last vector it has computed."""

        def progress(done: int, total: int) -> None:
            job.bar(done, total)
            if done == total and job.turn is not None:
                with self._boards.held():
                    self._turns.computed(job.turn)

        return progress

    def _retire(self, name: str, member: Member, error: BaseException) -> bool:
        """Give this board no more images, where others of its pool can take them; whether they can."""
        with self._boards.held():
            if self._stopping or len(self._serving[name]) < 2:
                return False
            self._serving[name].discard(member)
            member.retired = str(error)
        self._note(f"{name}: one of its {self._boards.size(name)} boards takes no images any more: {error}")
        return True

    def _stoppable(self, board: Board) -> Board:
        """The board, whose clock ends whoever waits for it once the loop is stopped."""

        def clock() -> float:
            if self._stopping:
                raise Ended(self._reason)
            return board.clock()

        return replace(board, clock=clock)

    def _interrupted(self, error: BaseException) -> BaseException:
        """What fails while the loop is being stopped fails because of that."""
        return Ended(self._reason) if self._stopping else error


def _doing(job: Job) -> Doing:
    recovery = job.recovery
    incidents = [*job.incidents, *(recovery.incidents if recovery is not None else ())]
    waits = job.turn is not None and job.turn.waits
    return Doing(job.bar, job.outcome, waits, incidents)


def _as_expected(outcome: Outcome) -> bool:
    if outcome.report is None or outcome.vectors is None or outcome.report.mishaps:
        return False
    return golden_exact(outcome.report.outputs, outcome.vectors.goldens).value == 1.0
