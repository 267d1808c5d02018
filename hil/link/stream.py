"""Streams vectors through a link: batches in flight, fragments of what is large, and again what got lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hil.errors import LinkError
from hil.link import messages
from hil.link.frames import OVERHEAD_BYTES, Frame
from hil.link.messages import FRAGMENT_UNIT, Hello, Pong, Result, Type
from hil.link.pacing import Pacing
from hil.link.window import Window

if TYPE_CHECKING:
    from hil.link.link import Link

_QUIET_S = 0.25
_QUIET_MOST_S = 2.0
_BATCH_MOST = 255


class Stream:
    """One call of ``Link.infer``; run it once."""

    def __init__(
        self,
        link: Link,
        hello: Hello,
        inputs: Sequence[npt.NDArray[np.generic]],
        on_result: Callable[[Result], None] | None,
        hang_after_s: float,
    ) -> None:
        self._link = link
        self._hello = hello
        self._inputs = inputs
        self._on_result = on_result
        self._hang_after_s = hang_after_s
        longest = hello.max_payload + OVERHEAD_BYTES
        self._window = Window(len(inputs), max(longest, hello.rx_window - longest))  # room to flush
        self._pacing = Pacing(hello.max_payload)
        self._results: dict[int, Result] = {}
        self._barriers: dict[int, int] = {}  # ping's nonce -> the order number it stands behind
        self._nonce = 0
        self._assembling: int | None = None

    def run(self) -> list[Result]:
        """All results, in the inputs' order."""
        heard = time.monotonic()
        quiet_s = _QUIET_S
        flushed = False
        while not self._window.finished:
            self._fill()
            frame = self._link.receive(quiet_s)
            if frame is not None:
                heard = time.monotonic()
                quiet_s = _QUIET_S
                flushed = False
                self._take(frame)
                continue
            silent_s = time.monotonic() - heard
            if silent_s >= self._hang_after_s:
                raise self._link.hung(
                    silent_s, f"{len(self._results)} of {len(self._inputs)} vectors were answered"
                )
            if self._barriers and not flushed:
                self._link.flush()  # once a silence: a half frame may have swallowed the ping
                flushed = True
            self._ping()
            quiet_s = min(2 * quiet_s, _QUIET_MOST_S, max(_QUIET_S, self._hang_after_s - silent_s))
        return [self._results[number] for number in range(len(self._inputs))]

    # Sending

    def _fill(self) -> None:
        while (number := self._window.next_waiting()) is not None:
            if self._size(number) + messages.VECTORS_HEADER_BYTES > self._pacing.limit and (
                self._pacing.lossy
                or self._size(number) + messages.VECTORS_HEADER_BYTES > self._hello.max_payload
            ):
                if not self._window.idle:
                    return  # the device assembles one vector at a time, in the buffer that whole ones use
                self._begin_fragments(number)
                return
            if self._assembling is not None and not self._window.idle:
                return
            if not self._send_batch():
                return

    def _send_batch(self) -> bool:
        numbers: list[int] = []
        payload = messages.VECTORS_HEADER_BYTES
        for number in self._window.run_of_waiting(_BATCH_MOST):
            payload += self._size(number) + (0 if self._hello.min_steps == self._hello.max_steps else 2)
            if numbers and payload > self._pacing.limit:
                break
            numbers.append(number)
        data = messages.vectors_payload(numbers[0], [self._inputs[number] for number in numbers])
        size = len(data) + OVERHEAD_BYTES
        if not self._window.has_room(size):
            return False
        self._link.send(Type.VECTORS, data)
        self._window.sent(numbers, size)
        return True

    def _begin_fragments(self, number: int) -> None:
        self._assembling = number
        self._window.sent([number], self._size(number))
        units = -(-self._size(number) // FRAGMENT_UNIT)
        self._send_fragments(number, range(units))

    def _send_fragments(self, number: int, units: Sequence[int]) -> None:
        """Send these units in runs as long as the pacing allows, then a ping that asks what arrived."""
        vector = self._inputs[number]
        data = vector.tobytes()
        room = self._hello.rx_window - 2 * (self._hello.max_payload + OVERHEAD_BYTES)
        at = 0
        while at < len(units) and room > 0:
            most = max(1, (self._pacing.limit - messages.FRAGMENT_HEADER_BYTES) // FRAGMENT_UNIT)
            end = at + 1
            while end < len(units) and end - at < most and units[end] == units[end - 1] + 1:
                end += 1
            offset = units[at] * FRAGMENT_UNIT
            piece = data[offset : (units[end - 1] + 1) * FRAGMENT_UNIT]
            room -= self._link.send(
                Type.FRAGMENT, messages.fragment_payload(number, len(vector), offset, piece)
            )
            at = end
        self._ping()

    def _ping(self) -> None:
        self._nonce += 1
        self._barriers[self._nonce] = self._window.order
        self._link.send(Type.PING, self._nonce.to_bytes(4, "little"))

    def _size(self, number: int) -> int:
        return int(self._inputs[number].nbytes)

    # Receiving

    def _take(self, frame: Frame) -> None:
        if frame.type == Type.RESULTS:
            for result in messages.parse_results(
                frame.payload, self._hello.outputs, self._hello.output_dtype
            ):
                self._take_result(result)
        elif frame.type == Type.PONG:
            self._take_pong(messages.parse_pong(frame.payload))
        elif frame.type == Type.NAK:
            self._pacing.lost()
            if not self._barriers:
                self._ping()
        elif frame.type == Type.ERROR:
            raise self._refused(messages.parse_error(frame.payload))

    def _take_result(self, result: Result) -> None:
        if result.number >= len(self._inputs):
            raise LinkError(
                f"the firmware answered vector {result.number}, which was never sent",
                evidence=f"{len(self._inputs)} vectors",
                remedy="its runtime does not follow firmware/PROTOCOL.md",
            )
        fresh, lost = self._window.answered(result.number)
        self._note_lost(lost)
        if not fresh:
            return
        if self._assembling == result.number:
            self._assembling = None
        if not lost:
            self._pacing.arrived()
        self._results[result.number] = result
        self._link.payload_out += self._size(result.number)
        self._link.payload_in += 4 + result.output.nbytes
        if self._on_result is not None:
            self._on_result(result)

    def _take_pong(self, pong: Pong) -> None:
        order = self._barriers.pop(pong.nonce, None)
        if order is None:
            return
        self._barriers = {nonce: kept for nonce, kept in self._barriers.items() if nonce > pong.nonce}
        number = self._assembling
        if number is not None and pong.missing is not None and pong.assembling == number:
            if not self._barriers:  # a later ping is on its way: its answer knows more
                self._send_fragments(number, pong.missing)
            return
        lost = self._window.barrier(order)
        if lost and number is not None:
            self._assembling = None
        self._note_lost(lost)

    def _note_lost(self, count: int) -> None:
        if count:
            self._pacing.lost()
            self._link.lost += count

    def _refused(self, error: messages.DeviceError) -> LinkError:
        what = {1: "an unknown frame type", 2: "a shape it does not take", 3: "an error of the model"}
        return LinkError(
            f"the firmware refused vector {error.number}"
            if error.number < len(self._inputs)
            else "the firmware refused a frame",
            evidence=f"{what.get(error.code, f'code {error.code}')}, detail {error.detail}",
            remedy="check the model's run function" if error.code == 3 else "rebuild the firmware",
        )
