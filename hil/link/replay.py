"""A recording played to the code that drives boards: what happened can be looked at without the board.

Time is the recording's. As long as the code sends what was sent then, it is told what was told then; once it
does otherwise, it hears what came by the time for which it listens.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hil.errors import HilError, LinkError
from hil.link.channel import Channel, LinkStats
from hil.link.frames import Frame
from hil.link.link import Link
from hil.link.meaning import Finder, hello_of
from hil.link.messages import Hello
from hil.link.recording import Kind, Record, Recording
from hil.link.sent import vectors_sent
from hil.wire import most_vector_bytes

_SLACK_S = 0.05  # that a wait may have taken longer than it was told
_LONGEST_S = 86_400.0
_VECTORS_MOST = 1 << 20


@dataclass(frozen=True)
class Replay:
    """What came of it: vectors asked for and answered, what the link counted, and the error that ended it.

    ``deviates_s`` is when the code first sent other bytes than were sent then; None: it never did.
    """

    hello: Hello | None
    asked: int
    answered: int
    stats: LinkStats
    error: HilError | None
    deviates_s: float | None


class ReplayedTransport:
    """The transport of a recording."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.bytes_out = 0
        self.bytes_in = 0
        self.returns = 0
        self.name = "uart"
        self.byte_s = 0.0
        self.deviates_s: float | None = None
        self._now_s = 0.0
        self._calls: deque[_Call] = deque()
        for record in records:
            if record.kind == Kind.STATE:
                if self._calls:
                    self._calls[-1].states.append(record.facts or {})
                else:
                    self._become(record.facts or {})
            elif record.kind != Kind.SAID:
                self._calls.append(_Call(record, []))

    def clock(self) -> float:
        """The seconds that had passed then."""
        if self.deviates_s is None and self._is_next(Kind.CLOCK):
            self._take()
        return self._now_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """There is nothing to close."""

    def write(self, data: bytes) -> None:
        """Compare it with what was sent then."""
        self.bytes_out += len(data)
        if self._follows(Kind.OUT, data):
            self._take()

    def read(self, timeout_s: float) -> bytes:
        """What came then; LinkError where the recording ends."""
        if self._follows(Kind.IN):
            return self._take()
        until_s = self._now_s + timeout_s
        while self._calls:
            record, states = self._calls[0].record, self._calls[0].states
            if record.kind != Kind.IN and not states:
                self._calls.popleft()
            elif states:
                return self._take()
            elif record.time_s > until_s + _SLACK_S:
                self._now_s = until_s
                return b""
            elif record.data or record.time_s >= until_s - _SLACK_S:
                return self._take()
            else:
                self._calls.popleft()  # then the host stopped waiting, now it still waits
        raise LinkError("the recording ends here", evidence=f"{self._now_s:.6f} s from its beginning")

    def hang_up(self) -> None:
        """The recording tells when the port went away."""

    def _follows(self, kind: Kind, data: bytes | None = None) -> bool:
        """Whether this is what was done then; from the first time that it is not, time alone counts."""
        while self.deviates_s is None and self._is_next(Kind.CLOCK):
            self._take()
        if self.deviates_s is None and self._calls:
            if self._is_next(kind) and data in (None, self._calls[0].record.data):
                return True
            self.deviates_s = self._now_s
        return False

    def _is_next(self, kind: Kind) -> bool:
        return bool(self._calls) and self._calls[0].record.kind == kind

    def _take(self) -> bytes:
        call = self._calls.popleft()
        self._now_s = max(self._now_s, call.record.time_s)
        came = call.record.data if call.record.kind == Kind.IN else b""
        self.bytes_in += len(came)
        for state in call.states:
            self._become(state)
            _raise(state.get("raised"))
        return came

    def _become(self, state: Mapping[str, Any]) -> None:
        self.name = str(state.get("link", self.name))
        self.byte_s = _seconds(state, "byte_s", self.byte_s)
        self.returns = int(_seconds(state, "returns", self.returns))


