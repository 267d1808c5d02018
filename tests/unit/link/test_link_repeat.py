"""One vector that runs again and again: what a host asks for, on lines that lose frames as well."""

from __future__ import annotations

import os
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from host_device import HostDevice

from hil.errors import DeviceCrashError, DeviceHungError, LinkError, ProtocolError, VectorError
from hil.link.faults import parse_faults
from hil.link.frames import Frame, Receiver, encode
from hil.link.link import Link
from hil.link.messages import NO_VECTOR, Type
from hil.link.recording import Recorder, read_recording
from hil.link.replay import replay
from hil.link.transport import Reopening
from hil.wire import most_spans

StartDevice = Callable[..., HostDevice]
VECTOR = np.full((8, 8), 3, np.float32)
TICKS = 800  # of one inference, device_host.c
LONG_S = 120.0


def runs(told: int) -> int:
    """How often the model ran so far, by the pin's last edge."""
    return int(os.pread(told, 1 << 20, 0).decode().splitlines()[-1].split()[1])


def test_ticks_of_each_span(start_device: StartDevice) -> None:
    with start_device().connect() as link:
        (result,) = link.infer([VECTOR])
        assert link.repeat(result.wire_number, 5, 3, LONG_S) == (5 * TICKS,) * 3
        (again,) = link.infer([VECTOR])
        assert link.repeat(again.wire_number, 1, 63, LONG_S) == (TICKS,) * 63
        assert link.stats.lost == link.stats.damaged == 0


@pytest.mark.parametrize(
    "faults", ["drop=8e-3,seed=1", "flip=2e-3,seed=2", "cut=4e-4,seed=3", "dup=2e-2,seed=4"]
)
def test_what_is_lost_is_asked_for_and_not_run_again(start_device: StartDevice, faults: str) -> None:
    with tempfile.TemporaryFile() as told:
        device = start_device(edges=told.fileno())
        link = Link.open(device.url, faults=parse_faults(faults), reopening=Reopening())
        with link:
            device.boot()
            link.handshake(LONG_S)
            for number in range(1, 7):
                (result,) = link.infer([VECTOR], hang_after_s=LONG_S)
                before = runs(told.fileno())
                assert link.repeat(result.wire_number, 2, 7, LONG_S) == (2 * TICKS,) * 7
                assert runs(told.fileno()) == before + 14, number
            assert link.stats.damaged + link.stats.lost + link.stats.returns > 0


def test_a_pass_that_takes_longer_than_the_board_s_clock_says_is_waited_for(
    start_device: StartDevice,
) -> None:
    """As on an emulator, whose time does not pass as ours does: the questions meanwhile change nothing."""
    with tempfile.TemporaryFile() as told:
        device = start_device(edges=told.fileno(), busy_us=40_000, clock_hz=4_000_000_000, window=512)
        with device.connect() as link:
            (result,) = link.infer([VECTOR], hang_after_s=LONG_S)
            before = runs(told.fileno())
            assert len(link.repeat(result.wire_number, 2, 15, LONG_S)) == 15
            assert runs(told.fileno()) == before + 30


