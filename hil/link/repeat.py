"""Has a board run one vector again and again, for somebody who measures its current meanwhile."""

from __future__ import annotations

from hil.errors import ProtocolError, VectorError
from hil.link import messages
from hil.link.channel import Channel
from hil.link.frames import OVERHEAD_BYTES, Frame
from hil.link.messages import DeviceError, Hello, Result, Type
from hil.wire import most_spans

_LATE = 1.5  # times what the repeats should take: then something was lost
_FLUSH_BYTES = 32
_MOST_COUNT = 0xFFFF_FFFF
_ANSWER_BYTES = 64
_PING_BYTES = 4 + OVERHEAD_BYTES
_FEW = 8
_COPIES = 3
_SHAPE = 2


class Repeat:
    """One call of ``Link.repeat`` for the vector of ``result``; run it once.

    No byte travels while the board works, unless it takes longer than it should. Then a PING tells: once
    that is answered the board does nothing, so that the request was lost, or its answer. It is asked again:
    that does not repeat what was repeated.
    """

    def __init__(
        self, channel: Channel, hello: Hello, result: Result, per_span: int, spans: int, quiet_s: float
    ) -> None:
        check_counts(hello, result, per_span, spans)
        self._channel = channel
        self._hello = hello
        self._number = result.wire_number
        self._doing = f"running vector {result.wire_number} {per_span * spans:,} times"
        self._spans = spans
        self._request = messages.repeat_payload(result.wire_number, per_span, spans)
        self._expected_s = result.ticks * per_span * spans / hello.counter_hz if hello.counter_hz else 0.0
        self._quiet_s = quiet_s + (2 * len(self._request) + 4 * spans + _ANSWER_BYTES) * channel.byte_s
        self._pings: set[int] = set()
        self._asked = 0
        self._unheard = 0  # bytes sent since the last answer

    def run(self, within_s: float) -> tuple[int, ...]:
        """Ticks of each span; DeviceHungError when they have not come within the time."""
        channel = self._channel
        channel.resumed = False
        started = now = channel.clock()
        damaged = channel.stats.damaged
        wait_s = _LATE * self._expected_s + self._quiet_s
        self._ask()
        while now - started < within_s:
            frame = channel.receive(wait_s, started + within_s)
            now = channel.clock()
            damaged, before = channel.stats.damaged, damaged
            if frame is not None and frame.type == Type.REPEATED:
                repeated = messages.parse_repeated(frame.payload)
                if repeated.number == self._number:
                    return self._checked(repeated.ticks)
            elif frame is not None and frame.type == Type.ERROR:
                self._take_error(messages.parse_error(frame.payload))
            if channel.resumed or (frame is not None and self._is_idle(frame)):
                channel.resumed = False
                channel.lost += 1
                wait_s = self._quiet_s
                self._ask()
            elif frame is None:
                wait_s = max(self._quiet_s, 2 * wait_s)
                self._ping()
            elif damaged > before and not self._pings:
                self._ping()
        raise channel.hung(now - started, self._doing)

    def _ask(self) -> None:
        """Send the request; what was sent before has been handled, or there is nothing before it.

        From the second time on in several copies, each of which is answered.
        """
        self._asked += 1
        self._pings.clear()
        copies = range(min(self._asked, _COPIES))
        self._unheard = sum(self._channel.send(Type.REPEAT, self._request) for _ in copies)

    def _ping(self) -> None:
        """Behind zeros that end a half frame, as far as there is room: the board may be working after all."""
        channel = self._channel
        channel.give_up_half_frame()
        payload = _FLUSH_BYTES if len(self._pings) < _FEW else self._hello.max_payload
        zeros = payload + OVERHEAD_BYTES
        if self._unheard + zeros + _PING_BYTES <= self._hello.rx_window:
            self._unheard += channel.flush(zeros)
        for _ in range(min(len(self._pings) + 1, _COPIES)):
            nonce = channel.next_nonce()
            self._unheard += channel.send(Type.PING, nonce.to_bytes(4, "little"))
            self._pings.add(nonce)

    def _is_idle(self, frame: Frame) -> bool:
        return frame.type == Type.PONG and messages.parse_pong(frame.payload).nonce in self._pings

    def _checked(self, ticks: tuple[int, ...]) -> tuple[int, ...]:
        if len(ticks) != self._spans:
            raise ProtocolError(
                "the firmware repeated a vector for another number of spans",
                evidence=f"{len(ticks)}, not {self._spans}",
                remedy="its runtime does not follow firmware/PROTOCOL.md",
            )
        return ticks

    def _take_error(self, error: DeviceError) -> None:
        if error.code == 1 and error.detail == Type.REPEAT:
            raise ProtocolError(
                "the firmware cannot repeat a vector",
                evidence="it does not know the frame REPEAT",
                remedy="rebuild it with `hil build`",
            )
        if error.number != self._number:
            return  # of an earlier call, late
        what = {
            2: "it is not the vector computed last any more, or was repeated before",
            3: f"an error of the model, detail {error.detail}",
            4: "its output changes: the model changes its input, or keeps something of the run before",
        }
        raise ProtocolError(
            f"the firmware cannot repeat vector {self._number}",
            evidence=what.get(error.code, f"code {error.code}, detail {error.detail}"),
            remedy="check the model's run function"
            if error.code > 2
            else "send the vector again, then repeat it",
        )


def check_counts(hello: Hello, result: Result, per_span: int, spans: int) -> None:
    """VectorError for counts that the board cannot repeat a vector for."""
    most = most_spans(hello.max_payload)
    if not 0 < spans <= most or spans % 2 == 0:
        raise VectorError(
            f"vector {result.wire_number} cannot be repeated in {spans} spans",
            evidence=f"an odd number, at the end of which the pin is low again, of at most {most}",
            remedy="take more inferences for a span, and fewer spans",
        )
    if not 0 < per_span <= _MOST_COUNT or result.ticks * per_span > _MOST_COUNT:
        raise VectorError(
            f"vector {result.wire_number} cannot be repeated {per_span:,} times in a span",
            evidence=f"it takes {result.ticks:,} ticks, and the board's counter counts to {_MOST_COUNT:,}",
            remedy="take fewer inferences for a span, and more spans",
        )