def _raise(error: object) -> None:
    """Fail as the transport did then: with what happened, the evidence and the remedy."""
    if isinstance(error, list) and len(error) == 3:
        what, evidence, remedy = (None if one is None else str(one) for one in error)
        raise LinkError(what or "the transport failed", evidence=evidence, remedy=remedy)


@dataclass(frozen=True)
class _Call:
    """A write, a read or a look at the clock, and how the transport changed in it."""

    record: Record
    states: list[Mapping[str, Any]]


def replay(recording: Recording) -> Replay:
    """Ask today's Link for what was asked then, with the vectors that were sent then.

    Vectors that never went out whole are zeros. Raises nothing that the link raises: it is the answer.
    """
    transport = ReplayedTransport(recording.records)
    link = Link(Channel(transport, transport.clock))
    sent = _sent(recording.records)
    asked = answered = number = 0
    error: HilError | None = None

    def on_result(_: object) -> None:
        nonlocal answered
        answered += 1

    try:
        for facts in (one.facts for one in recording.records if one.kind == Kind.SAID and one.facts):
            ask = facts.get("ask")
            if ask == "handshake":
                number = 0
                link.handshake(_seconds(facts, "deadline_s", 5.0))
            elif ask == "infer":
                inputs = _inputs(facts, link.require_hello(), number, sent)
                asked += len(inputs)
                number += len(inputs)
                link.infer(
                    inputs,
                    on_result=on_result,
                    hang_after_s=_seconds(facts, "hang_after_s", 10.0),
                    hang_factor=_seconds(facts, "hang_factor", 0.0),
                )
            elif ask == "repeat":
                link.repeat(
                    _count(facts, "number"),
                    _count(facts, "per_span"),
                    _count(facts, "spans"),
                    _seconds(facts, "within_s", 60.0),
                )
            elif ask == "stack":
                link.stack(_seconds(facts, "deadline_s", 5.0))
    except HilError as raised:
        error = raised
    return Replay(link.hello, asked, answered, link.stats, error, transport.deviates_s)


def _seconds(facts: Mapping[str, Any], name: str, default: float) -> float:
    value = facts.get(name)
    return min(float(value), _LONGEST_S) if isinstance(value, int | float) and value >= 0 else default


def _count(facts: Mapping[str, Any], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) else -1


def _inputs(
    facts: Mapping[str, Any], hello: Hello, number: int, sent: Mapping[int, npt.NDArray[np.generic]]
) -> list[npt.NDArray[np.generic]]:
    """The vectors of one call of infer, from a number on: those that were sent, and zeros for the others."""
    missing: dict[int, npt.NDArray[np.generic]] = {}
    inputs: list[npt.NDArray[np.generic]] = []
    row_bytes = hello.features * hello.input_dtype.itemsize
    for steps, count in _runs(facts.get("steps")):
        if len(inputs) + count > _VECTORS_MOST or steps * row_bytes > most_vector_bytes(hello.max_payload):
            told = f"{count:,} vectors of {steps * row_bytes:,} B"
            raise HilError("the recording asks for what cannot be", evidence=told)
        if steps not in missing:
            missing[steps] = np.zeros((steps, hello.features), hello.input_dtype)
        first = number + len(inputs)
        inputs += [sent.get(one, missing[steps]) for one in range(first, first + count)]
    return inputs


def _runs(steps: object) -> list[tuple[int, int]]:
    """(steps, how many vectors of so many) from ``[[8, 100], [7, 1]]``."""
    if not isinstance(steps, list):
        return []
    pairs = [one for one in steps if isinstance(one, list) and len(one) == 2]
    return [(one, count) for one, count in pairs if isinstance(one, int) and isinstance(count, int)]


def _sent(records: Sequence[Record]) -> dict[int, npt.NDArray[np.generic]]:
    hello = next(filter(None, map(hello_of, _frames(records, Kind.IN))), None)
    return {} if hello is None else vectors_sent(_frames(records, Kind.OUT), hello)


def _frames(records: Sequence[Record], kind: Kind) -> Iterator[Frame]:
    finder = Finder()
    for record in records:
        if record.kind == kind:
            yield from (found for found in finder.feed(record.data) if isinstance(found, Frame))
