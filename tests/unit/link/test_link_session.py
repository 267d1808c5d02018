"""What a host sees of firmware that is another, hangs, crashes, restarts or talks nonsense."""

from __future__ import annotations

import math
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from host_device import BUILD_ID, HostDevice

from hil.errors import (
    DeviceCrashError,
    DeviceHungError,
    HandshakeError,
    HilError,
    LinkError,
    ProtocolVersionError,
    VectorError,
)
from hil.link.frames import Frame, Receiver, encode
from hil.link.link import Link
from hil.link.messages import Type

StartDevice = Callable[..., HostDevice]
PATIENT_S = 120.0  # there for a hang
INPUTS = [np.full((8, 8), number, np.float32) for number in range(30)]


def test_the_handshake_tells_all_about_the_firmware(start_device: StartDevice) -> None:
    device = start_device(dtype=2, features=3, min_steps=4, max_steps=5, outputs=6, window=7000)
    with device.connect() as link:
        hello = link.require_hello()
    assert (hello.protocol, hello.build_id) == (2, BUILD_ID)
    assert (hello.model, hello.kind, hello.precision) == ("checksum", "host", "q15")
    assert (hello.features, hello.min_steps, hello.max_steps, hello.outputs) == (3, 4, 5, 6)
    assert (hello.input_dtype, hello.output_dtype) == (np.int16, np.int16)
    assert (hello.counter, hello.counter_hz, hello.clock_hz) == ("timer", 1_000_000, 1_000_000)
    assert (hello.rx_window, hello.max_payload) == (7000, 2048)
    assert hello.told == "protocol 2, clock 1,000,000 Hz, counter timer at 1,000,000 Hz"


def test_another_protocol_version_is_named(other_version_program: Path) -> None:
    with HostDevice(other_version_program) as device, Link.open(device.url) as link:
        device.boot()
        with pytest.raises(ProtocolVersionError, match="protocol 7, this lab 2"):
            link.handshake(PATIENT_S)


def test_a_hang_ends_at_the_deadline_with_evidence(start_device: StartDevice) -> None:
    with (
        start_device(hang_at=11).connect() as link,
        pytest.raises(DeviceHungError, match=r"not answered for \d+\.\d s") as caught,
    ):
        link.infer(INPUTS, hang_after_s=0.5)
    assert "of 30 vectors were answered; heard" in str(caught.value)
    assert ", last " in str(caught.value)


def test_time_that_does_not_pass_for_the_board_is_not_silence(start_device: StartDevice) -> None:
    """As on a host that gives an emulator a thousandth of the time."""
    with start_device(busy_us=900_000).connect(lambda: time.monotonic() / 1000) as link:
        assert len(link.infer(INPUTS[:1], hang_after_s=0.3)) == 1


def test_a_board_that_never_speaks_is_hung(start_device: StartDevice) -> None:
    with Link.open(start_device().url) as link, pytest.raises(DeviceHungError, match="heard 0 bytes"):
        link.handshake(0.7)


@pytest.mark.parametrize("damage", [{}, {"seed": 2, "lose": 1000, "flip": 1000}])
def test_a_crash_is_reported_with_its_registers(start_device: StartDevice, damage: dict[str, int]) -> None:
    with start_device(crash_at=5, **damage).connect() as link, pytest.raises(DeviceCrashError) as caught:
        link.infer(INPUTS, hang_after_s=PATIENT_S)
    assert caught.value.registers["pc"] == 0x1234
    assert caught.value.registers["sp"] == 0x20001F80
    assert set(caught.value.registers) == {"pc", "lr", "xpsr", "cfsr", "hfsr", "mmfar", "bfar", "sp"}


def test_a_restart_in_the_middle_is_not_passed_over(start_device: StartDevice) -> None:
    with (
        start_device(restart_at=5).connect() as link,
        pytest.raises(LinkError, match="started again in the middle"),
    ):
        link.infer(INPUTS, hang_after_s=PATIENT_S)


def test_an_error_of_the_model_names_the_vector(start_device: StartDevice) -> None:
    with (
        start_device(fail_at=8).connect() as link,
        pytest.raises(LinkError, match=r"refused vector 7 \(an error of the model, detail -7\)"),
    ):
        link.infer(INPUTS)


