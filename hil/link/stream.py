"""Streams vectors through a link: batches in flight, fragments of what is large, and again what got lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from hil.errors import ProtocolError
from hil.link import messages
from hil.link.assembly import Assembly, Settled
from hil.link.channel import Channel
from hil.link.frames import OVERHEAD_BYTES, Frame
from hil.link.messages import (
    FRAGMENT_HEADER_BYTES,
    FRAGMENT_UNIT,
    RESULTS_HEADER_BYTES,
    TICKS_BYTES,
    VECTORS_HEADER_BYTES,
    Answer,
    Hello,
    Pong,
    Result,
    Type,
)
from hil.link.pacing import Pacing, Patience
from hil.link.window import Window

_BATCH_MOST = 255
_PING_BYTES = 4 + OVERHEAD_BYTES
PINGS_BYTES = 8 * _PING_BYTES  # room in the window that is left to pings
_PINGS_PER_WINDOW = 2
_FLUSH_AFTER = 2  # silences in a row
_SMALL = 256
_COPIES = 4


def payload_limit(hello: Hello) -> int:
    """How many bytes of payload a frame to this device may carry at most.

    Its window holds four such frames and some pings, so that others travel while one is being answered; but
    at least one unit of a large vector.
    """
    share = (hello.rx_window - PINGS_BYTES) // 4 - OVERHEAD_BYTES
    return min(hello.max_payload, max(share, FRAGMENT_HEADER_BYTES + FRAGMENT_UNIT))


class Stream:
    """One call of ``Link.infer``; run it once. On the wire its vectors are numbered from ``first``."""

    def __init__(
        self,
        channel: Channel,
        hello: Hello,
        first: int,
        inputs: Sequence[npt.NDArray[np.generic]],
        pacing: Pacing,
        patience: Patience,
        on_result: Callable[[Result], None] | None,
    ) -> None:
        self._channel = channel
        self._hello = hello
        self._first = first
        self._inputs = inputs
        self._pacing = pacing
        self._patience = patience
        self._on_result = on_result
        self._longest = pacing.ceiling + OVERHEAD_BYTES
        self._reserve = PINGS_BYTES + self._longest  # for pings, and for a flush as long as one frame
        self._window = Window(len(inputs), hello.rx_window)
        self._results: dict[int, Result] = {}
        self._pings: dict[int, tuple[int, float]] = {}  # nonce -> its order number, when it left
        self._asked = 0  # order number of the last frame sent before the last silence
        self._since_ping = 0
        self._assembly: Assembly | None = None

    def run(self, hang_after_s: float, hang_factor: float) -> list[Result]:
        """All results, in the inputs' order."""
        clock = self._channel.clock
        self._channel.resumed = False  # if it was, then with nothing on its way
        heard = clock()
        while not self._window.finished:
            self._fill()
            limit_s = max(hang_after_s, hang_factor * self._channel.longest_s)
            frame = self._channel.receive(self._patience.quiet_s, heard + limit_s)
            now = clock()
            if frame is not None:
                self._take(frame, now - heard)
                heard = now
            elif now - heard >= limit_s:
                raise self._channel.hung(
                    now - heard, f"{len(self._results)} of {len(self._inputs)} vectors were answered"
                )
            else:
                self._patience.silent()
                self._ask()
        return [self._results[number] for number in range(len(self._inputs))]

    # Sending

    def _fill(self) -> None:
        """Send what there is room for; where losses are likely, a ping behind it all finds them."""
        while self._send_next():
            pass
        full = self._assembly is not None and not self._assembly.complete
        if (full or self._pacing.lossy) and not self._pings:
            self._ping(self._copies)

    def _send_next(self) -> bool:
        """Send the next frame of vectors, if there is one and room for it."""
        if self._assembly is None:
            number = self._window.next_waiting()
            if number is None:
                return False
            if self._size(number) + VECTORS_HEADER_BYTES <= self._pacing.limit:
                return self._send_batch()
            self._assembly = Assembly(self._window.take(), self._size(number))
        return not self._assembly.complete and self._send_fragment(self._assembly)

    def _has_room(self, wire_bytes: int) -> bool:
        return self._window.has_room(wire_bytes + self._reserve)

    def _send_batch(self) -> bool:
        numbers: list[int] = []
        payload = VECTORS_HEADER_BYTES
        answer = RESULTS_HEADER_BYTES
        for number in self._window.run_of_waiting(_BATCH_MOST):
            payload += self._size(number) + (0 if self._hello.min_steps == self._hello.max_steps else 2)
            answer += TICKS_BYTES + self._hello.outputs * self._hello.output_dtype.itemsize
            if numbers and max(payload, answer) > self._pacing.limit:
                break
            numbers.append(number)
        data = messages.vectors_payload(
            self._first + numbers[0], [self._inputs[number] for number in numbers]
        )
        if not self._has_room(len(data) + OVERHEAD_BYTES):
            return False
        self._window.sent(numbers, self._channel.send(Type.VECTORS, data))
        return True

    def _send_fragment(self, assembly: Assembly) -> bool:
        vector = self._inputs[assembly.number]
        run = assembly.next_run(max(1, (self._pacing.limit - FRAGMENT_HEADER_BYTES) // FRAGMENT_UNIT))
        flat = np.ascontiguousarray(vector).reshape(-1).view(np.uint8)
        piece = flat[run.start * FRAGMENT_UNIT : run.stop * FRAGMENT_UNIT].tobytes()
        if not self._has_room(len(piece) + FRAGMENT_HEADER_BYTES + OVERHEAD_BYTES):
            return False
        payload = messages.fragment_payload(
            self._first + assembly.number, len(vector), run.start * FRAGMENT_UNIT, piece
        )
        size = self._channel.send(Type.FRAGMENT, payload)
        assembly.sent(run, self._window.sent((), size), size)
        self._since_ping += size
        usable = self._window.capacity - self._reserve
        if not assembly.complete and self._since_ping * _PINGS_PER_WINDOW >= usable:
            self._ping()  # its answer makes room for more
        return True

    @property
    def _copies(self) -> int:
        """How many pings to send: where most frames are lost, waiting for an answer costs more than pings."""
        hopeful = self._pacing.limit > _SMALL and self._patience.silences < _FLUSH_AFTER
        return 1 if hopeful else _COPIES

    def _ping(self, copies: int = 1) -> None:
        """Pings do not count in the window, where some room is kept for them: beyond it they may be lost."""
        nonce = self._channel.next_nonce()
        left = self._channel.clock()
        for _ in range(copies):
            self._channel.send(Type.PING, nonce.to_bytes(4, "little"))
        self._pings[nonce] = self._window.sent((), 0), left
        self._since_ping = 0

    def _ask(self) -> None:
        """Nothing comes: ping, and when that stays unanswered too, end what half frames there may be."""
        self._asked = self._window.order
        if self._pacing.lossy or self._patience.silences >= _FLUSH_AFTER:
            self._channel.give_up_half_frame()
        if self._patience.silences >= _FLUSH_AFTER:
            zeros = self._flush_bytes()
            if self._window.has_room(zeros + PINGS_BYTES):
                self._window.sent((), self._channel.flush(zeros))
        self._ping(self._copies)

    def _flush_bytes(self) -> int:
        """As long as the frames sent now; with every further silence twice as long, up to the longest."""
        again = self._patience.silences - _FLUSH_AFTER
        return min(self._longest, (self._pacing.limit + OVERHEAD_BYTES) << min(again, 16))

    def _size(self, number: int) -> int:
        return int(self._inputs[number].nbytes)

    # Receiving

    def _take(self, frame: Frame, waited_s: float) -> None:
        if frame.type in (Type.RESULTS, Type.PONG):
            self._note_work(frame.type, waited_s)
        if frame.type == Type.RESULTS:
            for answer in messages.parse_results(
                frame.payload, self._hello.outputs, self._hello.output_dtype
            ):
                self._take_answer(answer)
        elif frame.type == Type.PONG:
            self._take_pong(messages.parse_pong(frame.payload))
        elif frame.type == Type.NAK:
            if not self._pings:
                self._ping()
        elif frame.type == Type.ERROR:
            self._take_error(messages.parse_error(frame.payload))

    def _note_work(self, kind: int, waited_s: float) -> None:
        """What came was not lost, so until then the device was busy, unless half a frame held it back.

        Behind a silence it was busy where the ping that the silence brought about is not answered yet.
        """
        if self._patience.silences == 0 or (self._pings and not self._pacing.lossy):
            self._patience.worked(waited_s)
            if kind == Type.RESULTS:
                self._channel.longest_s = max(self._channel.longest_s, waited_s)

    def _take_answer(self, answer: Answer) -> None:
        number = answer.number - self._first
        if number < 0:
            return  # of an earlier call, late
        if number >= len(self._inputs):
            raise ProtocolError(
                f"the firmware answered vector {number}, which was never sent",
                evidence=f"{len(self._inputs)} vectors",
                remedy="its runtime does not follow firmware/PROTOCOL.md",
            )
        outcome = self._window.answered(number)
        self._learn(outcome.arrived, outcome.lost)
        self._forget_pings()
        if not outcome.fresh:
            return
        if self._assembly is not None and self._assembly.number == number:
            self._finish_assembly(self._assembly)
        result = Result(number, answer.number, answer.ticks, answer.output)
        self._results[number] = result
        self._channel.payload_out += self._size(number)
        self._channel.payload_in += TICKS_BYTES + result.output.nbytes
        if self._on_result is not None:
            self._on_result(result)

    def _finish_assembly(self, assembly: Assembly) -> None:
        self._assembly = None
        if not assembly.repeated:  # then it took every fragment, and all of them have been handled
            self._learn(assembly.settle((), assembly.last_order).arrived, ())
            self._learn((), self._window.barrier(assembly.last_order))

    def _take_pong(self, pong: Pong) -> None:
        if self._channel.resumed:
            self._resume(pong)
        if pong.nonce not in self._pings:
            return  # of an earlier call
        order, left = self._pings[pong.nonce]
        if order > self._asked:
            self._patience.answered(self._channel.clock() - left)
        self._learn((), self._window.barrier(order))
        if self._assembly is not None:
            settled = self._settle(self._assembly, pong, order)
            self._learn(settled.arrived, settled.lost)
        self._forget_pings()

    def _resume(self, pong: Pong) -> None:
        """The port was away: nothing is on its way any more, and what was lost says nothing of the line."""
        self._channel.resumed = False
        order = self._window.order
        lost = len(self._window.barrier(order))
        if self._assembly is not None:
            lost += len(self._settle(self._assembly, pong, order).lost)
        self._channel.lost += max(0, lost - self._channel.unsent)
        self._channel.unsent = 0
        self._forget_pings()

    def _forget_pings(self) -> None:
        """Those are answered or lost that were sent before what is answered now."""
        self._pings = {nonce: one for nonce, one in self._pings.items() if one[0] > self._window.settled}

    def _settle(self, assembly: Assembly, pong: Pong, order: int) -> Settled:
        number = self._first + assembly.number
        if pong.last == number:  # only its answer was lost
            self._window.sent((), self._channel.send(Type.AGAIN, messages.again_payload(number)))
            return assembly.settle((), order)
        if pong.assembling == number and pong.missing is not None:
            return assembly.settle(pong.missing, order)
        return assembly.restart(order)

    def _take_error(self, error: messages.DeviceError) -> None:
        number = error.number - self._first
        if number < 0:
            return  # of an earlier call, late
        what = {1: "an unknown frame type", 2: "a shape it does not take", 3: "an error of the model"}
        raise ProtocolError(
            f"the firmware refused vector {number}"
            if number < len(self._inputs)
            else "the firmware refused a frame",
            evidence=f"{what.get(error.code, f'code {error.code}')}, detail {error.detail}",
            remedy="check the model's run function" if error.code == 3 else "rebuild the firmware",
        )

    def _learn(self, arrived: Sequence[int], lost: Sequence[int]) -> None:
        for wire_bytes in arrived:
            self._pacing.arrived(wire_bytes)
        for wire_bytes in lost:
            self._pacing.lost(wire_bytes)
        self._channel.lost += len(lost)
