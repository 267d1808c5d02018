"""The transport with faults: what it does to bytes, what it is told, and what a link makes of it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from host_device import HostDevice, expected
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import HilError, LinkError
from hil.link.faults import FAULTS, Faults, FaultyTransport, parse_faults
from hil.link.link import Link
from hil.link.transport import SerialTransport
from hil.qemu.memory import SharedMemory

StartDevice = Callable[..., HostDevice]
MANY = bytes(range(256)) * 200
BYTES = 128 << 10


@pytest.fixture
def sockets(tmp_path: Path) -> Iterator[Callable[[Faults], tuple[FaultyTransport, socket.socket]]]:
    """A transport with faults over a unix socket, and the socket's other end."""
    path = str(tmp_path / "port.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(path)
        listening.listen()
        ends: list[socket.socket] = []

        def connect(faults: Faults) -> tuple[FaultyTransport, socket.socket]:
            transport = FaultyTransport(SerialTransport(f"unix://{path}", 115_200), faults)
            ends.append(listening.accept()[0])
            ends[-1].settimeout(60.0)
            return transport, ends[-1]

        yield connect
        for end in ends:
            end.close()


class Wire:
    """A transport whose other end is at hand: what was written, and what is to be read."""

    name = "wire"
    byte_s = 0.0
    bytes_out = bytes_in = 0

    def __init__(self) -> None:
        self.written = b""
        self.waiting: list[bytes] = []
        self.open = True

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.open = False

    def write(self, data: bytes) -> None:
        self.written += data

    def read(self, timeout_s: float) -> bytes:
        return self.waiting.pop(0) if self.waiting else b""

    def hang_up(self) -> None:
        self.open = False


def sent(faults: Faults, *portions: bytes) -> bytes:
    """What arrives of bytes that the host sends."""
    wire = Wire()
    line = FaultyTransport(wire, faults)
    for portion in portions:
        line.write(portion)
    assert line.bytes_out == sum(map(len, portions))
    return wire.written


def received(faults: Faults, *portions: bytes) -> bytes:
    """What comes of bytes that the device sends."""
    wire = Wire()
    wire.waiting += portions
    line = FaultyTransport(wire, faults)
    came = b"".join(line.read(0.0) for _ in range(2 * len(portions)))
    assert line.bytes_in == len(came)
    return came


# What it is told


def test_what_is_told_is_what_is_written() -> None:
    faults = parse_faults(" flip=1e-4, drop = 0.01 ,seed=7,stall=.5,stall_s=2,")
    assert faults == Faults(flip=1e-4, drop=0.01, stall=0.5, stall_s=2.0, seed=7)
    assert str(faults) == "flip=0.0001,drop=0.01,stall=0.5,stall_s=2,seed=7"
    assert parse_faults(str(faults)) == faults
    assert str(parse_faults("drop=1")) == "drop=1,seed=1"


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_can_be_told(name: str) -> None:
    assert f"{name}=1" in str(parse_faults(f"drop=0.5,{name}=1" if name != "drop" else "drop=1"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("filp=1e-4", "knows no fault 'filp'; did you mean 'flip'? there are flip, drop, dup, burst"),
        ("xyz=1", "knows no fault 'xyz'; there are flip, drop"),
        ("flip", "says nothing of flip; write flip=NUMBER: chance per bit that it is turned over"),
        ("flip=", "says nothing of flip"),
        ("flip=1e-4;drop=1", "has flip=1e-4;drop=1; give a number from 0 to 1"),
        ("flip=1.5", "has flip=1.5; give a number from 0 to 1: chance per bit"),
        ("flip=-1", "has flip=-1; give a number from 0 to 1"),
        ("flip=nan", "has flip=nan; give a number from 0 to 1"),
        ("delay=61", "has delay=61; give a number from 0 to 60: seconds"),
        ("flip=0.1,flip=0.2", "has flip twice"),
        ("drop=1,seed=x", "has the seed 'x'; give a whole number"),
        ("drop=1,seed=1.5", "has the seed '1.5'"),
        ("", "names no fault; give at least one, as flip=1e-4; there are flip"),
        ("seed=3,stall_s=1", "names no fault"),
        ("flip=0", "names no fault"),
    ],
)
def test_what_cannot_be_meant_is_named(text: str, said: str) -> None:
    with pytest.raises(HilError) as caught:
        parse_faults(text)
    assert str(caught.value).startswith("--link-faults ")
    assert said in str(caught.value)


# What it does to bytes


EVERY = Faults(flip=1e-3, drop=0.01, dup=0.01, burst=0.005, garbage=0.005, other=0.005)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 1000), max_size=20))
def test_the_same_bytes_are_damaged_however_they_are_sent(cuts: list[int]) -> None:
    data = MANY[:1000]
    portions = [data[begin:end] for begin, end in pairwise(sorted({0, 1000, *cuts}))]
    assert sent(EVERY, *portions) == sent(EVERY, data)
    assert received(EVERY, *portions) == received(EVERY, data)


def test_another_seed_and_the_other_way_damage_other_bytes() -> None:
    assert len({sent(Faults(drop=0.01, seed=1), MANY), sent(Faults(drop=0.01, seed=2), MANY)}) == 2
    assert sent(Faults(drop=0.01), MANY) != received(Faults(drop=0.01), MANY)


def test_bits_are_turned_at_the_rate_told() -> None:
    was, came = np.frombuffer(MANY, np.uint8), np.frombuffer(sent(Faults(flip=1e-3), MANY), np.uint8)
    turned = int(np.unpackbits(was ^ came).sum())
    assert 0.85e-3 < turned / (8 * len(MANY)) < 1.15e-3


