"""What the frames say: the payloads of firmware/PROTOCOL.md as values, little-endian on the wire."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from hil.errors import HandshakeError, ProtocolError
from hil.wire import RESULT_BYTES, UNIT_BYTES

PROTOCOL_VERSION = 2
FRAGMENT_UNIT = UNIT_BYTES
NO_VECTOR = 0xFFFF_FFFF


class Type(IntEnum):
    """Frame types; those of the device have bit 7 set."""

    HELLO = 0x01
    PING = 0x02
    VECTORS = 0x03
    FRAGMENT = 0x04
    STACK = 0x05
    AGAIN = 0x06
    REPEAT = 0x07
    HELLO_REPLY = 0x81
    PONG = 0x82
    RESULTS = 0x83
    NAK = 0x84
    STACK_REPLY = 0x85
    READY = 0x86
    FAULT = 0x87
    ERROR = 0x88
    WORKING = 0x89
    REPEATED = 0x8A


DTYPES: dict[int, np.dtype[np.generic]] = {
    1: np.dtype("<f4"),
    2: np.dtype("<i2"),
    3: np.dtype("i1"),
    4: np.dtype("u1"),
}
_PRECISIONS = {1: "f32", 2: "q15", 3: "q7"}
_COUNTERS = {0: "none", 1: "timer", 2: "dwt"}
_HELLO_REPLY = struct.Struct("<H16s4B4H2I2H")
_VECTORS = struct.Struct("<IBBH")
_STEPS_EACH = 1
_FRAGMENT = struct.Struct("<IIH")
_PONG = struct.Struct("<IIIIHH")
_FAULT = struct.Struct("<8I")
_FAULT_REGISTERS = ("pc", "lr", "xpsr", "cfsr", "hfsr", "mmfar", "bfar", "sp")
_ERROR = struct.Struct("<BIi")
_STACK = struct.Struct("<III")
_REPEAT = struct.Struct("<IIH")
_REPEATED = struct.Struct("<IH")
_PAYLOAD_LEAST = 256
_WINDOW_LEAST = 512

VECTORS_HEADER_BYTES = _VECTORS.size
FRAGMENT_HEADER_BYTES = _FRAGMENT.size
RESULTS_HEADER_BYTES = 5
TICKS_BYTES = 4


@dataclass(frozen=True)
class Hello:
    """What the firmware says of itself in the handshake; ``rx_window`` and ``max_payload`` are bytes."""

    protocol: int
    build_id: str
    model: str
    kind: str
    precision: str
    input_dtype: np.dtype[np.generic]
    output_dtype: np.dtype[np.generic]
    features: int
    min_steps: int
    max_steps: int
    outputs: int
    clock_hz: int
    counter: str
    counter_hz: int
    rx_window: int
    max_payload: int

    @property
    def told(self) -> str:
        """What of it is the same for every image of a kind: its protocol, its clock and its counter."""
        counter = f"counter {self.counter} at {self.counter_hz:,} Hz"
        return f"protocol {self.protocol}, clock {self.clock_hz:,} Hz, {counter}"


@dataclass(frozen=True)
class Answer:
    """What a board answers to one vector, by its number on the wire.

    ``ticks`` are its counter's, ``output`` is the model's, (outputs,).
    """

    number: int
    ticks: int
    output: npt.NDArray[np.generic]


@dataclass(frozen=True)
class Result:
    """An answer to the vector of this number in one call, which had another on the wire; else as Answer."""

    number: int
    wire_number: int
    ticks: int
    output: npt.NDArray[np.generic]


@dataclass(frozen=True)
class Pong:
    """Answers a ping, in order behind everything sent before it.

    ``last`` is the number of the vector computed last, or NO_VECTOR. ``missing`` are the units of the vector
    ``assembling`` that have not arrived; None when none is under way.
    """

    nonce: int
    damaged: int
    last: int
    assembling: int
    missing: tuple[int, ...] | None


@dataclass(frozen=True)
class StackUse:
    """Bytes of stack: its size, the deepest use so far, and the deepest below one call of the model."""

    size: int
    peak_total: int
    peak_model: int


@dataclass(frozen=True)
class Repeated:
    """What a vector took that was repeated: ticks of the board's counter for each span."""

    number: int
    ticks: tuple[int, ...]


@dataclass(frozen=True)
class DeviceError:
    """The device's refusal of a vector or a frame."""

    code: int
    number: int
    detail: int


def version_of(payload: bytes) -> int:
    """The protocol version that opens READY and HELLO_REPLY in every version of the protocol."""
    if len(payload) < 2:
        raise _malformed("greeting", payload)
    return int.from_bytes(payload[:2], "little")


def hello_request() -> bytes:
    """The payload of HELLO: the host's protocol version."""
    return PROTOCOL_VERSION.to_bytes(2, "little")


