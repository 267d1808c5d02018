"""The link to one board's firmware: handshake, inference, stack; see firmware/PROTOCOL.md.

with Link.open("/dev/ttyACM0", baudrate=115200) as link:
    hello = link.handshake(deadline_s=5.0)
    results = link.infer(inputs)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from hil.errors import HandshakeError, VectorError
from hil.link import messages
from hil.link.channel import PAYLOAD_UNKNOWN, Channel, LinkStats
from hil.link.faults import Faults, FaultyTransport
from hil.link.frames import OVERHEAD_BYTES, Frame
from hil.link.messages import NO_VECTOR, Hello, Result, StackUse, Type
from hil.link.pacing import Pacing, Patience
from hil.link.recording import Recorder, RecordingTransport
from hil.link.repeat import Repeat
from hil.link.rings import Memory, MemoryTransport
from hil.link.stream import Stream, payload_limit
from hil.link.transport import Reopening, SerialTransport, Transport
from hil.wire import most_vector_bytes

__all__ = ["Hello", "Link", "LinkStats", "Result", "StackUse"]

_ASK_AGAIN_S = 0.1
_READY_S = 0.5
_COPIES = 3
_ANSWER_BYTES = 200
_FLUSH_BYTES = 32
_WORK_GUESS_S = 0.125


class Link:
    """An open link; make it with ``open``. Its errors are LinkErrors, and none of them names a board."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._number = 0  # of the next vector, counted since the handshake
        self._last: Result | None = None  # of the vectors, in their order; what is there to repeat
        self._pacing: Pacing
        self._patience: Patience
        self.hello: Hello | None = None

    @classmethod
    def open(
        cls,
        url: str,
        *,
        baudrate: int = 115_200,
        memory: Memory | None = None,
        faults: Faults | None = None,
        reopening: Reopening | None = None,
        recorder: Recorder | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> Link:
        """Open the port; what the board said before is thrown away.

        With ``memory``, which the board reaches too, frames travel through it where the firmware knows how.
        ``faults`` damage what travels, from the handshake on. With ``reopening`` a port that goes away is
        opened again, and what was lost is sent again; LinkError if the firmware started again meanwhile.
        ``recorder`` notes all that travels.
        ``clock`` tells the seconds by which the board's deadlines are counted.
        """
        port = SerialTransport(url, baudrate, reopening)
        line: Transport = port if memory is None else MemoryTransport(memory, port)
        return cls.over(line, faults=faults, recorder=recorder, clock=clock)

    @classmethod
    def over(
        cls,
        line: Transport,
        *,
        faults: Faults | None = None,
        recorder: Recorder | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> Link:
        """A link over an open transport, which it closes; the rest is as in ``open``."""
        if faults is not None:
            line = FaultyTransport(line, faults)
        if recorder is not None:
            return cls(Channel(RecordingTransport(line, recorder), recorder.clock))
        return cls(Channel(line, clock))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.__exit__(kind, error, trace)

    @property
    def via(self) -> str:
        """What carries the frames, ``uart``, ``ram`` or ``probe``: settled once hands were shaken."""
        return self._channel.via

    @property
    def stats(self) -> LinkStats:
        """What the link carried so far."""
        return self._channel.stats

    def handshake(self, deadline_s: float) -> Hello:
        """Ask the firmware who it is, again and again until it answers or the deadline passes.

        Call it right after the board was started: it first waits for the firmware's READY.
        Raises DeviceHungError when nothing answers, ProtocolVersionError, DeviceCrashError.
        """
        channel = self._channel
        deadline = channel.clock() + deadline_s
        self.hello = None
        channel.shaken = False
        channel.wait_for(Type.READY, min(deadline, channel.clock() + _READY_S))
        started = channel.clock()
        reply, asked = self._ask(
            Type.HELLO, messages.hello_request(), Type.HELLO_REPLY, deadline, PAYLOAD_UNKNOWN
        )
        if reply is None:
            raise channel.hung(deadline_s, f"asked {asked} times")
        hello = messages.parse_hello(reply.payload)
        channel.expect(hello.max_payload)
        channel.shaken = True
        channel.longest_s = 0.0
        self._number = 0
        self._last = None
        self._pacing = Pacing(payload_limit(hello))
        round_trip_s = channel.clock() - started if asked == 1 else _ASK_AGAIN_S
        frame_s = (hello.max_payload + OVERHEAD_BYTES) * channel.byte_s
        self._patience = Patience(round_trip_s, max(_WORK_GUESS_S, frame_s))
        self.hello = hello
        return hello

    def _ask(
        self, kind: Type, payload: bytes, wanted: Type, deadline: float, longest: int
    ) -> tuple[Frame | None, int]:
        """Ask until the answer comes or the deadline passes; the answer, and how often it was asked for.

        From the second time on the question goes out in several copies, of which one may arrive, behind zeros
        that end a half frame, of up to ``longest`` bytes of payload.
        """
        channel = self._channel
        asked = 0
        while (now := channel.clock()) < deadline:
            zeros = min(longest, _FLUSH_BYTES << asked) + OVERHEAD_BYTES if asked else 0
            if asked:
                channel.give_up_half_frame()
                channel.flush(zeros)
            asked += 1
            for _ in range(min(asked, _COPIES)):
                channel.send(kind, payload)
            line_s = (zeros + _COPIES * _ANSWER_BYTES) * channel.byte_s
            reply = channel.wait_for(wanted, min(deadline, now + _ASK_AGAIN_S + line_s))
            if reply is not None:
                return reply, asked
        return None, asked

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
        self._last = None
        stream = Stream(self._channel, hello, first, inputs, self._pacing, self._patience, on_result)
        results = stream.run(hang_after_s, hang_factor)
        self._last = results[-1]
        return results

    def repeat(self, number: int, per_span: int, spans: int, within_s: float) -> tuple[int, ...]:
        """Have the vector sent last run again, ``per_span`` times in each of ``spans``; ticks of each span.

        ``number`` is its ``Result.wire_number``; send it alone, and again for another repeat. The board's pin
        changes before the first inference and after each span, of which there must be an odd number. A lost
        request or answer is asked for again, and never run twice. Raises VectorError before anything is sent
        when that cannot be, DeviceHungError when the answer has not come ``within_s``, ProtocolError when the
        firmware refuses, DeviceCrashError, LinkError.
        """
        hello = self.require_hello()
        if self._last is None or self._last.wire_number != number:
            raise VectorError(
                f"vector {number} cannot be repeated",
                evidence="it is not the vector that was sent last, or it was repeated already",
                remedy="send it alone, then repeat it",
            )
        repeat = Repeat(self._channel, hello, self._last, per_span, spans, self._patience.answer_s)
        self._last = None
        return repeat.run(within_s)

    def stack(self, deadline_s: float = 5.0) -> StackUse:
        """How deep the firmware's stack went since it started; zeros where it cannot tell."""
        hello, channel = self.require_hello(), self._channel
        longest = min(hello.max_payload, hello.rx_window // 2)
        reply, asked = self._ask(Type.STACK, b"", Type.STACK_REPLY, channel.clock() + deadline_s, longest)
        if reply is None:
            raise channel.hung(deadline_s, f"asked {asked} times for its stack")
        return messages.parse_stack(reply.payload)

    def require_hello(self) -> Hello:
        """The handshake's answer; HandshakeError when there was none yet."""
        if self.hello is None:
            raise HandshakeError("the link has shaken no hands yet", remedy="call handshake first")
        return self.hello


def check_inputs(inputs: Sequence[npt.NDArray[np.generic]], hello: Hello) -> None:
    """VectorError naming the first input whose shape or type the model does not take."""
    for number, vector in enumerate(inputs):
        fits = (
            vector.ndim == 2
            and vector.shape[1] == hello.features
            and hello.min_steps <= vector.shape[0] <= hello.max_steps
            and vector.dtype == hello.input_dtype
        )
        if fits and vector.nbytes > most_vector_bytes(hello.max_payload):
            raise VectorError(
                f"vector {number} is too large for the link of {hello.model}",
                evidence=f"{vector.nbytes:,} B, at most {most_vector_bytes(hello.max_payload):,} with frames "
                f"of {hello.max_payload:,} B",
                remedy="build the image with `hil build`, which makes its frames large enough",
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
