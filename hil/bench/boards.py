"""The boards of one run: lent to one user at a time, opened when first needed, anew when they died."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from hil import limits
from hil.beside import beside, crowded
from hil.board import Board, open_board
from hil.desk.locks import BoardLock, take
from hil.errors import HilError, LabError
from hil.flash.base import AttachedProbe
from hil.flash.nursery import Nursery
from hil.flash.process import ProbeProcess
from hil.lab.boards import BoardSpec

_SLICE_S = 0.1


@dataclass(frozen=True)
class Use:
    """How boards are used: ``wait_s`` for another run to let one go; ``mass_erase`` of locked chips."""

    wait_s: float = 0.0
    mass_erase: bool = False


_ALONE = Use()


class Member:
    """One board, or one emulator of a pool; whoever has borrowed it opens and discards it.

    ``retired`` says why it takes no images any more, None while it does. One that is ``left_alone`` has no
    other of its name to take them: whoever asks for the board is told why.
    """

    def __init__(self, spec: BoardSpec, nursery: Nursery, place: int, use: Use) -> None:
        self.spec = spec
        self._use = use
        self._lock: BoardLock | None = None
        self.retired: str | None = None
        self.left_alone: str | None = None
        self.lent = False
        self._probes = ProbeProcess(nursery)
        self._place = place
        self._open: tuple[Board, ExitStack] | None = None
        self._opening: Callable[[], tuple[Board, ExitStack]] | None = None

    @property
    def emulated(self) -> bool:
        """Whether this machine's processors are what it computes with."""
        return self.spec.kind.emulator is not None

    @property
    def is_open(self) -> bool:
        """Whether it was opened, or begun to be, and not discarded since."""
        return self._open is not None or self._opening is not None

    def open_ahead(self) -> None:
        """Begin to open it beside other work; what keeps it from that is told to whoever needs it."""
        if not self.is_open:
            self._opening = beside(self._opened)

    def board(self) -> Board:
        """The open board; one that ended since its last use is opened anew. HilError when it cannot be."""
        if self.left_alone is not None:
            raise LabError(
                "is left alone for the rest of the run",
                board=self.spec.name,
                evidence=self.left_alone,
                remedy="check its cable and its power; the lab file may name a power_cycle, or a quarantine",
            )
        self._finish_opening()
        if self._open is not None:
            board, _ = self._open
            if board.failure() is None:
                return board
            self.discard()
        self._open = self._opened()
        return self._open[0]

    def hold(self, say: Callable[[str], None] = lambda line: None) -> None:
        """Keep other runs from the board until it is closed; LabError names who has it.

        Only boards that others could use are locked. ``say`` is told once who is waited for.
        """
        if self._lock is None and self.spec.identity is not None:
            try:
                self._lock = take(
                    self.spec.identity, self._use.wait_s, lambda who: say(f"{self.spec.name}: {who}")
                )
            except LabError as error:
                raise error.at(self.spec.name) from None

    def _opened(self) -> tuple[Board, ExitStack]:
        self.hold()
        stack = ExitStack()
        stack.callback(self._probes.close)
        opening = open_board(self.spec, self._probes, self._place, mass_erase=self._use.mass_erase)
        return stack.enter_context(opening), stack

    def _finish_opening(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            self._open = opening()

    def discard(self) -> None:
        """Close the board, so that whoever needs it next opens it anew; harmless when it is not open."""
        with suppress(HilError):  # nobody needs it any more
            self._finish_opening()
        held, self._open = self._open, None
        if held is not None:
            held[1].close()

    def close(self) -> None:
        """Close the board, and let other runs have it."""
        try:
            self.discard()
        finally:
            lock, self._lock = self._lock, None
            if lock is not None:
                lock.release()

    def attached(self) -> list[AttachedProbe]:
        """Every debug probe that is there now; ProbeError when that cannot be found out."""
        return self._probes.attached()

    def let_go(self) -> None:
        """Break what its user waits for, which is a debug probe that does not answer."""
        self._probes.kill()


class Boards:
    """All boards of a run by the names that they are stored under, ``sizes`` of them where they are emulated.

    Whoever asks ``first`` gets the next one that is free, before all others. ``changed`` is notified whenever
    one is given back; it is taken by ``held``. ``quiet`` holds back the signals that end a run. A context
    manager: it closes them.
    """

    def __init__(
        self,
        specs: Sequence[BoardSpec],
        sizes: Mapping[str, int],
        nursery: Nursery,
        quiet: Callable[[], AbstractContextManager[None]] = nullcontext,
        use: Use = _ALONE,
    ) -> None:
        self.changed = threading.Condition()
        self._quiet = quiet
        self._asked_first = dict.fromkeys((spec.name for spec in specs), 0)
        self._members: dict[str, list[Member]] = {}
        place = 0
        for spec in specs:
            places = spec.places if spec.members else (spec,) * sizes.get(spec.name, 1)
            self._members[spec.name] = [
                Member(one, nursery, place + number, use) for number, one in enumerate(places)
            ]
            place += len(places)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def held(self) -> Iterator[None]:
        """``changed``, taken: for an instant, or a wait of a tenth of a second where signals are handled.

        One that raised right after it was taken, before anybody could let it go, would leave all boards
        waiting for it; so it raises when it has been let go.
        """
        ours = threading.current_thread() is threading.main_thread()
        with self._quiet() if ours else nullcontext(), self.changed:
            yield

    def open_ahead(self) -> None:
        """Begin to open an emulator of each name, of as many as can compute at once.

        A board of silicon is only touched when it is needed. Where few files may be open nothing begins: git
        and the database would meet the limit instead.
        """
        if crowded():
            return
        first = [members[0] for members in self._members.values() if members[0].emulated]
        for member in first[: limits.processors()]:
            member.open_ahead()

    def size(self, name: str) -> int:
        """How many boards share the name."""
        return len(self._members[name])

    def borrow(self, name: str, meanwhile: Callable[[], None] = lambda: None) -> Member:
        """A board that is free, before anybody else who waits; waits until there is one.

        ``meanwhile`` is called again and again, a tenth of a second apart.
        """
        with self.held():
            self._asked_first[name] += 1
        try:
            while True:
                with self.held():
                    if (member := self._free(name)) is not None:
                        member.lent = True
                        return member
                    self.changed.wait(_SLICE_S)
                meanwhile()
        finally:
            with self.held():
                self._asked_first[name] -= 1
                self.changed.notify_all()

    def lend(self, name: str, member: Member) -> bool:
        """Lend this one, if it is free and nobody waits for any; whoever asks holds ``changed``."""
        if member.lent or self._asked_first[name]:
            return False
        member.lent = True
        return True

    def rest(self, name: str, member: Member) -> None:
        """Close an emulator that nobody waits for: its firmware would go on, on others' processors."""
        with self.held():
            if not member.emulated or not self.lend(name, member):
                return
        try:
            member.discard()
        finally:
            self.give_back(member)

    def give_back(self, member: Member) -> None:
        """Whoever waits may have it."""
        with self.held():
            member.lent = False
            self.changed.notify_all()

    def members(self, name: str) -> Sequence[Member]:
        """All boards of the name."""
        return self._members[name]

    def let_go(self) -> None:
        """Break what users wait for; see ``Member.let_go``."""
        for members in self._members.values():
            for member in members:
                member.let_go()

    def close(self) -> None:
        """Close them all, whoever has borrowed them."""
        with ExitStack() as all_of_them:
            for members in self._members.values():
                for member in members:
                    all_of_them.callback(member.close)

    def _free(self, name: str) -> Member | None:
        """One that is open, if there is a choice; one that is retired only where there is no other."""
        free = [member for member in self._members[name] if not member.lent]
        working = [member for member in free if member.retired is None]
        if not working and any(member.retired is None for member in self._members[name]):
            return None
        return max(working or free, key=lambda member: member.is_open, default=None)
