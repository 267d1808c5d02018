"""The device's side of firmware/PROTOCOL.md, byte by byte: the C runtime on the host and raw frames."""

from __future__ import annotations

import os
import socket
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil.link import messages
from hil.link.frames import OVERHEAD_BYTES, Frame, Receiver, encode
from hil.resources import firmware_dir

sys.path.insert(0, str(firmware_dir() / "tests" / "link"))

from host_device import BUILD_ID, HostDevice

HELLO, PING, VECTORS, FRAGMENT, STACK, AGAIN, REPEAT = range(0x01, 0x08)
HELLO_REPLY, PONG, RESULTS, NAK, STACK_REPLY, READY, FAULT, ERROR, _, REPEATED = range(0x81, 0x8B)
NOBODY = 0xFFFFFFFF
VERSION = b"\x02\x00"
MAX_PAYLOAD = 2048
OUTPUTS = 3
STEP_BYTES = 4 * 2  # 4 features of int16
SMALL = {"dtype": 2, "features": 4, "min_steps": 1, "max_steps": 200, "outputs": OUTPUTS}


class Raw:
    """The host's end of the wire, without any cleverness; reads end with a TimeoutError."""

    def __init__(self, device: HostDevice) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(120.0)
        self._socket.connect(device.url.removeprefix("unix://"))
        self._receiver = Receiver(MAX_PAYLOAD)
        self._frames: list[Frame] = []
        self._seq = 0
        device.boot()

    def bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def send(self, kind: int, payload: bytes = b"") -> None:
        self.bytes(encode(Frame(kind, self._seq & 0xFFFF, payload)))
        self._seq += 1

    def next(self) -> Frame:
        while not self._frames:
            data = self._socket.recv(4096)
            assert data, "the device hung up"
            self._frames = self._receiver.feed(data)
        assert self._receiver.damaged == 0
        return self._frames.pop(0)

    def ask(self, kind: int, payload: bytes = b"") -> tuple[int, bytes]:
        """Send one frame; the type and the payload of the next answer."""
        self.send(kind, payload)
        answer = self.next()
        return answer.type, answer.payload

    def until_pong(self, nonce: bytes) -> list[Frame]:
        """Everything that was answered before a PING sent now; the PONG is the last."""
        self.send(PING, nonce)
        found = [self.next()]
        while found[-1].type != PONG or found[-1].payload[:4] != nonce:
            found.append(self.next())
        return found

    def close(self) -> None:
        self._socket.close()


Connect = Callable[..., Raw]


@pytest.fixture
def connect(start_device: Callable[..., HostDevice]) -> Iterator[Connect]:
    """Start a device with these options and speak to it; READY is already read."""
    with ExitStack() as stack:

        def start(**options: int) -> Raw:
            wire = Raw(start_device(**options))
            stack.callback(wire.close)
            ready = wire.next()
            assert (ready.type, ready.payload) == (READY, VERSION)
            return wire

        yield start


def vector(number: int, steps: int) -> bytes:
    """Input bytes that differ from vector to vector."""
    return bytes((number * 31 + at * 7) & 0xFF for at in range(steps * STEP_BYTES))


