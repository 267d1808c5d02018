"""Frames through a debug probe, against the real runtime: few accesses to its memory, and a bell."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pytest
from host_device import HostDevice, expected

from hil.errors import DeviceHungError, DeviceRestartError, LinkError, ProbeError
from hil.link.faults import Faults
from hil.link.link import Link
from hil.link.probe import ProbeTransport
from hil.link.transport import SerialTransport
from hil.qemu.memory import SharedMemory

Vector = npt.NDArray[np.float32]
StartDevice = Callable[..., HostDevice]
BYTES = 128 << 10
PATIENT_S = 120.0  # there for a hang
MAGIC, GENERATION, DOWN_BYTES, UP_BYTES, DOWN_TAKEN, UP_PUT, WAITS = range(0, 28, 4)
HOST_MAGIC = 32
RINGS, NONE = 0x5249_4E47, 0x4E4F_4E45


@dataclass
class Probe:
    """A debug probe over shared memory: notes its accesses, and fails once it is ``gone``."""

    memory: SharedMemory
    bell: Callable[[], None]
    accesses: list[tuple[str, int, int, bool]] = field(default_factory=list)  # how, where, bytes, board works
    gone: bool = False

    @property
    def size(self) -> int:
        return self.memory.size

    def read(self, offset: int, count: int) -> bytes:
        self._note("read", offset, count)
        return self.memory.read(offset, count)

    def write(self, offset: int, data: bytes) -> None:
        self._note("write", offset, len(data))
        if offset % 4 or len(data) % 4:
            self.memory.write(offset, data)
            return
        for at in range(0, len(data), 4):  # word by word, in ascending order
            self.memory.write(offset + at, data[at : at + 4])

    def wake(self) -> None:
        self._note("wake", 0, 0)
        self.bell()

    def _note(self, how: str, offset: int, count: int) -> None:
        if self.gone:
            raise ProbeError("the debug probe failed while reading memory")
        works = self.memory.read(WAITS, 4) == bytes(4)
        self.accesses.append((how, offset, count, works))


@pytest.fixture
def memory() -> Iterator[SharedMemory]:
    with SharedMemory(BYTES, BYTES) as shared:
        yield shared


@contextmanager
def attached(
    device: HostDevice, memory: SharedMemory, faults: Faults | None = None
) -> Iterator[tuple[Link, Probe]]:
    """The device started through a probe, hands not shaken yet."""
    with SerialTransport(device.url, 115_200) as port:
        probe = Probe(memory, port.wake)
        with Link.over(ProbeTransport(probe, probe.wake), faults=faults) as link:
            device.boot()
            yield link, probe


def inputs(count: int, steps: int = 8, features: int = 8) -> list[Vector]:
    made = np.random.default_rng(count).standard_normal((count, steps, features))
    return list(made.astype(np.float32))


def infer_right(link: Link, vectors: list[Vector]) -> None:
    results = link.infer(vectors, hang_after_s=PATIENT_S)
    assert [result.number for result in results] == list(range(len(vectors)))
    for vector, result in zip(vectors, results, strict=True):
        assert np.array_equal(result.output, expected(vector, 10))


def test_vectors_and_answers_travel_through_the_probe(
    start_device: StartDevice, memory: SharedMemory
) -> None:
    with attached(start_device(memory=memory), memory) as (link, _):
        link.handshake(PATIENT_S)
        infer_right(link, inputs(1000))  # more than eight times round the ring
        assert link.via == "probe"
        stats = link.stats
    assert (stats.lost, stats.damaged) == (0, 0)
    assert memory.read(HOST_MAGIC, 4) == bytes(4)


def test_a_large_vector_goes_in_fragments(start_device: StartDevice, memory: SharedMemory) -> None:
    device = start_device(memory=memory, features=128, min_steps=128, max_steps=128)
    with attached(device, memory) as (link, _):
        link.handshake(PATIENT_S)
        infer_right(link, inputs(3, 128, 128))  # 64 KiB each: twice the ring


def test_nothing_is_written_while_the_board_computes_and_looks_become_rare(
    start_device: StartDevice, memory: SharedMemory
) -> None:
    """Accesses of a debugger may hold up what is being measured."""
    with attached(start_device(memory=memory, busy_us=200_000), memory) as (link, probe):
        link.handshake(PATIENT_S)
        probe.accesses.clear()
        started = time.monotonic()
        infer_right(link, inputs(6))
        seconds = time.monotonic() - started
    working = [access for access in probe.accesses if access[3]]
    assert working, "nobody looked"
    written = [offset for how, offset, _, _ in working if how == "write"]
    assert all(36 <= offset < 48 for offset in written), "only what was taken is told, once an answer came"
    looks = [access for access in working if access[:3] == ("read", 16, 12)]
    assert len(looks) < 500 * seconds  # each millisecond would be 1000
    assert len(working) - len(looks) <= 8 * (seconds / 0.5 + 2)  # twice a second, and on the way to sleep


def test_the_mark_counts_for_one_start(start_device: StartDevice, memory: SharedMemory) -> None:
    """A host that was killed leaves nothing that the next one's firmware could take for its own."""
    device = start_device(memory=memory)
    with attached(device, memory) as (link, _):
        link.handshake(PATIENT_S)
        assert memory.read(HOST_MAGIC, 4) == bytes(4)
    device.halt()
    with Link.open(device.url) as link:
        device.boot()
        link.handshake(PATIENT_S)
        infer_right(link, inputs(3))
        assert memory.read(MAGIC, 4) == struct.pack("<I", NONE)