@pytest.mark.parametrize(("faults", "share"), [(Faults(drop=0.1), 0.9), (Faults(dup=0.1), 1.1)])
def test_bytes_are_lost_and_doubled_at_the_rate_told(faults: Faults, share: float) -> None:
    came = sent(faults, MANY)
    assert abs(len(came) / len(MANY) - share) < 0.005
    assert came.startswith(MANY[:1])


def test_certain_faults_strike_everywhere() -> None:
    assert sent(Faults(drop=1.0), MANY) == b""
    assert sent(Faults(dup=1.0), b"ab") == b"aabb"
    assert sent(Faults(flip=1.0), b"\x0f\xa5") == b"\xf0\x5a"
    assert len(sent(Faults(burst=1.0), MANY)) == len(MANY)
    assert sent(Faults(flip=5e-324), MANY) == MANY


def test_a_burst_covers_bytes_in_a_row_and_changes_no_length() -> None:
    came = sent(Faults(burst=0.0005), MANY)
    assert len(came) == len(MANY)
    wrong = np.flatnonzero(np.frombuffer(came, np.uint8) != np.frombuffer(MANY, np.uint8))
    gaps = np.diff(wrong)
    assert 10 < np.count_nonzero(gaps > 64) < 60
    assert np.count_nonzero(gaps == 1) > 0.9 * len(gaps)


def test_garbage_and_other_programs_come_between_bytes() -> None:
    for faults in (Faults(garbage=0.001), Faults(other=0.001)):
        came = sent(faults, b"." * 10_000)
        assert came.count(b".") >= 10_000
        assert len(came) > 10_050
    assert b"AT\r\n" in sent(Faults(other=0.001), bytes(10_000))
    assert b"login: " in received(Faults(other=0.001), bytes(10_000))


# When bytes come


def test_a_delay_holds_bytes_back_but_loses_none(
    sockets: Callable[[Faults], tuple[FaultyTransport, socket.socket]],
) -> None:
    line, end = sockets(Faults(delay=0.05))
    with line:
        line.write(b"out")
        end.setblocking(False)
        with pytest.raises(BlockingIOError):
            end.recv(10)
        end.settimeout(10.0)
        end.sendall(b"in")
        assert line.read(0.0) == b""
        assert line.read(10.0) == b"in"
        assert end.recv(10) == b"out"


def test_a_line_that_stands_still_goes_on(
    sockets: Callable[[Faults], tuple[FaultyTransport, socket.socket]],
) -> None:
    line, end = sockets(Faults(stall=0.02, stall_s=0.05))
    with line:
        line.write(MANY[:100])
        end.setblocking(False)
        first = end.recv(200)
        assert 0 < len(first) < 100
        end.setblocking(True)
        while len(first) < 100:
            line.read(0.01)
            end.setblocking(False)
            try:
                first += end.recv(200)
            except BlockingIOError:
                continue
        assert first == MANY[:100]


def test_a_cut_line_is_gone(
    sockets: Callable[[Faults], tuple[FaultyTransport, socket.socket]],
) -> None:
    line, end = sockets(Faults(cut=0.01))
    with line:
        line.write(MANY)
        came = b""
        while more := end.recv(4096):
            came += more
        assert 0 < len(came) < 2000
        assert MANY.startswith(came)
        with pytest.raises(LinkError, match="went away"):
            line.write(b"more")
        with pytest.raises(LinkError, match="went away"):
            line.read(0.1)


# What a link makes of it


@pytest.mark.parametrize("through_memory", [False, True], ids=["uart", "ram"])
@pytest.mark.parametrize(
    "text",
    [
        "flip=1e-4,drop=1e-2,seed=7",
        "drop=1e-3,dup=1e-3",
        "burst=1e-4",
        "garbage=1e-3",
        "other=1e-3",
        "delay=0.003",
        "stall=1e-4,stall_s=0.05",
    ],
)
def test_every_result_is_right_on_a_line_with_faults(
    start_device: StartDevice, text: str, through_memory: bool
) -> None:
    vectors = [np.full((8, 8), number, np.float32) for number in range(40)]
    with SharedMemory(BYTES, BYTES) if through_memory else nullcontext() as memory:
        device = start_device(memory=memory)
        with Link.open(device.url, memory=memory, faults=parse_faults(text)) as link:
            device.boot()
            link.handshake(120.0)
            assert link.via == ("ram" if through_memory else "uart")
            results = link.infer(vectors, hang_after_s=120.0)
        assert [result.number for result in results] == list(range(40))
        for vector, result in zip(vectors, results, strict=True):
            assert np.array_equal(result.output, expected(vector, 10))
            assert result.ticks == 800


def test_what_the_line_damages_is_counted(start_device: StartDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = [np.full((8, 8), number, np.float32) for number in range(40)]
    stats = []
    for faults in (None, parse_faults("flip=3e-4")):
        device = start_device()
        with Link.open(device.url, faults=faults) as link, monkeypatch.context() as patch:
            if faults is None:  # that the machine stalls is no silence that a ping should end
                patch.setattr("hil.link.pacing._LEAST_QUIET_S", 120.0)
                patch.setattr("hil.link.pacing._MOST_QUIET_S", 120.0)
            device.boot()
            link.handshake(120.0)
            link.infer(vectors, hang_after_s=240.0)
            stats.append(link.stats)
    clean, damaged = stats
    assert (clean.lost, clean.damaged) == (0, 0)
    assert damaged.lost > 0
    assert damaged.damaged > 0
    assert damaged.wire_bytes_out > clean.wire_bytes_out
    assert damaged.payload_bytes_out == clean.payload_bytes_out