def test_what_cannot_be_is_refused_before_a_byte_is_sent(start_device: StartDevice) -> None:
    with start_device().connect() as link:
        first, second = link.infer([VECTOR, VECTOR])
        before = link.stats
        with pytest.raises(VectorError, match="vector 0 cannot be repeated"):
            link.repeat(first.wire_number, 1, 1, LONG_S)
        for per_span, spans in ((1, 2), (1, 0), (1, 65), (0, 1), (2**32, 1), (2**32 // TICKS + 1, 1)):
            with pytest.raises(VectorError, match="vector 1 cannot be repeated"):
                link.repeat(second.wire_number, per_span, spans, LONG_S)
        assert link.stats == before
        assert link.repeat(second.wire_number, 1, 1, LONG_S) == (TICKS,)
        with pytest.raises(VectorError, match="repeated already"):
            link.repeat(second.wire_number, 1, 1, LONG_S)
        link.handshake(LONG_S)
        with pytest.raises(VectorError, match="not the vector that was sent last"):
            link.repeat(second.wire_number, 1, 1, LONG_S)


@pytest.mark.parametrize(
    ("misbehaviour", "kind", "told"),
    [
        ({"hang_at": 5}, DeviceHungError, r"not answered for 0\.\d s \(running vector 0 21 times"),
        ({"crash_at": 5}, DeviceCrashError, "crashed"),
        ({"restart_at": 5}, LinkError, "started again in the middle"),
        ({"fail_at": 5}, ProtocolError, r"cannot repeat vector 0 \(an error of the model, detail -7\)"),
        ({"changes": 1, "max_steps": 60}, ProtocolError, r"cannot repeat vector 0 \(its output changes"),
    ],
)
def test_a_pass_that_does_not_end_well(
    start_device: StartDevice, misbehaviour: dict[str, int], kind: type[LinkError], told: str
) -> None:
    with start_device(**misbehaviour).connect() as link:
        (result,) = link.infer([VECTOR])
        with pytest.raises(kind, match=told):
            link.repeat(result.wire_number, 7, 3, 0.5 if kind is DeviceHungError else LONG_S)


@contextmanager
def firmware(device: HostDevice, answer: Callable[[Frame], list[tuple[int, bytes]]]) -> Iterator[None]:
    """Firmware that a test plays: what it answers to each frame, while the link lasts."""

    def serve() -> None:
        receiver, seq = Receiver(2048), 0
        with device.accept() as line:
            while data := line.recv(4096):
                for frame in receiver.feed(data):
                    for kind, payload in answer(frame):
                        line.sendall(encode(Frame(kind, seq, payload)))
                        seq += 1

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        thread.join()


HELLO = (
    struct.pack("<H16s4B4H2I2H", 2, bytes(16), 2, 2, 2, 1, 1, 1, 1, 1, 1000, 1000, 8192, 2048) + b"\x01m\x01k"
)
RESULT = struct.pack("<IBIh", 0, 1, 9, 1)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ([(Type.ERROR, struct.pack("<BIi", 1, NO_VECTOR, 7))], "does not know the frame REPEAT"),
        ([(Type.REPEATED, struct.pack("<IHI", 0, 1, 9))], "another number of spans (1, not 3)"),
        ([(Type.REPEATED, struct.pack("<IHI", 0, 3, 9))], "malformed answer to a repeat"),
        ([(Type.ERROR, struct.pack("<BIi", 2, 0, 3))], "not the vector computed last any more"),
        ([(Type.ERROR, struct.pack("<BIi", 9, 0, 1))], "code 9, detail 1"),
    ],
)
def test_firmware_that_cannot(start_device: StartDevice, said: list[tuple[int, bytes]], told: str) -> None:
    answers = {Type.HELLO: [(Type.HELLO_REPLY, HELLO)], Type.VECTORS: [(Type.RESULTS, RESULT)]}
    device = start_device()
    with (
        firmware(
            device, lambda frame: said if frame.type == Type.REPEAT else answers.get(Type(frame.type), [])
        ),
        Link.open(device.url) as link,
    ):
        link.handshake(LONG_S)
        (result,) = link.infer([np.zeros((1, 1), np.int16)])
        with pytest.raises(ProtocolError) as caught:
            link.repeat(result.wire_number, 1, 3, LONG_S)
        assert told in str(caught.value)


def test_answers_of_another_time_are_passed_over(start_device: StartDevice) -> None:
    late = [
        (Type.ERROR, struct.pack("<BIi", 2, 4711, 3)),
        (Type.REPEATED, struct.pack("<IHI", 4711, 1, 9)),
        (Type.WORKING, struct.pack("<I", 0)),
        (Type.REPEATED, struct.pack("<IH3I", 0, 3, 7, 8, 9)),
    ]
    answers = {
        Type.HELLO: [(Type.HELLO_REPLY, HELLO)],
        Type.VECTORS: [(Type.RESULTS, RESULT)],
        Type.REPEAT: late,
    }
    device = start_device()
    with firmware(device, lambda frame: answers.get(Type(frame.type), [])), Link.open(device.url) as link:
        link.handshake(LONG_S)
        (result,) = link.infer([np.zeros((1, 1), np.int16)])
        assert link.repeat(result.wire_number, 1, 3, LONG_S) == (7, 8, 9)


@pytest.mark.parametrize("faults", [None, "drop=8e-3,seed=5"])
def test_a_recorded_pass_happens_again_as_it_was(
    start_device: StartDevice, tmp_path: Path, faults: str | None
) -> None:
    device = start_device()
    with Recorder(tmp_path / "a", {"board": "host"}) as recorder:
        link = Link.open(
            device.url, faults=None if faults is None else parse_faults(faults), recorder=recorder
        )
        with link:
            device.boot()
            recorder.say({"ask": "handshake", "deadline_s": LONG_S})
            link.handshake(LONG_S)
            recorder.say({"ask": "infer", "steps": [[8, 1]], "hang_after_s": LONG_S})
            (result,) = link.infer([VECTOR], hang_after_s=LONG_S)
            asked = {"number": result.wire_number, "per_span": 3, "spans": 5, "within_s": LONG_S}
            recorder.say({"ask": "repeat", **asked})
            assert link.repeat(**asked) == (3 * TICKS,) * 5
            stats = link.stats
    again = replay(read_recording(tmp_path / "a"))
    assert (again.error, again.deviates_s, again.stats) == (None, None, stats)


@pytest.mark.parametrize("payload", range(256, 330))
def test_a_frame_holds_the_ticks_twice_and_an_input(payload: int) -> None:
    """By the layout of runtime.c: the answer, the ticks once more, the input."""
    spans = most_spans(payload)
    assert spans % 2 == 1
    assert 6 + 4 * spans + 4 * spans + payload // 4 * 3 <= payload < 32 * (spans + 3)
