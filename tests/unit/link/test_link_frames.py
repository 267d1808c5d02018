"""Frames: what is built is found again, whatever the line does, and Python and C find the same."""

from __future__ import annotations

import struct
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.link.frames import OVERHEAD_BYTES, Frame, Receiver, crc8, encode
from hil.resources import firmware_dir

PAYLOAD_MAX = 2048  # the C receiver's
TRICKY = b"\xa5\x5a\x00\x01\xff"

payloads = st.one_of(st.binary(max_size=60), st.lists(st.sampled_from(TRICKY), max_size=200).map(bytes))
frames = st.builds(Frame, st.integers(0, 255), st.integers(0, 0xFFFF), payloads)


@st.composite
def damaged_streams(draw: st.DrawFn) -> bytes:
    """A few frames on a line that loses, flips, inserts and repeats bytes."""
    stream = b"".join(encode(frame) for frame in draw(st.lists(frames, max_size=6)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(stream)))
        what = draw(st.sampled_from(["lose", "flip", "insert", "repeat"]))
        head, byte, tail = stream[:at], stream[at : at + 1], stream[at + 1 :]
        if what == "flip":
            byte = bytes(value ^ 1 << draw(st.integers(0, 7)) for value in byte)
        noise = draw(st.binary(max_size=4)) if what == "insert" else b""
        stream = head + noise + byte * {"lose": 0, "repeat": 2}.get(what, 1) + tail
    return stream


def pieces(stream: bytes, cuts: Sequence[int]) -> list[bytes]:
    """The stream as it may arrive; ``cuts`` are sizes, used round and round."""
    found = []
    at = turn = 0
    while at < len(stream):
        found.append(stream[at : at + cuts[turn % len(cuts)]])
        at += cuts[turn % len(cuts)]
        turn += 1
    return found


sizes = st.lists(st.integers(1, 300), min_size=1, max_size=8)


def test_the_example_of_the_specification() -> None:
    wanted = bytes.fromhex("A5 5A 02 02 00 04 00 BC 01 00 00 00 AE 36 4D 50")
    assert encode(Frame(0x02, 2, bytes.fromhex("01 00 00 00"))) == wanted
    assert wanted.hex(" ").upper() in (firmware_dir() / "PROTOCOL.md").read_text()


def test_the_checks_are_the_catalogued_ones() -> None:
    assert crc8(b"123456789") == 0xF4  # CRC-8/SMBUS
    assert zlib.crc32(b"123456789") == 0xCBF43926


@settings(deadline=None)
@given(st.lists(frames, max_size=6), sizes)
def test_what_is_sent_is_found(sent: list[Frame], cuts: list[int]) -> None:
    receiver = Receiver(PAYLOAD_MAX)
    stream = b"".join(encode(frame) for frame in sent)
    assert [frame for piece in pieces(stream, cuts) for frame in receiver.feed(piece)] == sent
    assert receiver.damaged == 0


@settings(deadline=None)
@given(frames, frames, st.data())
def test_one_damaged_byte_costs_one_frame(first: Frame, second: Frame, data: st.DataObject) -> None:
    hit = bytearray(encode(first))
    at = data.draw(st.integers(0, len(hit) - 1))
    if data.draw(st.booleans()):
        del hit[at]
    else:
        hit[at] ^= 1 << data.draw(st.integers(0, 7))
    receiver = Receiver(PAYLOAD_MAX)
    assert receiver.feed(bytes(hit) + encode(second) + bytes(PAYLOAD_MAX + OVERHEAD_BYTES)) == [second]
    assert receiver.damaged >= 1


@settings(deadline=None)
@given(damaged_streams(), frames)
def test_after_enough_zeros_the_next_frame_is_found(stream: bytes, last: Frame) -> None:
    receiver = Receiver(PAYLOAD_MAX)
    receiver.feed(stream)
    assert receiver.feed(bytes(PAYLOAD_MAX + OVERHEAD_BYTES) + encode(last))[-1:] == [last]


@settings(deadline=None)
@given(damaged_streams(), frames)
def test_after_giving_up_the_next_frame_is_found(stream: bytes, last: Frame) -> None:
    receiver = Receiver(PAYLOAD_MAX)
    receiver.feed(stream)
    for _ in stream:  # a half frame may hold another
        receiver.give_up()
    assert receiver.feed(encode(last)) == [last]


def test_zeros_between_frames_are_no_damage() -> None:
    receiver = Receiver(PAYLOAD_MAX)
    frame = Frame(2, 1, b"abcd")
    assert receiver.feed(bytes(100) + encode(frame) + bytes(7)) == [frame]
    assert receiver.damaged == 0


def test_a_length_beyond_belief_is_noticed_at_once() -> None:
    receiver = Receiver(16)
    good = Frame(2, 1, b"abcd")
    assert receiver.feed(encode(Frame(2, 0, bytes(17)))[:8] + encode(good)) == [good]


@settings(max_examples=40, deadline=None)
@given(streams=st.lists(st.tuples(damaged_streams(), sizes), min_size=5, max_size=20))
def test_python_and_c_find_the_same(c_receiver: Path, streams: list[tuple[bytes, list[int]]]) -> None:
    arriving = [piece for stream, cuts in streams for piece in pieces(stream, cuts)]
    receiver = Receiver(PAYLOAD_MAX)
    found = [frame for piece in arriving for frame in receiver.feed(piece)]
    request = b"".join(struct.pack("<H", len(piece)) + piece for piece in arriving)
    done = subprocess.run([c_receiver], input=request, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    answer = b"".join(struct.pack("<BHH", one.type, one.seq, len(one.payload)) + one.payload for one in found)
    assert done.stdout == answer + b"\xff" * 5 + struct.pack("<I", receiver.damaged)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_device_finds_every_frame_that_arrives_whole(frame_fuzz: Path, seed: int) -> None:
    done = subprocess.run([frame_fuzz, "1000", str(seed)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
