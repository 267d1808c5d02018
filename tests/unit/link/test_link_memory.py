"""Frames through shared memory, against the real runtime: results, restarts, what others write there."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from host_device import HostDevice, expected

from hil.errors import LinkError
from hil.link.link import Link, Result
from hil.link.rings import MemoryTransport
from hil.link.transport import SerialTransport
from hil.qemu.memory import SharedMemory

Vector = npt.NDArray[np.float32]
StartDevice = Callable[..., HostDevice]
BYTES = 128 << 10
PATIENT_S = 120.0  # there for a hang
MAGIC, GENERATION, DOWN_BYTES, UP_BYTES, DOWN_TAKEN, UP_PUT = range(0, 24, 4)
HOST_MAGIC, HOST_GENERATION, DOWN_PUT, UP_TAKEN = range(32, 48, 4)
RINGS = range(64, 64 + (64 << 10))


@pytest.fixture
def memory() -> Iterator[SharedMemory]:
    with SharedMemory(BYTES, BYTES) as shared:
        yield shared


def word(memory: SharedMemory, offset: int) -> int:
    return int.from_bytes(memory.read(offset, 4), "little")


def inputs(count: int, steps: int = 8, features: int = 8) -> list[Vector]:
    made = np.random.default_rng(count).standard_normal((count, steps, features))
    return list(made.astype(np.float32))


def infer_right(link: Link, vectors: list[Vector], on_result: Callable[[Result], None] | None = None) -> None:
    results = link.infer(vectors, on_result=on_result, hang_after_s=PATIENT_S)
    assert [result.number for result in results] == list(range(len(vectors)))
    for vector, result in zip(vectors, results, strict=True):
        assert np.array_equal(result.output, expected(vector, 10))


def test_vectors_and_answers_travel_through_memory(start_device: StartDevice, memory: SharedMemory) -> None:
    device = start_device(memory=memory)
    with device.connect() as link:
        assert link.via == "ram"
        assert link.require_hello().rx_window == 32_768
        infer_right(link, inputs(1000))  # more than eight times round the ring
        stats = link.stats
    assert stats.wire_bytes_out > 1000 * 256
    assert (stats.lost, stats.damaged) == (0, 0)


def test_a_large_vector_goes_in_fragments(start_device: StartDevice, memory: SharedMemory) -> None:
    device = start_device(memory=memory, features=128, min_steps=128, max_steps=128)
    with device.connect() as link:
        infer_right(link, inputs(5, 128, 128))  # 64 KiB each: twice the ring


def test_firmware_without_rings_is_heard_on_the_port(
    device_program: Path, start_device: StartDevice, memory: SharedMemory
) -> None:
    """The memory of an earlier image, with rings, is still there."""
    with HostDevice(device_program, memory=memory) as earlier, earlier.connect() as link:
        infer_right(link, inputs(3))
    device = start_device()
    with Link.open(device.url, memory=memory) as link:
        device.boot()
        link.handshake(PATIENT_S)
        assert link.via == "uart"
        infer_right(link, inputs(30))


def test_a_zero_that_arrives_alone_is_heard_from_firmware_without_rings(
    tmp_path: Path, memory: SharedMemory
) -> None:
    """An emulated UART hands over byte by byte, and only beside rings is a zero nothing but a bell."""
    path = tmp_path / "board.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with MemoryTransport(memory, SerialTransport(f"unix://{path}", 115_200)) as transport:
            board, _ = listener.accept()
            with board:
                for byte in (b"\x07", b"\0", b"\0", b"\x01"):
                    board.sendall(byte)
                    assert transport.read(1.0) == byte


def test_a_busy_board_is_not_waited_for_to_take_what_wakes_it(
    start_device: StartDevice, memory: SharedMemory
) -> None:
    """More frames than a socket holds single bytes, both ways, while neither side is idle."""
    with start_device(memory=memory, features=60).connect() as link:
        infer_right(link, inputs(2_000, 8, 60))


def test_a_host_without_memory_is_served_on_the_port(
    device_program: Path, start_device: StartDevice, memory: SharedMemory
) -> None:
    with HostDevice(device_program, memory=memory) as earlier, earlier.connect() as link:
        assert link.via == "ram"
    device = start_device(memory=memory)
    with Link.open(device.url) as link:
        device.boot()
        link.handshake(PATIENT_S)
        assert link.via == "uart"
        infer_right(link, inputs(30))


def test_every_start_makes_rings_of_another_generation(device_program: Path, memory: SharedMemory) -> None:
    seen = set()
    for _ in range(3):
        with HostDevice(device_program, memory=memory) as device, device.connect() as link:
            infer_right(link, inputs(200))
            seen.add(word(memory, GENERATION))
    assert len(seen) == 3


def test_a_host_that_comes_later_gets_rings_anew(start_device: StartDevice, memory: SharedMemory) -> None:
    """The device runs on; what the earlier host left in the rings does not reach the later one."""
    device = start_device(memory=memory)
    with device.connect() as link:
        before = word(memory, GENERATION)
    memory.write(HOST_MAGIC, struct.pack("<I", 0x484F_5354))
    with Link.open(device.url, memory=memory) as link:
        link.handshake(PATIENT_S)
        assert link.via == "ram"
        infer_right(link, inputs(30))
    assert word(memory, GENERATION) != before


def test_a_restart_in_the_middle_is_not_passed_over(start_device: StartDevice, memory: SharedMemory) -> None:
    with (
        start_device(memory=memory, restart_at=5).connect() as link,
        pytest.raises(LinkError, match="started again in the middle"),
    ):
        link.infer(inputs(300), hang_after_s=PATIENT_S)


@pytest.mark.parametrize(
    "value", [0, 1, 1024, 0x8000_1234, 0xFFFF_FFFF, "^1", "^4096", "^32768"], ids=lambda value: f"{value}"
)
def test_a_word_that_another_wrote_costs_frames_and_no_results(
    start_device: StartDevice, memory: SharedMemory, value: int | str
) -> None:
    """``^`` changes one bit of what stands there."""
    words = (MAGIC, GENERATION, DOWN_BYTES, UP_BYTES, DOWN_TAKEN, UP_PUT)
    words += (HOST_MAGIC, HOST_GENERATION, DOWN_PUT, UP_TAKEN)
    with start_device(memory=memory).connect() as link:
        for offset in words:
            infer_right(link, inputs(10))
            there = word(memory, offset)
            wrong = value if isinstance(value, int) else there ^ int(value.removeprefix("^"))
            memory.write(offset, struct.pack("<I", wrong))
            infer_right(link, inputs(50))


@contextmanager
def beside_results(act: Callable[[], None], every: int = 1) -> Iterator[Callable[[Result], None]]:
    """Act in a thread of its own, once for every so many results: a slow machine meets no more of it."""
    results = threading.Semaphore(0)
    over = False

    def run() -> None:
        while not over:
            for _ in range(every):
                results.acquire()
            act()

    other = threading.Thread(target=run)
    other.start()
    try:
        yield lambda _: results.release()
    finally:
        over = True
        results.release(every)
        other.join()


@pytest.mark.parametrize("offset", [DOWN_TAKEN, DOWN_PUT, UP_PUT, UP_TAKEN])
def test_no_frame_of_an_earlier_session_is_read_again(
    device_program: Path, memory: SharedMemory, offset: int
) -> None:
    """Its vectors have the same numbers, and its frames are whole: a count may point at them again."""
    luck = random.Random(offset)
    earlier, later = inputs(400), inputs(401)
    with HostDevice(device_program, memory=memory) as device, device.connect() as link:
        infer_right(link, earlier)

    def move() -> None:
        memory.write(offset, struct.pack("<I", word(memory, offset) ^ 1 << luck.randrange(16)))

    with (
        HostDevice(device_program, memory=memory) as device,
        device.connect() as link,
        beside_results(move) as on_result,
    ):
        infer_right(link, later, on_result)


def test_a_board_that_waits_for_room_itself_is_heard_while_it_takes_nothing(
    tmp_path: Path, memory: SharedMemory
) -> None:
    """Both rings are full, or its count was moved so: it takes bytes once it is rid of its own."""
    path, full = tmp_path / "board.sock", 1 << 15
    out, back = bytes(range(256)) * 200, bytes(range(255, -1, -1)) * (full // 256)

    def serve() -> None:
        while word(memory, UP_TAKEN) != full:
            time.sleep(0.001)
        while (put := word(memory, DOWN_PUT)) < len(out):
            memory.write(DOWN_TAKEN, struct.pack("<I", put))
            time.sleep(0.001)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with MemoryTransport(memory, SerialTransport(f"unix://{path}", 115_200)) as transport:
            memory.write(0, struct.pack("<6I", 0x5249_4E47, 1, full, full, 0, 0))
            assert transport.read(0.0) == b""  # the rings are in use
            memory.write(64 + full, back)
            memory.write(UP_PUT, struct.pack("<I", full))
            board = threading.Thread(target=serve)
            board.start()
            transport.write(out)
            board.join()
            assert transport.read(1.0) == back


def test_wakes_without_end_end_no_wait(tmp_path: Path, memory: SharedMemory) -> None:
    """A board that has rings and rings on and on, with nothing in them."""
    path = tmp_path / "board.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with MemoryTransport(memory, SerialTransport(f"unix://{path}", 115_200)) as transport:
            board, _ = listener.accept()
            memory.write(0, struct.pack("<6I", 0x5249_4E47, 1, 1 << 15, 1 << 15, 0, 0))
            flood = threading.Thread(target=ring_on, args=(board,))
            flood.start()
            try:
                assert transport.read(0.05) == b""
                assert flood.is_alive()
            finally:
                board.shutdown(socket.SHUT_RDWR)  # wakes it
                flood.join()
                board.close()


def ring_on(board: socket.socket) -> None:
    with contextlib.suppress(OSError):  # shut down
        while True:
            board.sendall(b"\0")


@pytest.mark.parametrize("seed", range(4))
def test_bytes_that_another_writes_meanwhile_are_noticed(
    start_device: StartDevice, memory: SharedMemory, seed: int
) -> None:
    """Frames are checked: whatever somebody scribbles into the rings, no result is wrong."""
    luck = random.Random(seed)

    def scribble() -> None:
        memory.write(luck.choice(RINGS), luck.randbytes(1))

    with start_device(memory=memory).connect() as link, beside_results(scribble, every=20) as on_result:
        infer_right(link, inputs(2000), on_result)


@pytest.mark.parametrize("sizes", [(0, 0), (3, 8), (1 << 31, 1 << 31), (1 << 17, 1 << 16)])
def test_sizes_that_cannot_be_are_no_rings(
    start_device: StartDevice, memory: SharedMemory, sizes: tuple[int, int]
) -> None:
    device = start_device()
    with MemoryTransport(memory, SerialTransport(device.url, 115_200)) as transport:
        memory.write(0, struct.pack("<6I", 0x5249_4E47, 1, *sizes, 0, 40))
        assert transport.read(0.05) == b""
        assert transport.name == "uart"