@pytest.mark.parametrize(
    "vector",
    [
        np.zeros((8, 7), np.float32),
        np.zeros((9, 8), np.float32),
        np.zeros((0, 8), np.float32),
        np.zeros((8, 8), np.float64),
        np.zeros(64, np.float32),
    ],
)
def test_a_wrong_shape_is_refused_before_a_byte_is_sent(
    start_device: StartDevice, vector: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
) -> None:
    with start_device().connect() as link:
        before = link.stats
        with pytest.raises(VectorError, match="vector 30 is not what checksum takes"):
            link.infer([*INPUTS, vector])
        assert link.stats == before


def test_inference_needs_a_handshake(start_device: StartDevice) -> None:
    with Link.open(start_device().url) as link, pytest.raises(HandshakeError, match="call handshake first"):
        link.infer(INPUTS)


def test_the_stack_is_asked_for(start_device: StartDevice) -> None:
    with start_device().connect() as link:
        assert link.stack().size == 0  # the host's own stack is not painted


def test_a_port_that_closes_in_the_middle_is_an_error() -> None:
    with scripted(lambda frame: None) as link, pytest.raises(LinkError, match="went away"):
        link.handshake(PATIENT_S)


# A board played frame by frame, for what no firmware of ours does.

Script = Callable[[Frame], bytes | None]


def hello_reply(
    *, max_payload: int = 2048, outputs: int = 10, rx_window: int = 8192, max_steps: int = 8
) -> bytes:
    words = [(2, 2), (0, 16), (1, 1), (1, 1), (1, 1), (1, 1), (8, 2), (8, 2), (max_steps, 2), (outputs, 2)]
    words += [(1000, 4), (1000, 4), (rx_window, 2), (max_payload, 2)]
    payload = b"".join(value.to_bytes(size, "little") for value, size in words) + b"\x01m\x01k"
    return encode(Frame(Type.HELLO_REPLY, 0, payload))


@contextmanager
def scripted(answer: Script, clock: Callable[[], float] = time.monotonic) -> Iterator[Link]:
    """A link to a board that answers each frame as told; None closes the port."""
    with HostDevice(Path()) as device, Link.open(device.url, clock=clock) as link:
        end = device.accept()

        def serve() -> None:
            receiver = Receiver(2048)
            with end, suppress(OSError):  # the host may go first
                end.sendall(encode(Frame(Type.READY, 0, b"\x02\x00")))
                while data := end.recv(4096):
                    for frame in receiver.feed(data):
                        reply = answer(frame)
                        if reply is None:
                            return
                        end.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield link
        finally:
            link.__exit__(None, None, None)
            thread.join()


class Computer:
    """A board that computes for as long as it is told, by a clock that it moves itself.

    ``seconds`` are those of each vector; with ``tells`` it sends WORKING every 0.4 s. Time goes on only after
    the host has asked, so that the host has seen what time it was.
    """

    def __init__(self, seconds: tuple[float, ...], *, tells: bool = False) -> None:
        self._seconds = seconds
        self._every_s = 0.4 if tells else math.inf
        self._number = -1
        self._left_s = 0.0
        self.now_s = 0.0

    def clock(self) -> float:
        return self.now_s

    def answer(self, frame: Frame) -> bytes:
        if frame.type == Type.HELLO:
            return hello_reply()
        if frame.type == Type.VECTORS and self._left_s == 0.0:
            self._number += 1
            self._left_s = self._seconds[self._number]
        elif self._left_s == 0.0:
            return b""
        if self._left_s < 0:
            self._left_s = 0.0
            return result(self._number, self._number)
        passed = min(self._every_s, self._left_s)
        self.now_s += passed
        self._left_s = self._left_s - passed or -1.0  # done, and the answer is for the next frame
        return encode(Frame(Type.WORKING, 0, bytes(4))) if passed == self._every_s else b""


@pytest.mark.parametrize(("factor", "hangs"), [(0.0, True), (20.0, False)])
def test_a_device_that_took_long_before_may_take_longer(factor: float, hangs: bool) -> None:
    """Vectors of one model differ: the second takes thrice as long as the limit for the first."""
    board = Computer((0.2, 1.2))
    with scripted(board.answer, board.clock) as link:
        link.handshake(PATIENT_S)
        run = partial(link.infer, INPUTS[:1], hang_after_s=0.4, hang_factor=factor)
        assert run()[0].output[0] == 0
        if hangs:
            with pytest.raises(DeviceHungError, match=r"not answered for 1\.2 s"):
                run()
        else:
            assert run()[0].output[0] == 1