def test_memory_that_forgets_the_mark_is_told(start_device: StartDevice, memory: SharedMemory) -> None:
    device = start_device(memory=memory)
    with SerialTransport(device.url, 115_200):
        probe = Probe(memory, lambda: None)
        with Link.over(ProbeTransport(probe, probe.wake)) as link:
            memory.write(HOST_MAGIC, bytes(4))
            device.boot()
            with pytest.raises(LinkError, match="started without the host's mark"):
                link.handshake(PATIENT_S)


def test_a_restart_in_the_middle_is_not_passed_over(start_device: StartDevice, memory: SharedMemory) -> None:
    with attached(start_device(memory=memory, restart_at=5), memory) as (link, _):
        link.handshake(PATIENT_S)
        with pytest.raises(DeviceRestartError, match="started again in the middle"):
            link.infer(inputs(300), hang_after_s=PATIENT_S)


def test_a_probe_that_drops_is_its_error(start_device: StartDevice, memory: SharedMemory) -> None:
    with attached(start_device(memory=memory), memory) as (link, probe):
        link.handshake(PATIENT_S)

        def drop(result: object) -> None:
            probe.gone = True

        with pytest.raises(ProbeError, match="the debug probe failed"):
            link.infer(inputs(300), on_result=drop, hang_after_s=PATIENT_S)


def test_a_board_that_stands_is_a_hang(start_device: StartDevice, memory: SharedMemory) -> None:
    with attached(start_device(memory=memory, hang_at=3), memory) as (link, _):
        link.handshake(PATIENT_S)
        with pytest.raises(DeviceHungError):
            link.infer(inputs(5), hang_after_s=1.0)


def test_a_board_that_missed_the_bell_is_woken_again(start_device: StartDevice, memory: SharedMemory) -> None:
    device = start_device(memory=memory)
    with SerialTransport(device.url, 115_200) as port:
        rung = 0

        def every_other() -> None:
            nonlocal rung
            rung += 1
            if rung % 2 == 0:
                port.wake()

        probe = Probe(memory, every_other)
        with Link.over(ProbeTransport(probe, probe.wake)) as link:
            device.boot()
            link.handshake(PATIENT_S)
            infer_right(link, inputs(20))


@pytest.mark.parametrize(
    "faults", [Faults(flip=2e-5, drop=2e-4, dup=1e-4, seed=3), Faults(cut=5e-5, garbage=1e-4, seed=5)]
)
def test_faults_on_purpose_cost_frames_and_no_results(
    start_device: StartDevice, memory: SharedMemory, faults: Faults
) -> None:
    with attached(start_device(memory=memory), memory, faults) as (link, _):
        link.handshake(PATIENT_S)
        for _ in range(3):
            infer_right(link, inputs(100))
        assert link.stats.lost + link.stats.damaged + link.stats.returns > 0


@pytest.mark.parametrize("value", [0, 1, 0x8000_1234, 0xFFFF_FFFF])
@pytest.mark.parametrize("offset", [GENERATION, DOWN_BYTES, DOWN_TAKEN, UP_PUT, WAITS])
def test_a_word_that_another_wrote_costs_frames_and_no_results(
    start_device: StartDevice, memory: SharedMemory, offset: int, value: int
) -> None:
    """Firmware that runs wild does that to its own words."""
    with attached(start_device(memory=memory), memory) as (link, _):
        link.handshake(PATIENT_S)
        infer_right(link, inputs(10))
        memory.write(offset, struct.pack("<I", value))
        infer_right(link, inputs(50))
