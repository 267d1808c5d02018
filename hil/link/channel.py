"""Frames to and from one board, over any transport, and what was heard when nothing comes any more."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

from hil.errors import (
    DeviceCrashError,
    DeviceHungError,
    DeviceRestartError,
    LinkError,
    ProtocolVersionError,
)
from hil.link import messages
from hil.link.frames import OVERHEAD_BYTES, Frame, Receiver, encode
from hil.link.messages import Type
from hil.link.transport import Transport

PAYLOAD_UNKNOWN = 1024  # what to expect before HELLO_REPLY tells
_EVIDENCE_BYTES = 16
_PAUSE_S = 0.1
_FEW_FRAMES, _MANY_FRAMES = (
    16,
    1024,
)  # more than a start sends at once; more than go unheard while a port is away
_T = TypeVar("_T")


@dataclass(frozen=True)
class LinkStats:
    """Bytes on the wire since the link was opened, and the payload they carried.

    Payload is each vector's input once, and each result's ticks and output once. ``lost`` counts frames
    that, or whose answers, did not arrive; ``damaged`` the damaged stretches that either side met;
    ``returns`` those that the port went away and came back.
    """

    wire_bytes_out: int
    wire_bytes_in: int
    payload_bytes_out: int
    payload_bytes_in: int
    lost: int
    damaged: int
    returns: int


@dataclass
class _Back:
    """A port that came back: pings that were sent since, and when to send the next."""

    ask_at: float
    pause_s: float = _PAUSE_S
    nonces: list[int] = field(default_factory=list)


class Channel:
    """An open transport that carries frames; its errors are LinkErrors, and none of them names a board.

    ``shaken`` says whether the firmware has introduced itself: from then on it must not start again. Whoever
    streams counts ``payload_out``, ``payload_in``, ``lost`` and ``longest_s``, the longest that the device
    computed since then. ``clock`` tells the seconds by which the board's deadlines are counted.

    Where the port went away and came back, nothing is sent until a PING has told that the firmware is the one
    from before. Its PONG sets ``resumed``, for whoever streams to reset: what was sent up to then is handled
    or lost, but for the ``unsent`` frames of vectors.
    """

    def __init__(self, transport: Transport, clock: Callable[[], float] = time.monotonic) -> None:
        self.shaken = False
        self.resumed = False
        self.unsent = 0
        self.payload_out = 0
        self.payload_in = 0
        self.lost = 0
        self.longest_s = 0.0
        self._transport = transport
        self._receiver = Receiver(PAYLOAD_UNKNOWN)
        self._queue: deque[Frame] = deque()
        self._seq = 0
        self._nonce = 0
        self._last = b""
        self._device_damaged = 0
        self._clock = clock
        self._away_s = 0.0  # how long the port was, altogether
        self._heard_seq = 0  # of the device's latest frame
        self._computed = False  # whether the device has answered a vector since it introduced itself
        self._back: _Back | None = None  # the port came back, and it is not known yet who is there

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.__exit__(kind, error, trace)

    def clock(self) -> float:
        """The seconds by which deadlines are counted; they stand while the port is away."""
        return self._clock() - self._away_s

    @property
    def via(self) -> str:
        """What carries the bytes, ``uart``, ``ram`` or ``probe``: settled by the firmware's first answer."""
        return self._transport.name

    @property
    def byte_s(self) -> float:
        """How long the line takes for a byte, in seconds."""
        return self._transport.byte_s

    @property
    def stats(self) -> LinkStats:
        """What it carried so far."""
        return LinkStats(
            self._transport.bytes_out,
            self._transport.bytes_in,
            self.payload_out,
            self.payload_in,
            self.lost,
            self._receiver.damaged + self._device_damaged,
            self._transport.returns,
        )

    def expect(self, payload_max: int) -> None:
        """Frames from the device carry at most so many bytes of payload."""
        self._receiver.payload_max = payload_max

    def send(self, kind: Type, payload: bytes) -> int:
        """Send one frame; returns its size on the wire."""
        data = encode(Frame(kind, self._seq, payload))
        self._seq = (self._seq + 1) & 0xFFFF
        self.unsent += self._back is not None and kind in (Type.VECTORS, Type.FRAGMENT)
        self._write(data)
        return len(data)

    def next_nonce(self) -> int:
        """A number that no ping of this channel has carried (in 2^32 pings)."""
        self._nonce = (self._nonce + 1) & 0xFFFF_FFFF
        return self._nonce

    def flush(self, count: int) -> int:
        """Send ``count`` zeros: as many as a frame can be long end a half one on the device."""
        self._write(bytes(count))
        return count

    def give_up_half_frame(self) -> None:
        """The rest of a frame does not come: search what came of it, where whole frames may lie."""
        self._queue += self._receiver.give_up()

    def receive(self, silence_s: float, deadline: float) -> Frame | None:
        """The next frame; None when no byte came for ``silence_s``, or none had come whole by ``deadline``.

        READY after the handshake means that the firmware started again: DeviceRestartError. FAULT is raised
        here.
        """
        while not self._queue:
            left_s = max(0.0, deadline - self.clock())
            if self._back is not None:
                self._ask_who_is_there(self._back)
            data = self._read(min(silence_s if self._back is None else self._back.pause_s, left_s))
            self._last = (self._last + data)[-_EVIDENCE_BYTES:]
            self._queue += self._receiver.feed(data)
            quiet = not data and self._back is None
            if not self._queue and (quiet or left_s == 0.0):
                return None
        frame = self._queue.popleft()
        self._watch(frame)
        return frame

    def wait_for(self, kind: Type, deadline: float) -> Frame | None:
        """The next frame of a type, passing over others; None when it has not come by the deadline."""
        while (left_s := deadline - self.clock()) > 0:
            frame = self.receive(left_s, deadline)
            if frame is not None and frame.type == kind:
                return frame
        return None

    def hung(self, waited_s: float, doing: str) -> DeviceHungError:
        """The error for a firmware that stopped answering, with the last bytes that came as evidence."""
        heard = f"{self._transport.bytes_in:,} bytes"
        last = f", last {self._last.hex(' ')}" if self._last else ""
        return DeviceHungError(
            f"the firmware has not answered for {waited_s:.1f} s",
            evidence=f"{doing}; heard {heard}{last}",
            remedy="it hangs, or needs longer (then give --hang-after)"
            + ("" if self.via == "probe" else ", or its serial port is another one than the lab file says"),
        )

    def _write(self, data: bytes) -> None:
        if self._back is None:
            self._across(lambda: self._transport.write(data))

    def _read(self, timeout_s: float) -> bytes:
        return self._across(lambda: self._transport.read(timeout_s))

    def _across(self, call: Callable[[], _T]) -> _T:
        """A call of the transport, in which the port may go away and come back."""
        returns, began = self._transport.returns, self._clock()
        answer = call()
        if self._transport.returns != returns:
            self._away_s += self._clock() - began
            self.give_up_half_frame()
            if self.shaken:
                self._back = _Back(self.clock())
        return answer

    def _ask_who_is_there(self, back: _Back) -> None:
        """Ping, behind zeros that end a half frame, again after a while that doubles each time."""
        if self.clock() < back.ask_at:
            return
        back.ask_at = self.clock() + back.pause_s
        back.pause_s *= 2
        back.nonces.append(self.next_nonce())
        ping = encode(Frame(Type.PING, self._seq, back.nonces[-1].to_bytes(4, "little")))
        self._across(lambda: self._transport.write(bytes(self._receiver.payload_max + OVERHEAD_BYTES) + ping))

    def _recognise(self, pong: Frame) -> None:
        """The first answer since the port came back; LinkError when the firmware has started again.

        That knows of no vector and counts its frames from 0. One that merely knows of none has heard HELLO of
        another host.
        """
        if self._back is None or int.from_bytes(pong.payload[:4], "little") not in self._back.nonces:
            return
        self._back = None
        self.resumed = True
        since = (pong.seq - self._heard_seq) & 0xFFFF
        counts_on = self._heard_seq >= _FEW_FRAMES and 0 < since < _MANY_FRAMES
        last = int.from_bytes(pong.payload[8:12], "little")
        if self._computed and last == messages.NO_VECTOR and not counts_on:
            raise LinkError(
                "the firmware started again while its port was away",
                evidence="it had computed vectors, and knows of none",
                remedy="run it again; a board that its port's cable powers cannot go on without it",
            )

    def _watch(self, frame: Frame) -> None:
        if frame.type in (Type.READY, Type.HELLO_REPLY):
            said = messages.version_of(frame.payload)
            if said != messages.PROTOCOL_VERSION:
                raise ProtocolVersionError(
                    f"the firmware speaks protocol {said}, this lab {messages.PROTOCOL_VERSION}",
                    remedy="rebuild the firmware with `hil build`, or install the lab that fits it",
                )
        if frame.type == Type.READY and self.shaken:
            raise DeviceRestartError(
                "the firmware started again in the middle of the session",
                evidence="a second READY",
                remedy="look for a watchdog, a brown-out or a loose cable",
            )
        if frame.type == Type.FAULT:
            raise DeviceCrashError(
                "the firmware crashed",
                registers=messages.parse_fault(frame.payload),
                remedy="look pc and lr up in the image's symbols",
            )
        if frame.type in (Type.NAK, Type.PONG):
            at = 0 if frame.type == Type.NAK else 4
            self._device_damaged = int.from_bytes(frame.payload[at : at + 4], "little")
        if frame.type == Type.PONG:
            self._recognise(frame)
        if frame.type in (Type.RESULTS, Type.HELLO_REPLY):
            self._computed = frame.type == Type.RESULTS
        self._heard_seq = frame.seq
