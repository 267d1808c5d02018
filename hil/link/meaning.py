"""What goes over a link, in words: the frames among bytes, and the stretches that are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hil.errors import LinkError
from hil.link import messages
from hil.link.frames import Frame, Receiver, encode
from hil.link.messages import NO_VECTOR, Type

_LONGEST = 65_535
_SHOWN = 16


@dataclass(frozen=True)
class Stretch:
    """Bytes that belong to no frame: damaged ones, or another program's; or zeros, which end a half frame."""

    data: bytes

    @property
    def zeros(self) -> bool:
        """Whether it means nothing to a receiver."""
        return not self.data.strip(b"\0")

    def __str__(self) -> str:
        if self.zeros:
            return f"{len(self.data):,} zeros"
        more = " …" if len(self.data) > _SHOWN else ""
        return f"damaged: {len(self.data):,} B, {self.data[:_SHOWN].hex(' ')}{more}"


class Finder:
    """One direction of a link; tells in order what its bytes are."""

    def __init__(self) -> None:
        self._receiver = Receiver(_LONGEST)
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[Frame | Stretch]:
        """The frames that end with these bytes, and what lay before each."""
        self._bytes += data
        return self._told(self._receiver.feed(data))

    def finish(self) -> list[Frame | Stretch]:
        """What is left at the end."""
        found = self._told(self._receiver.give_up())
        left = [Stretch(bytes(self._bytes))] if self._bytes else []
        self._bytes.clear()
        return [*found, *left]

    def expect(self, payload_max: int) -> None:
        """From now on frames carry at most so many bytes of payload."""
        self._receiver.payload_max = payload_max

    def _told(self, frames: list[Frame]) -> list[Frame | Stretch]:
        found: list[Frame | Stretch] = []
        for frame in frames:
            wire = encode(frame)
            at = self._bytes.find(wire)
            if at:
                found.append(Stretch(bytes(self._bytes[:at])))
            found.append(frame)
            del self._bytes[: at + len(wire)]
        return found


def hello_of(frame: Frame) -> messages.Hello | None:
    """What the firmware says of itself, if that is what the frame tells."""
    try:
        return messages.parse_hello(frame.payload) if frame.type == Type.HELLO_REPLY else None
    except LinkError:
        return None


def meaning(frame: Frame, hello: messages.Hello | None) -> str:
    """A frame's type and what it tells, as far as the handshake's answer lets it be read."""
    try:
        kind = Type(frame.type)
    except ValueError:
        return f"type {frame.type:#04x}, which is unknown, {len(frame.payload):,} B"
    try:
        told = _told(kind, frame.payload, hello)
    except (LinkError, IndexError):
        told = f"malformed, {len(frame.payload):,} B"
    return f"{kind.name} {told}".rstrip()


def _told(kind: Type, payload: bytes, hello: messages.Hello | None) -> str:
    if kind in (Type.HELLO, Type.READY):
        return f"protocol {messages.version_of(payload)}"
    if kind == Type.HELLO_REPLY:
        said = messages.parse_hello(payload)
        told = f"{said.model} {said.precision} on {said.kind}"
        return f"{told}, window {said.rx_window:,}, payload {said.max_payload:,}"
    if kind == Type.PING:
        return str(_word(payload, 0))
    if kind == Type.PONG:
        return _pong(messages.parse_pong(payload))
    if kind == Type.VECTORS:
        return _numbers(_word(payload, 0), payload[4])
    if kind == Type.FRAGMENT:
        size = len(payload) - messages.FRAGMENT_HEADER_BYTES
        return f"of {_word(payload, 0)}, {size:,} B from {_word(payload, 4):,}"
    if kind == Type.RESULTS:
        return _results(payload, hello)
    if kind == Type.REPEAT:
        number, per_span, spans = messages.parse_repeat(payload)
        return f"{number}, {per_span:,} times in each of {spans} spans"
    if kind == Type.REPEATED:
        repeated = messages.parse_repeated(payload)
        return f"{repeated.number}, {_ticks(repeated.ticks)} in each of {len(repeated.ticks)} spans"
    if kind in (Type.AGAIN, Type.WORKING):
        return str(_word(payload, 0))
    if kind == Type.NAK:
        return f"damaged {_word(payload, 0):,}"
    if kind == Type.STACK_REPLY:
        stack = messages.parse_stack(payload)
        return f"{stack.peak_total:,} of {stack.size:,} B, {stack.peak_model:,} below the model"
    if kind == Type.FAULT:
        return ", ".join(f"{name} {value:#010x}" for name, value in messages.parse_fault(payload).items())
    if kind == Type.ERROR:
        error = messages.parse_error(payload)
        of = "" if error.number == NO_VECTOR else f" of {error.number}"
        return f"{error.code}{of}, detail {error.detail}"
    return ""


def _pong(pong: messages.Pong) -> str:
    last = "none" if pong.last == NO_VECTOR else str(pong.last)
    told = f"{pong.nonce}: last {last}, damaged {pong.damaged:,}"
    if pong.missing is None:
        return told
    return f"{told}, assembling {pong.assembling}, {len(pong.missing):,} units missing"


def _results(payload: bytes, hello: messages.Hello | None) -> str:
    told = _numbers(_word(payload, 0), payload[4])
    if hello is None:
        return told
    ticks = [one.ticks for one in messages.parse_results(payload, hello.outputs, hello.output_dtype)]
    return f"{told}, {_ticks(ticks)}" if ticks else told


def _ticks(ticks: Sequence[int]) -> str:
    if not ticks:
        return "no ticks"
    return f"{min(ticks):,} ticks" + (f" to {max(ticks):,}" if max(ticks) > min(ticks) else "")


def _numbers(first: int, count: int) -> str:
    return f"{first}" if count == 1 else f"{first} to {first + count - 1}" if count else "none"


def _word(payload: bytes, at: int) -> int:
    if len(payload) < at + 4:
        raise IndexError(at)
    return int.from_bytes(payload[at : at + 4], "little")