@pytest.mark.parametrize("tells", [False, True])
def test_a_device_that_says_it_computes_does_not_hang(tells: bool) -> None:
    board = Computer((2.0,), tells=tells)
    with scripted(board.answer, board.clock) as link:
        link.handshake(PATIENT_S)
        if tells:
            assert link.infer(INPUTS[:1], hang_after_s=0.9)[0].output[0] == 0
        else:
            with pytest.raises(DeviceHungError, match=r"not answered for 2\.0 s"):
                link.infer(INPUTS[:1], hang_after_s=0.9)


def result(number: int, output: int) -> bytes:
    values = np.full(10, output, np.float32).tobytes()
    return encode(Frame(Type.RESULTS, 0, number.to_bytes(4, "little") + b"\x01" + bytes(4) + values))


def test_a_late_answer_of_the_call_before_does_not_fit_the_next() -> None:
    """The first call's vector is answered again, with nonsense, while the second call runs."""
    answered = []

    def answer(frame: Frame) -> bytes:
        if frame.type == Type.HELLO:
            return hello_reply()
        number = int.from_bytes(frame.payload[:4], "little")
        late = result(answered[0], -1) if answered else b""
        answered.append(number)
        return late + result(number, len(answered))

    with scripted(answer) as link:
        link.handshake(PATIENT_S)
        assert link.infer(INPUTS[:1])[0].output[0] == 1
        assert link.infer(INPUTS[:1])[0].output[0] == 2


def test_noise_without_end_meets_the_deadline() -> None:
    """A port at the wrong baud rate never falls silent, and never says anything."""
    with (
        HostDevice(Path()) as device,
        Link.open(device.url) as link,
        device.accept() as end,
        subprocess.Popen(["yes"], stdout=end) as noise,
    ):
        try:
            with pytest.raises(DeviceHungError):
                link.handshake(0.6)
        finally:
            noise.kill()


def test_a_fault_behind_half_a_frame_is_found() -> None:
    """A core that crashes while it sends leaves half a frame: the report behind it is not its rest."""

    def answer(frame: Frame) -> bytes:
        if frame.type == Type.HELLO:
            return hello_reply()
        if frame.type != Type.VECTORS:
            return b""
        half = encode(Frame(Type.RESULTS, 0, bytes(1500)))[:700]
        return half + encode(Frame(Type.FAULT, 1, bytes(range(32))))

    with scripted(answer) as link:
        link.handshake(PATIENT_S)
        with pytest.raises(DeviceCrashError):
            link.infer(INPUTS[:1], hang_after_s=PATIENT_S)


@pytest.mark.parametrize(
    "reply",
    [
        hello_reply(max_payload=100),
        hello_reply(outputs=0),
        hello_reply(rx_window=20),
        encode(Frame(Type.HELLO_REPLY, 0, b"\x02\x00too short")),
    ],
)
def test_a_handshake_that_cannot_be_is_refused(reply: bytes) -> None:
    with scripted(lambda frame: reply) as link, pytest.raises(LinkError, match="malformed handshake"):
        link.handshake(PATIENT_S)


def test_outputs_that_fit_no_frame_of_the_firmware_are_named() -> None:
    with (
        scripted(lambda frame: hello_reply(outputs=600)) as link,
        pytest.raises(
            HandshakeError, match=r"does not fit a frame .*600 outputs are 2,400 B, at most 2,039 fit"
        ),
    ):
        link.handshake(PATIENT_S)


def test_a_vector_too_large_for_the_firmware_is_named() -> None:
    def answer(frame: Frame) -> bytes:
        return hello_reply(max_payload=256, max_steps=40_000)

    with scripted(answer) as link:
        hello = link.handshake(PATIENT_S)
        vector = np.zeros((40_000, hello.features), dtype=hello.input_dtype)
        with pytest.raises(
            VectorError, match=r"vector 0 is too large for the link .*at most 120,832 with frames of 256 B"
        ):
            link.infer([vector])


def test_an_answer_to_a_vector_never_sent_is_refused() -> None:
    def answer(frame: Frame) -> bytes:
        return hello_reply() if frame.type == Type.HELLO else result(1000, 1)

    with scripted(answer) as link:
        link.handshake(PATIENT_S)
        with pytest.raises(LinkError, match="never sent"):
            link.infer(INPUTS)


def test_every_error_of_the_link_says_what_to_do(start_device: StartDevice) -> None:
    with start_device(hang_at=1).connect() as link, pytest.raises(HilError) as caught:
        link.infer(INPUTS, hang_after_s=0.3)
    assert caught.value.remedy
    assert str(caught.value.at("left")).startswith("left: ")