def result(data: bytes) -> bytes:
    """What RESULTS holds for one vector: ticks and outputs."""
    outputs = [zlib.crc32(data, j) & 0xFFFF for j in range(OUTPUTS)]
    return struct.pack("<I3H", 100 * len(data) // STEP_BYTES, *outputs)


def test_hello_reply(connect: Connect) -> None:
    kind, said = connect(**SMALL, window=4096).ask(HELLO, VERSION)
    assert kind == HELLO_REPLY
    fields = struct.pack(
        "<H16s4B4HIIHH",
        *(2, bytes.fromhex(BUILD_ID), 2, 2, 2, 1),
        *(4, 1, 200, OUTPUTS, 1_000_000, 1_000_000, 4096, MAX_PAYLOAD),
    )
    assert said == fields + b"\x08checksum" + b"\x04host"


def test_ping_is_answered_with_its_nonce(connect: Connect) -> None:
    wire = connect(**SMALL)
    assert wire.ask(PING, b"abcd") == (PONG, b"abcd" + struct.pack("<IIIHH", 0, NOBODY, 0, 0, 0))


def test_vectors_of_one_length(connect: Connect) -> None:
    wire = connect(**SMALL)
    data = [vector(number, 5) for number in range(3)]
    kind, said = wire.ask(VECTORS, struct.pack("<IBBH", 70_000, 3, 0, 5) + b"".join(data))
    assert (kind, said) == (RESULTS, struct.pack("<IB", 70_000, 3) + b"".join(map(result, data)))


def test_vectors_of_different_lengths(connect: Connect) -> None:
    wire = connect(**SMALL)
    steps = (1, 7, 2)
    data = [vector(number, length) for number, length in enumerate(steps)]
    kind, said = wire.ask(VECTORS, struct.pack("<IBBH3H", 8, 3, 1, 0, *steps) + b"".join(data))
    assert (kind, said) == (RESULTS, struct.pack("<IB", 8, 3) + b"".join(map(result, data)))


def test_more_results_than_fit_one_frame(connect: Connect) -> None:
    wire = connect(**(SMALL | {"outputs": 500}))
    wire.send(VECTORS, struct.pack("<IBBH", 0, 5, 0, 1) + bytes(5 * STEP_BYTES))
    numbers: list[int] = []
    for frame in wire.until_pong(b"last")[:-1]:
        first, count = struct.unpack_from("<IB", frame.payload)
        assert (frame.type, len(frame.payload)) == (RESULTS, 5 + count * 1004)
        numbers += range(first, first + count)
    assert numbers == [0, 1, 2, 3, 4]


def test_results_that_fit_no_frame_are_refused(connect: Connect) -> None:
    wire = connect(**(SMALL | {"outputs": 1020}))
    answer = wire.ask(VECTORS, struct.pack("<IBBH", 4, 1, 0, 1) + bytes(STEP_BYTES))
    assert answer == (ERROR, struct.pack("<BIi", 2, 4, 1))


def test_results_of_slow_vectors_do_not_wait_for_the_batch(connect: Connect) -> None:
    wire = connect(**SMALL, busy_us=300_000)
    wire.send(VECTORS, struct.pack("<IBBH", 0, 2, 0, 1) + bytes(2 * STEP_BYTES))
    assert [wire.next().payload[:5] for _ in range(2)] == [b"\0\0\0\0\1", b"\1\0\0\0\1"]


def test_a_failing_model_is_named_and_the_others_are_answered(connect: Connect) -> None:
    wire = connect(**SMALL, fail_at=2)
    wire.send(VECTORS, struct.pack("<IBBH", 40, 3, 0, 1) + bytes(3 * STEP_BYTES))
    one = result(bytes(STEP_BYTES))
    assert [(frame.type, frame.payload) for frame in (wire.next(), wire.next(), wire.next())] == [
        (RESULTS, struct.pack("<IB", 40, 1) + one),
        (ERROR, struct.pack("<BIi", 3, 41, -7)),
        (RESULTS, struct.pack("<IB", 42, 1) + one),
    ]


def fragment(number: int, data: bytes, first: int, last: int) -> bytes:
    """The payload of FRAGMENT for units ``first`` to ``last`` of a vector."""
    piece = data[first * 64 : (last + 1) * 64]
    return struct.pack("<IIH", number, first * 64, len(data) // STEP_BYTES) + piece


def test_fragments_in_any_order_and_twice(connect: Connect) -> None:
    wire = connect(**SMALL)
    data = vector(3, 50)  # 400 bytes: 7 units, the last of 16 bytes
    for first, last in ((6, 6), (0, 1), (1, 3), (0, 1)):
        wire.send(FRAGMENT, fragment(9, data, first, last))
    pong = wire.until_pong(b"what")
    assert [frame.payload for frame in pong] == [
        b"what" + struct.pack("<IIIHH", 0, NOBODY, 9, 7, 0) + bytes([0b1001111])
    ]
    assert wire.ask(FRAGMENT, fragment(9, data, 4, 5)) == (
        RESULTS,
        struct.pack("<IB", 9, 1) + result(data),
    )
    assert wire.ask(PING, b"done") == (PONG, b"done" + struct.pack("<IIIHH", 0, 9, 9, 0, 0))


@pytest.mark.parametrize(
    ("arrived", "first", "told"),
    [
        pytest.param(range(20), 16, b"\x0f", id="in order"),
        pytest.param(range(16), 16, b"", id="whole bytes of the map"),
        pytest.param([*range(16), 17, 27], 16, b"\x02\x08", id="two behind gaps"),
        pytest.param([24], 0, b"\0\0\0\x01", id="one far behind"),
        pytest.param(range(1, 28), 0, b"\xfe\xff\xff\x0f", id="all but the first"),
        pytest.param(range(27), 24, b"\x07", id="all but the last"),
    ],
)
def test_a_pong_tells_only_what_is_between_the_first_gap_and_the_last_arrival(
    connect: Connect, arrived: Iterable[int], first: int, told: bytes
) -> None:
    wire = connect(**(SMALL | {"max_steps": 300}))
    data = vector(1, 220)  # 1,760 bytes: 28 units, the last of 32 bytes
    for unit in arrived:
        wire.send(FRAGMENT, fragment(1, data, unit, unit))
    (pong,) = wire.until_pong(b"what")
    assert pong.payload == b"what" + struct.pack("<IIIHH", 0, NOBODY, 1, 28, first) + told
    missing = messages.parse_pong(pong.payload).missing
    assert missing == tuple(unit for unit in range(28) if unit not in arrived)


def test_another_vector_ends_an_assembly(connect: Connect) -> None:
    wire = connect(**SMALL)
    wire.send(FRAGMENT, fragment(1, vector(1, 50), 0, 5))
    wire.send(FRAGMENT, fragment(2, vector(2, 50), 0, 5))
    assert wire.ask(FRAGMENT, fragment(2, vector(2, 50), 6, 6))[1][5:] == result(vector(2, 50))
    wire.send(FRAGMENT, fragment(3, vector(3, 50), 0, 5))
    wire.ask(VECTORS, struct.pack("<IBBH", 4, 1, 0, 1) + vector(4, 1))
    wire.send(FRAGMENT, fragment(3, vector(3, 50), 6, 6))
    assert [frame.type for frame in wire.until_pong(b"none")] == [PONG]


def test_the_last_answer_is_given_again_and_only_that(connect: Connect) -> None:
    wire = connect(**SMALL)
    data = [vector(number, 2) for number in range(2)]
    wire.ask(VECTORS, struct.pack("<IBBH", 0, 2, 0, 2) + b"".join(data))
    assert wire.ask(AGAIN, struct.pack("<I", 1)) == (
        RESULTS,
        struct.pack("<IB", 1, 1) + result(data[1]),
    )
    wire.send(AGAIN, struct.pack("<I", 0))
    wire.send(AGAIN, struct.pack("<I", NOBODY))
    assert [frame.type for frame in wire.until_pong(b"none")] == [PONG]


def test_a_failed_vector_has_no_last_answer(connect: Connect) -> None:
    wire = connect(**SMALL, fail_at=1)
    wire.ask(VECTORS, struct.pack("<IBBH", 0, 1, 0, 1) + bytes(STEP_BYTES))
    wire.send(AGAIN, struct.pack("<I", 0))
    assert [frame.type for frame in wire.until_pong(b"none")] == [PONG]


def test_hello_forgets_the_vectors_of_the_host_before(connect: Connect) -> None:
    wire = connect(**SMALL)
    wire.ask(VECTORS, struct.pack("<IBBH", 5, 1, 0, 1) + bytes(STEP_BYTES))
    wire.send(FRAGMENT, fragment(6, vector(6, 50), 0, 5))
    wire.bytes(b"damage")
    assert wire.next().type == NAK
    wire.ask(HELLO, VERSION)
    wire.send(AGAIN, struct.pack("<I", 5))
    wire.send(FRAGMENT, fragment(6, vector(7, 50), 6, 6))
    (pong,) = wire.until_pong(b"what")
    assert pong.payload[4:] == struct.pack("<IIIHH", 0, NOBODY, 6, 7, 0) + bytes([0b1000000])


def repeat(number: int, per_span: int, spans: int) -> bytes:
    return struct.pack("<IIH", number, per_span, spans)


def edges_of(told: int) -> list[tuple[int, int, int]]:
    """Level, calls of the model and ticks at each edge so far."""
    lines = os.pread(told, 1 << 20, 0).decode().splitlines()
    return [(int(level), int(calls), int(ticks)) for level, calls, ticks in map(str.split, lines)]


def test_a_repeat_toggles_the_pin_around_its_spans(connect: Connect) -> None:
    with tempfile.TemporaryFile() as told:
        wire = connect(**SMALL, edges=told.fileno())
        wire.ask(VECTORS, struct.pack("<IBBH", 7, 1, 0, 2) + vector(7, 2))
        before = len(edges_of(told.fileno()))
        kind, said = wire.ask(REPEAT, repeat(7, 4, 3))
        edges = edges_of(told.fileno())[before:]
    assert (kind, said) == (REPEATED, struct.pack("<IH3I", 7, 3, 800, 800, 800))
    assert edges == [(1, 1, 200), (0, 5, 1000), (1, 9, 1800), (0, 13, 2600)]


def test_a_repeat_is_answered_again_and_not_run_again(connect: Connect) -> None:
    with tempfile.TemporaryFile() as told:
        wire = connect(**SMALL, edges=told.fileno())
        wire.ask(VECTORS, struct.pack("<IBBH", 7, 1, 0, 2) + vector(7, 2))
        answer = wire.ask(REPEAT, repeat(7, 2, 63))
        assert answer == (REPEATED, struct.pack("<IH63I", 7, 63, *[400] * 63))
        edges = edges_of(told.fileno())
        for kind in (PING, STACK):  # their answers leave what the repeat took alone
            wire.ask(kind, b"beat" if kind == PING else b"")
            assert wire.ask(REPEAT, repeat(7, 2, 63)) == answer
        assert wire.ask(AGAIN, struct.pack("<I", 7))[1][5:] == result(vector(7, 2))
        assert wire.ask(REPEAT, repeat(7, 2, 63))[0] == ERROR  # behind that no more
        assert edges_of(told.fileno()) == edges


def test_a_vector_in_fragments_is_repeated_though_it_was_answered_again(connect: Connect) -> None:
    wire = connect(**SMALL)
    data = vector(3, 50)
    wire.ask(FRAGMENT, fragment(9, data, 0, 6))
    wire.ask(AGAIN, struct.pack("<I", 9))
    assert wire.ask(REPEAT, repeat(9, 1, 1)) == (REPEATED, struct.pack("<IHI", 9, 1, 5000))
    wire.ask(VECTORS, struct.pack("<IBBH", 10, 1, 0, 2) + vector(7, 2))
    assert wire.ask(REPEAT, repeat(10, 1, 1)) == (REPEATED, struct.pack("<IHI", 10, 1, 200))


@pytest.mark.parametrize(
    ("number", "spans"),
    [
        pytest.param(6, 1, id="another vector"),
        pytest.param(NOBODY, 1, id="no vector"),
        pytest.param(7, 0, id="no spans"),
        pytest.param(7, 2, id="the pin would stay high"),
        pytest.param(7, 65, id="too many to be told"),
        pytest.param(7, 65535, id="far too many"),
    ],
)
def test_repeats_that_cannot_be(connect: Connect, number: int, spans: int) -> None:
    wire = connect(**SMALL)
    wire.ask(VECTORS, struct.pack("<IBBH", 7, 1, 0, 2) + vector(7, 2))
    assert wire.ask(REPEAT, repeat(number, 1, spans)) == (ERROR, struct.pack("<BIi", 2, number, spans))
    assert wire.ask(REPEAT, repeat(7, 1, 1))[0] == REPEATED  # it is there all the same


def test_what_was_overwritten_or_forgotten_is_not_repeated(connect: Connect) -> None:
    wire = connect(**SMALL)
    assert wire.ask(REPEAT, repeat(0, 1, 1)) == (ERROR, struct.pack("<BIi", 2, 0, 1))
    wire.ask(VECTORS, struct.pack("<IBBH", 7, 1, 0, 2) + vector(7, 2))
    wire.send(FRAGMENT, fragment(8, vector(3, 50), 0, 1))  # into the same input
    assert wire.ask(REPEAT, repeat(7, 1, 1)) == (ERROR, struct.pack("<BIi", 2, 7, 1))
    wire.ask(VECTORS, struct.pack("<IBBH", 9, 1, 0, 2) + vector(7, 2))
    wire.ask(HELLO, VERSION)
    assert wire.ask(REPEAT, repeat(9, 1, 1)) == (ERROR, struct.pack("<BIi", 2, 9, 1))


@pytest.mark.parametrize("spans", [1, 63])
@pytest.mark.parametrize("steps", [2, 191])
def test_an_input_that_the_model_changes_is_loaded_anew(connect: Connect, steps: int, spans: int) -> None:
    wire = connect(**(SMALL | {"max_steps": 191}), changes=1)  # 1,528 B, three quarters of a frame
    data = vector(7, steps)
    wire.ask(VECTORS, struct.pack("<IBBH", 7, 1, 0, steps) + data)
    answer = wire.ask(REPEAT, repeat(7, 2, spans))
    assert answer == (REPEATED, struct.pack(f"<IH{spans}I", 7, spans, *[200 * steps] * spans))
    assert wire.ask(PING, b"what")[0] == PONG
    assert wire.ask(REPEAT, repeat(7, 2, spans)) == answer
    assert wire.ask(AGAIN, struct.pack("<I", 7))[1][5:] == result(data)


def test_results_leave_room_for_an_input(connect: Connect) -> None:
    wire = connect(**(SMALL | {"max_steps": 191}), changes=1)
    data = [vector(number, 1) for number in range(100)]
    wire.send(VECTORS, struct.pack("<IBBH", 0, 100, 0, 1) + b"".join(data))
    told = [frame.payload for frame in wire.until_pong(b"last")[:-1]]
    assert b"".join(said[5:] for said in told) == b"".join(map(result, data))
    assert max(map(len, told)) <= MAX_PAYLOAD - 1528
    assert wire.ask(REPEAT, repeat(99, 1, 1)) == (REPEATED, struct.pack("<IHI", 99, 1, 100))


def test_a_model_that_fails_or_changes_an_input_too_long_to_keep_has_no_figures(connect: Connect) -> None:
    for options, said in (({"fail_at": 4}, (3, -7)), ({"changes": 1}, (4, 0))):
        wire = connect(**SMALL, **options)
        wire.ask(VECTORS, struct.pack("<IBBH", 7, 1, 0, 2) + vector(7, 2))
        code, detail = said
        assert wire.ask(REPEAT, repeat(7, 3, 3)) == (ERROR, struct.pack("<BIi", code, 7, detail))
        wire.send(AGAIN, struct.pack("<I", 7))  # its output is gone as well
        assert [frame.type for frame in wire.until_pong(b"none")] == [PONG]


@pytest.mark.parametrize(
    ("kind", "payload", "number", "detail"),
    [
        pytest.param(VECTORS, b"", NOBODY, 0, id="no header"),
        pytest.param(VECTORS, struct.pack("<IBBH", 1, 0, 0, 1), NOBODY, 8, id="no vectors"),
        pytest.param(VECTORS, struct.pack("<IBBHH", 1, 2, 1, 0, 1), NOBODY, 10, id="half of the steps"),
        pytest.param(VECTORS, struct.pack("<IBBH", 1, 1, 0, 201), 1, 201, id="too many steps"),
        pytest.param(VECTORS, struct.pack("<IBBH", 1, 1, 0, 0), 1, 0, id="too few steps"),
        pytest.param(VECTORS, struct.pack("<IBBH", 1, 1, 0, 2) + bytes(15), 1, 2, id="too few bytes"),
        pytest.param(FRAGMENT, struct.pack("<IIH", 1, 0, 50), NOBODY, 10, id="an empty fragment"),
        pytest.param(FRAGMENT, struct.pack("<IIH", 1, 8, 50) + bytes(64), 1, 50, id="between units"),
        pytest.param(FRAGMENT, struct.pack("<IIH", 1, 0, 50) + bytes(8), 1, 50, id="half a unit"),
        pytest.param(FRAGMENT, struct.pack("<IIH", 1, 384, 50) + bytes(64), 1, 50, id="beyond the end"),
        pytest.param(FRAGMENT, struct.pack("<IIH", 1, 0xFFFFFFC0, 50) + bytes(64), 1, 50, id="far beyond"),
        pytest.param(FRAGMENT, struct.pack("<IIH", 1, 0, 201) + bytes(64), 1, 201, id="a long vector"),
        pytest.param(AGAIN, b"\0\0\0", NOBODY, 3, id="half a number"),
        pytest.param(REPEAT, repeat(0, 1, 1)[:-1], NOBODY, 9, id="half a repeat"),
    ],
)
def test_shapes_that_cannot_be(connect: Connect, kind: int, payload: bytes, number: int, detail: int) -> None:
    assert connect(**SMALL).ask(kind, payload) == (ERROR, struct.pack("<BIi", 2, number, detail))


def test_unknown_types(connect: Connect) -> None:
    assert connect(**SMALL).ask(0x7E) == (ERROR, struct.pack("<BIi", 1, NOBODY, 0x7E))


def test_stack_that_cannot_be_told_is_zero(connect: Connect) -> None:
    assert connect(**SMALL).ask(STACK) == (STACK_REPLY, bytes(12))


def test_a_fault_is_reported_three_times(connect: Connect) -> None:
    wire = connect(**SMALL, crash_at=1)
    wire.send(VECTORS, struct.pack("<IBBH", 0, 1, 0, 1) + bytes(STEP_BYTES))
    reports = [wire.next() for _ in range(3)]
    assert {frame.type for frame in reports} == {FAULT}
    assert struct.unpack("<8I", reports[0].payload) == (
        *(0x1234, 0x5679, 0x61000003, 0x00010000),
        *(0x40000000, 0xE000ED34, 0xE000ED38, 0x20001F80),
    )


def test_damage_is_told_and_the_frame_behind_it_is_answered(connect: Connect) -> None:
    wire = connect(**SMALL)
    hit = bytearray(encode(Frame(VECTORS, 1, struct.pack("<IBBH", 0, 1, 0, 5) + vector(0, 5))))
    hit[20] ^= 1
    wire.bytes(bytes(hit) + encode(Frame(PING, 2, b"next")))
    seen = {frame.type: frame.payload for frame in (wire.next(), wire.next())}
    assert seen[PONG][:4] == b"next"
    assert struct.unpack("<I", seen[NAK])[0] >= 1


def test_a_damaged_stretch_is_told_once(connect: Connect) -> None:
    """However many bytes of it look like a frame's beginning, and in however many pieces they come."""
    wire = connect(**SMALL)
    for stretch in range(1, 4):
        for _ in range(50):
            wire.bytes(b"\xa5\x5a\x03")
            wire.bytes(b"\x07\xa5")
        wire.bytes(bytes(MAX_PAYLOAD + OVERHEAD_BYTES))
        said = wire.until_pong(b"next")
        assert [frame.payload for frame in said if frame.type == NAK] == [struct.pack("<I", stretch)]
        assert struct.unpack_from("<I", said[-1].payload, 4) == (stretch,)


wire_settings = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
odd_frames = st.lists(st.tuples(st.integers(0, 0x0F), st.binary(max_size=120)), max_size=30)


@wire_settings
@given(st.binary(max_size=4000))
def test_it_survives_any_bytes(start_device: Callable[..., HostDevice], noise: bytes) -> None:
    assert_still_answers(start_device, noise)


@wire_settings
@given(odd_frames)
def test_it_survives_any_frames(
    start_device: Callable[..., HostDevice], sent: list[tuple[int, bytes]]
) -> None:
    assert_still_answers(start_device, b"".join(encode(Frame(kind, 0, said)) for kind, said in sent))


def assert_still_answers(start_device: Callable[..., HostDevice], sent: bytes) -> None:
    """The sanitizers end a device that oversteps; one that lives answers what comes behind a flush."""
    device = start_device(**SMALL)
    wire = Raw(device)
    try:
        wire.bytes(sent + bytes(MAX_PAYLOAD + OVERHEAD_BYTES))
        assert wire.until_pong(b"\x5a\xa5\x5a\xa5")
    finally:
        wire.close()
    assert device.failure() == ""