def parse_hello(payload: bytes) -> Hello:
    """Decode HELLO_REPLY; ProtocolError when it is malformed or tells what cannot be."""
    try:
        fields = _HELLO_REPLY.unpack_from(payload)
        model, at = _text(payload, _HELLO_REPLY.size)
        kind, _ = _text(payload, at)
        protocol, build_id, precision, input_dtype, output_dtype, counter, *numbers = fields
        features, min_steps, max_steps, outputs, clock_hz, counter_hz, rx_window, max_payload = numbers
        hello = Hello(
            protocol=protocol,
            build_id=build_id.hex(),
            model=model,
            kind=kind,
            precision=_PRECISIONS[precision],
            input_dtype=DTYPES[input_dtype],
            output_dtype=DTYPES[output_dtype],
            features=features,
            min_steps=min_steps,
            max_steps=max_steps,
            outputs=outputs,
            clock_hz=clock_hz,
            counter=_COUNTERS[counter],
            counter_hz=counter_hz,
            rx_window=rx_window,
            max_payload=max_payload,
        )
    except (struct.error, KeyError, IndexError, UnicodeDecodeError) as error:
        raise _malformed("handshake", payload) from error
    if not _plausible(hello):
        raise _malformed("handshake", payload)
    output_bytes = hello.outputs * hello.output_dtype.itemsize
    if output_bytes > hello.max_payload - RESULT_BYTES:
        raise HandshakeError(
            f"an output of {hello.model} does not fit a frame of its firmware",
            evidence=f"{hello.outputs:,} outputs are {output_bytes:,} B, at most "
            f"{hello.max_payload - RESULT_BYTES:,} fit",
            remedy="build it with `hil build`, which makes its frames large enough, or raise "
            "HIL_FRAME_PAYLOAD_MAX of runtime/frame.h",
        )
    return hello


def _plausible(hello: Hello) -> bool:
    return (
        hello.features > 0
        and 0 < hello.min_steps <= hello.max_steps
        and hello.outputs > 0
        and hello.max_payload >= _PAYLOAD_LEAST
        and hello.rx_window >= _WINDOW_LEAST
    )


def _text(payload: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + payload[at]
    if end > len(payload):
        raise IndexError(end)
    return payload[at + 1 : end].decode(), end


def vectors_payload(first: int, inputs: Sequence[npt.NDArray[np.generic]]) -> bytes:
    """The payload of VECTORS for consecutive vectors from number ``first``, each (steps, features)."""
    steps = [len(vector) for vector in inputs]
    same = len(set(steps)) == 1
    head = _VECTORS.pack(first, len(inputs), 0 if same else _STEPS_EACH, steps[0] if same else 0)
    each = b"" if same else struct.pack(f"<{len(steps)}H", *steps)
    return head + each + b"".join(vector.tobytes() for vector in inputs)


def again_payload(number: int) -> bytes:
    """The payload of AGAIN: the vector whose answer was lost."""
    return number.to_bytes(4, "little")


def repeat_payload(number: int, per_span: int, spans: int) -> bytes:
    """The payload of REPEAT: the vector computed last, so many times in each of so many spans."""
    return _REPEAT.pack(number, per_span, spans)


def parse_repeat(payload: bytes) -> tuple[int, int, int]:
    """Decode REPEAT: the vector's number, inferences per span, spans."""
    try:
        number, per_span, spans = _REPEAT.unpack(payload)
    except struct.error as error:
        raise _malformed("repeat", payload) from error
    return number, per_span, spans


def parse_repeated(payload: bytes) -> Repeated:
    """Decode REPEATED; ProtocolError when its length does not fit."""
    try:
        number, spans = _REPEATED.unpack_from(payload)
        return Repeated(number, struct.unpack(f"<{spans}I", payload[_REPEATED.size :]))
    except struct.error as error:
        raise _malformed("answer to a repeat", payload) from error


def fragment_payload(number: int, steps: int, offset: int, data: bytes) -> bytes:
    """The payload of FRAGMENT: bytes of one vector from ``offset``, a multiple of FRAGMENT_UNIT."""
    return _FRAGMENT.pack(number, offset, steps) + data


def parse_results(payload: bytes, outputs: int, dtype: np.dtype[np.generic]) -> list[Answer]:
    """Decode RESULTS; ProtocolError when its length does not fit."""
    size = TICKS_BYTES + outputs * dtype.itemsize
    if len(payload) < RESULTS_HEADER_BYTES or len(payload) != RESULTS_HEADER_BYTES + payload[4] * size:
        raise _malformed("results", payload)
    first = int.from_bytes(payload[:4], "little")
    results = []
    for i in range(payload[4]):
        at = RESULTS_HEADER_BYTES + i * size
        ticks = int.from_bytes(payload[at : at + TICKS_BYTES], "little")
        output = np.frombuffer(payload, dtype, outputs, at + TICKS_BYTES)
        results.append(Answer(first + i, ticks, output))
    return results


def parse_pong(payload: bytes) -> Pong:
    """Decode PONG; ProtocolError when it is malformed."""
    try:
        nonce, damaged, last, assembling, units, first = _PONG.unpack_from(payload)
    except struct.error as error:
        raise _malformed("pong", payload) from error
    have = payload[_PONG.size :]
    if first > units or len(have) > (units - first + 7) // 8:
        raise _malformed("pong", payload)
    missing = tuple(
        first + at for at in range(units - first) if at >= 8 * len(have) or not have[at // 8] >> at % 8 & 1
    )
    return Pong(nonce, damaged, last, assembling, missing if units else None)


def parse_stack(payload: bytes) -> StackUse:
    """Decode STACK_REPLY."""
    try:
        return StackUse(*_STACK.unpack(payload))
    except struct.error as error:
        raise _malformed("stack reply", payload) from error


def parse_fault(payload: bytes) -> dict[str, int]:
    """Decode FAULT: register names to values."""
    try:
        return dict(zip(_FAULT_REGISTERS, _FAULT.unpack(payload), strict=True))
    except struct.error as error:
        raise _malformed("fault report", payload) from error


def parse_error(payload: bytes) -> DeviceError:
    """Decode ERROR."""
    try:
        return DeviceError(*_ERROR.unpack(payload))
    except struct.error as error:
        raise _malformed("error report", payload) from error


def _malformed(what: str, payload: bytes) -> ProtocolError:
    return ProtocolError(
        f"the firmware sent a malformed {what}",
        evidence=f"{len(payload)} bytes {payload[:32].hex()}",
        remedy="its runtime does not follow firmware/PROTOCOL.md",
    )
