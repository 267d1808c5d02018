"""The link to one board's firmware: handshake, inference, stack; see firmware/PROTOCOL.md.

with Link.open("/dev/ttyACM0", baudrate=115200) as link:
    hello = link.handshake(deadline_s=5.0)
    results = link.infer(inputs)
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from hil.errors import (
    DeviceCrashError,
    DeviceHungError,
    HandshakeError,
    LinkError,
    ProtocolVersionError,
    VectorError,
)
from hil.link import messages
from hil.link.frames import OVERHEAD_BYTES, Frame, Receiver, encode
from hil.link.messages import NO_VECTOR, VECTOR_BYTES_MAX, Hello, Result, StackUse, Type
from hil.link.pacing import Patience
from hil.link.stream import Stream
from hil.link.transport import Transport

__all__ = ["Hello", "Link", "LinkStats", "Result", "StackUse"]

_ASK_AGAIN_S = 0.25
_READY_S = 0.5
_HELLOS_MOST = 3
_EVIDENCE_BYTES = 16
_PAYLOAD_UNKNOWN = 1024  # what to expect before HELLO_REPLY tells
_BITS_PER_BYTE = 10  # on a serial line, start and stop bit included
_WORK_GUESS_S = 0.125


@dataclass(frozen=True)
class LinkStats:
    """Bytes on the wire since the link was opened, and the payload they carried.

    Payload is each vector's input once, and each result's ticks and output once. ``lost`` counts frames
    that, or whose answers, did not arrive; ``damaged`` the times that either side had to give up bytes.
    """

    wire_bytes_out: int
    wire_bytes_in: int
    payload_bytes_out: int
    payload_bytes_in: int
    lost: int
    damaged: int


class Link:
    """An open link; make it with ``open``. Its errors are LinkErrors, and none of them names a board."""

    def __init__(
        self, transport: Transport, baudrate: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._transport = transport
        self.clock = clock
        self._byte_s = _BITS_PER_BYTE / baudrate
        self._receiver = Receiver(_PAYLOAD_UNKNOWN)
        self._queue: deque[Frame] = deque()
        self._seq = 0
        self._nonce = 0
        self._number = 0  # of the next vector, counted since the handshake
        self._round_trip_s = _ASK_AGAIN_S
        self._last = b""
        self._device_damaged = 0
        self.hello: Hello | None = None
        self.payload_out = 0
        self.payload_in = 0
        self.lost = 0
        self.longest_s = 0.0  # that the device computed since the handshake

    @classmethod
    def open(cls, url: str, *, baudrate: int = 115_200, clock: Callable[[], float] = time.monotonic) -> Link:
        """Open the port; what the board said before is thrown away.

        ``clock`` tells the seconds by which the board's deadlines are counted.
        """
        return cls(Transport(url, baudrate), baudrate, clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.__exit__(kind, error, trace)

    @property
    def stats(self) -> LinkStats:
        """What the link carried so far."""
        return LinkStats(
            self._transport.bytes_out,
            self._transport.bytes_in,
            self.payload_out,
            self.payload_in,
            self.lost,
            self._receiver.damaged + self._device_damaged,
        )

    @property
    def next_number(self) -> int:
        """What the next vector will be called on the wire: vectors are numbered since the handshake."""
        return self._number

    def handshake(self, deadline_s: float) -> Hello:
        """Ask the firmware who it is, again and again until it answers or the deadline passes.

        Call it right after the board was started: it first waits for the firmware's READY.
        Raises DeviceHungError when nothing answers, ProtocolVersionError, DeviceCrashError.
        """
        deadline = self.clock() + deadline_s
        self.hello = None
        self._wait_for(Type.READY, min(deadline, self.clock() + _READY_S))
        asked = 0
        while (now := self.clock()) < deadline:
            if asked:
                self.give_up_half_frame()
                self.flush(_PAYLOAD_UNKNOWN + OVERHEAD_BYTES)
            asked += 1
            for _ in range(min(asked, _HELLOS_MOST)):  # all are answered, the first answer that comes will do
                self.send(Type.HELLO, messages.hello_request())
            reply = self._wait_for(Type.HELLO_REPLY, min(deadline, now + _ASK_AGAIN_S * asked))
            if reply is not None:
                self.hello = messages.parse_hello(reply.payload)
                self._receiver.payload_max = self.hello.max_payload
                self._round_trip_s = self.clock() - now
                self._number = 0
                self.longest_s = 0.0
                return self.hello
        raise self.hung(deadline_s, f"asked {asked} times")

    def infer(
        self,
        inputs: Sequence[npt.NDArray[np.generic]],
        *,
        on_result: Callable[[Result], None] | None = None,
        hang_after_s: float = 10.0,
        hang_factor: float = 0.0,
    ) -> list[Result]:
        """Run every input, (steps, features) in the model's input type; results in the inputs' order.

        ``on_result`` is called once per vector as answers come. Several frames are in flight, what gets lost
        is sent again. Raises VectorError before anything is sent when a shape or type is wrong,
        DeviceHungError when no frame came for ``hang_after_s``, or for ``hang_factor`` times the longest that
        an answer took so far where that is more; DeviceCrashError, LinkError.
        """
        hello = self.require_hello()
        check_inputs(inputs, hello)
        if not inputs:
            return []
        if self._number + len(inputs) > NO_VECTOR:
            hello = self.handshake(hang_after_s)  # starts the numbers anew
        first = self._number
        self._number += len(inputs)  # none twice: late answers must not fit another
        longest_s = (hello.max_payload + OVERHEAD_BYTES) * self._byte_s
        patience = Patience(self._round_trip_s, max(_WORK_GUESS_S, longest_s))
        return Stream(self, hello, first, inputs, patience, on_result).run(hang_after_s, hang_factor)

    def stack(self, deadline_s: float = 5.0) -> StackUse:
        """How deep the firmware's stack went since it started; zeros where it cannot tell."""
        hello = self.require_hello()
        deadline = self.clock() + deadline_s
        asked = 0
        while (now := self.clock()) < deadline:
            if asked:
                self.give_up_half_frame()
                self.flush(hello.max_payload + OVERHEAD_BYTES)
            self.send(Type.STACK, b"")
            asked += 1
            reply = self._wait_for(Type.STACK_REPLY, min(deadline, now + _ASK_AGAIN_S * asked))
            if reply is not None:
                return messages.parse_stack(reply.payload)
        raise self.hung(deadline_s, f"asked {asked} times for its stack")

    def require_hello(self) -> Hello:
        """The handshake's answer; HandshakeError when there was none yet."""
        if self.hello is None:
            raise HandshakeError("the link has shaken no hands yet", remedy="call handshake first")
        return self.hello

    def send(self, kind: Type, payload: bytes) -> int:
        """Send one frame; returns its size on the wire."""
        data = encode(Frame(kind, self._seq, payload))
        self._seq = (self._seq + 1) & 0xFFFF
        self._transport.write(data)
        return len(data)

    def next_nonce(self) -> int:
        """A number that no ping of this link has carried (in 2^32 pings)."""
        self._nonce = (self._nonce + 1) & 0xFFFF_FFFF
        return self._nonce

    def flush(self, count: int) -> int:
        """Send ``count`` zeros: as many as a frame can be long end a half one on the device."""
        self._transport.write(bytes(count))
        return count

    def give_up_half_frame(self) -> None:
        """The rest of a frame does not come: search what came of it, where whole frames may lie."""
        self._queue += self._receiver.give_up()

    def receive(self, silence_s: float, deadline: float) -> Frame | None:
        """The next frame; None when no byte came for ``silence_s``, or none had come whole by ``deadline``.

        READY after the handshake means that the firmware started again: LinkError. FAULT is raised here.
        """
        while not self._queue:
            left_s = max(0.0, deadline - self.clock())
            data = self._transport.read(min(silence_s, left_s))
            self._last = (self._last + data)[-_EVIDENCE_BYTES:]
            self._queue += self._receiver.feed(data)
            if not self._queue and (not data or left_s == 0.0):
                return None
        frame = self._queue.popleft()
        self._watch(frame)
        return frame

    def hung(self, waited_s: float, doing: str) -> DeviceHungError:
        """The error for a firmware that stopped answering, with the last bytes that came as evidence."""
        heard = f"{self._transport.bytes_in:,} bytes"
        last = f", last {self._last.hex(' ')}" if self._last else ""
        return DeviceHungError(
            f"the firmware has not answered for {waited_s:.1f} s",
            evidence=f"{doing}; heard {heard}{last}",
            remedy="it hangs, or needs longer (then give --hang-after), "
            "or its serial port is another one than the lab file says",
        )

    def _wait_for(self, kind: Type, deadline: float) -> Frame | None:
        while (left_s := deadline - self.clock()) > 0:
            frame = self.receive(left_s, deadline)
            if frame is not None and frame.type == kind:
                return frame
        return None

    def _watch(self, frame: Frame) -> None:
        if frame.type in (Type.READY, Type.HELLO_REPLY):
            said = messages.version_of(frame.payload)
            if said != messages.PROTOCOL_VERSION:
                raise ProtocolVersionError(
                    f"the firmware speaks protocol {said}, this lab {messages.PROTOCOL_VERSION}",
                    remedy="rebuild the firmware with `hil build`, or install the lab that fits it",
                )
        if frame.type == Type.READY and self.hello is not None:
            raise LinkError(
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


def check_inputs(inputs: Sequence[npt.NDArray[np.generic]], hello: Hello) -> None:
    """VectorError naming the first input whose shape or type the model does not take."""
    for number, vector in enumerate(inputs):
        fits = (
            vector.ndim == 2
            and vector.shape[1] == hello.features
            and hello.min_steps <= vector.shape[0] <= hello.max_steps
            and vector.dtype == hello.input_dtype
            and vector.nbytes <= VECTOR_BYTES_MAX
        )
        if not fits:
            steps = (
                str(hello.min_steps)
                if hello.min_steps == hello.max_steps
                else f"{hello.min_steps} to {hello.max_steps}"
            )
            raise VectorError(
                f"vector {number} is not what {hello.model} takes",
                evidence=f"{vector.dtype} {vector.shape}, not {hello.input_dtype} "
                f"({steps}, {hello.features})",
                remedy="use the vectors made for this model and precision",
            )
