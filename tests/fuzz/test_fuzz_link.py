"""What a board may send: payloads and recordings bent, and rings in memory that nobody keeps in order."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from bending import bent_bytes
from fuzzing import examples
from hil.errors import HilError, LinkError
from hil.link import messages
from hil.link.frames import Frame, Receiver, encode
from hil.link.probe import ProbeTransport
from hil.link.recording import read_recording
from hil.link.rings import MemoryTransport
from hil.link.transport import SerialTransport

MOST = 2048  # bytes of payload
HELLO = struct.pack(
    "<H16s4B4H2I2H", messages.PROTOCOL_VERSION, bytes(16), 1, 1, 1, 1, 8, 8, 8, 10, 25, 25, 4096, MOST
)
HELLO += b"\x04name\x04kind"
PONG = struct.pack("<4I", 1, 0, 3, 4) + struct.pack("<2H", 20, 8) + b"\x0f\x00"
RESULTS = struct.pack("<IBI", 7, 1, 100) + bytes(40)


def told(error: HilError) -> None:
    line = str(error)
    line.encode()
    assert line.isprintable()
    assert len(line) < 7_000


payloads = st.one_of(
    st.binary(max_size=80),
    *(bent_bytes(known, 3) for known in (HELLO, PONG, RESULTS, bytes(12), bytes(32), bytes(9))),
)


def test_unbent_payloads_are_read() -> None:
    assert messages.parse_hello(HELLO).kind == "kind"
    assert messages.parse_pong(PONG).missing == tuple(range(12, 20))
    assert len(messages.parse_results(RESULTS, 10, messages.DTYPES[1])) == 1


@examples(200)
@given(payload=payloads)
@example(payload=HELLO[:-1] + b"\xff")
@example(payload=struct.pack("<4I", 1, 0, 3, 4) + b"\xff\xff\x00\x00")
def test_payloads_are_values_or_malformed(payload: bytes) -> None:
    for parse in (
        messages.version_of,
        messages.parse_hello,
        messages.parse_pong,
        messages.parse_stack,
        messages.parse_fault,
        messages.parse_error,
    ):
        try:
            found = parse(payload)
        except LinkError as error:
            told(error)
            continue
        if isinstance(found, messages.Hello):
            (found.model + found.kind).encode()
            assert found.features > 0 < found.outputs
            assert 0 < found.min_steps <= found.max_steps
        if isinstance(found, messages.Pong) and found.missing is not None:
            assert all(0 <= unit < 65_536 for unit in found.missing)
    for dtype in messages.DTYPES.values():
        for outputs in (1, 10):
            try:
                results = messages.parse_results(payload, outputs, dtype)
            except LinkError as error:
                told(error)
            else:
                assert all(one.output.shape == (outputs,) and one.output.dtype == dtype for one in results)
                assert len(results) <= 255


@examples(100)
@given(
    frames=st.lists(
        st.builds(Frame, st.integers(0, 255), st.integers(0, 0xFFFF), st.binary(max_size=60)), max_size=5
    ),
    data=st.data(),
)
def test_a_damaged_stream_gives_the_same_frames_however_it_arrives(
    frames: list[Frame], data: st.DataObject
) -> None:
    stream = data.draw(bent_bytes(b"".join(map(encode, frames)), 4)) + bytes(MOST + 12)
    whole = Receiver(MOST)
    found = whole.feed(stream)
    cuts = data.draw(st.lists(st.integers(1, 40), min_size=1, max_size=6))
    pieces, at, turn = Receiver(MOST), 0, 0
    again: list[Frame] = []
    while at < len(stream):
        again += pieces.feed(stream[at : at + cuts[turn % len(cuts)]])
        at += cuts[turn % len(cuts)]
        turn += 1
    assert again == found


class _Scribbled:
    """Memory of which each look may find other words."""

    size = 1 << 10

    def __init__(self, data: st.DataObject) -> None:
        self._data = data
        self._bytes = bytearray(self.size)

    def read(self, offset: int, count: int) -> bytes:
        assert 0 <= offset <= offset + count <= self.size
        if offset == 0 and self._data.draw(st.integers(0, 2)) == 0:
            at = 4 * self._data.draw(st.integers(0, 11))
            word = self._data.draw(st.one_of(st.sampled_from(WORDS), st.integers(0, 0xFFFF_FFFF)))
            struct.pack_into("<I", self._bytes, at, word)
        return bytes(self._bytes[offset : offset + count])

    def write(self, offset: int, data: bytes) -> None:
        assert 0 <= offset <= offset + len(data) <= self.size
        self._bytes[offset : offset + len(data)] = data

    def stand(self) -> None:
        struct.pack_into("<6I", self._bytes, 0, 0x5249_4E47, 7, 256, 256, 0, 0)


WORDS = [0, 1, 7, 100, 255, 256, 257, 512, 0x5249_4E47, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FF00]


class _Silent(SerialTransport):
    """A port on which nothing comes, and which takes everything."""

    def __init__(self) -> None:
        self.byte_s = 0.0
        self.bytes_in = self.bytes_out = 0

    def read(self, timeout_s: float) -> bytes:
        return b""

    def write(self, data: bytes) -> None:
        self.bytes_out += len(data)

    def wake(self) -> None:
        pass


@examples(80)
@given(data=st.data())
def test_whatever_stands_in_the_rings_nothing_is_read_or_written_outside(data: st.DataObject) -> None:
    memory = _Scribbled(data)
    transport = MemoryTransport(memory, _Silent())
    memory.stand()
    for _ in range(data.draw(st.integers(1, 12))):
        assert len(transport.read(0.0)) <= 512


@examples(80)
@given(data=st.data())
def test_nor_does_a_debug_probe_reach_outside(data: st.DataObject) -> None:
    memory = _Scribbled(data)
    transport = ProbeTransport(memory, lambda: None)
    memory.stand()
    try:
        for _ in range(data.draw(st.integers(1, 12))):
            transport.write(bytes(data.draw(st.integers(0, 400))))
            assert len(transport.read(0.0)) <= 512
    except LinkError as error:
        told(error)


@examples(100)
@given(
    data=bent_bytes(
        b"HILREC\x00\x01" + b"\x00\x00\x0e" + b'{"format": 11}' + b"\x01\x05\x03abc\x02\x81\x01\x00", 4
    )
)
@example(data=b"HILREC\x00\x01\x00\x00\xff\xff\x03" + b"[" * 0xFFFF)
def test_a_damaged_recording(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "link.hilrec"
    path.write_bytes(data)
    try:
        recording = read_recording(path)
    except HilError as error:
        told(error)
        return
    times = [record.time_s for record in recording.records]
    assert times == sorted(times)
    assert np.isfinite(times).all()
