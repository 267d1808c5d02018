"""What frames say, in words; malformed ones too."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.link.frames import Frame, encode
from hil.link.meaning import Finder, Stretch, hello_of, meaning
from hil.link.messages import NO_VECTOR, Type

HELLO_REPLY = Frame(
    Type.HELLO_REPLY,
    1,
    struct.pack("<H16s4B4H2I2H", 1, bytes(16), 2, 2, 2, 1, 4, 1, 9, 3, 1000, 1000, 8192, 2048)
    + b"\x04wake\x04desk",
)
HELLO = hello_of(HELLO_REPLY)


@pytest.mark.parametrize(
    ("kind", "payload", "told"),
    [
        (Type.HELLO, b"\x01\x00", "HELLO protocol 1"),
        (Type.READY, b"\x03\x00", "READY protocol 3"),
        (Type.PING, b"\x07\0\0\0", "PING 7"),
        (Type.VECTORS, struct.pack("<IBBH", 5, 3, 0, 1), "VECTORS 5 to 7"),
        (Type.VECTORS, struct.pack("<IBBH", 5, 1, 0, 1), "VECTORS 5"),
        (Type.FRAGMENT, struct.pack("<IIH", 5, 128, 9) + bytes(64), "FRAGMENT of 5, 64 B from 128"),
        (Type.STACK, b"", "STACK"),
        (Type.AGAIN, b"\x05\0\0\0", "AGAIN 5"),
        (Type.REPEAT, struct.pack("<IIH", 5, 1000, 3), "REPEAT 5, 1,000 times in each of 3 spans"),
        (Type.REPEAT, b"\x05\0\0\0", "REPEAT malformed, 4 B"),
        (
            Type.REPEATED,
            struct.pack("<IH3I", 5, 3, 70, 80, 75),
            "REPEATED 5, 70 ticks to 80 in each of 3 spans",
        ),
        (Type.REPEATED, struct.pack("<IHI", 5, 3, 70), "REPEATED malformed, 10 B"),
        (Type.NAK, b"\x05\0\0\0", "NAK damaged 5"),
        (Type.WORKING, b"\x05\0\0\0", "WORKING 5"),
        (
            Type.STACK_REPLY,
            struct.pack("<III", 8192, 336, 196),
            "STACK_REPLY 336 of 8,192 B, 196 below the model",
        ),
        (
            Type.RESULTS,
            struct.pack("<IBI3hI3h", 5, 2, 70, 1, 2, 3, 80, 1, 2, 3),
            "RESULTS 5 to 6, 70 ticks to 80",
        ),
        (Type.RESULTS, struct.pack("<IBI3h", 5, 1, 70, 1, 2, 3), "RESULTS 5, 70 ticks"),
        (Type.RESULTS, struct.pack("<IB", 5, 9), "RESULTS malformed, 5 B"),
        (Type.ERROR, struct.pack("<BIi", 3, 5, -7), "ERROR 3 of 5, detail -7"),
        (Type.ERROR, struct.pack("<BIi", 1, NO_VECTOR, 9), "ERROR 1, detail 9"),
        (0x7E, b"abc", "type 0x7e, which is unknown, 3 B"),
        (Type.PING, b"ab", "PING malformed, 2 B"),
    ],
)
def test_what_a_frame_says(kind: int, payload: bytes, told: str) -> None:
    assert meaning(Frame(kind, 0, payload), HELLO) == told


def test_what_the_firmware_says_of_itself_and_where_it_stood_at_a_fault() -> None:
    assert meaning(HELLO_REPLY, None) == "HELLO_REPLY wake q15 on desk, window 8,192, payload 2,048"
    fault = meaning(Frame(Type.FAULT, 0, struct.pack("<8I", *range(8))), None)
    assert fault.startswith("FAULT pc 0x00000000, lr 0x00000001, ")


@settings(deadline=None)
@given(st.integers(0, 255), st.binary(max_size=80))
def test_any_frame_is_told(kind: int, payload: bytes) -> None:
    assert meaning(Frame(kind, 0, payload), HELLO)


def test_stretches_lie_between_the_frames_that_they_lay_between() -> None:
    first, second = Frame(1, 1, b"one"), Frame(2, 2, b"two")
    data = b"noise" + encode(first) + bytes(300) + encode(second)[:-1] + encode(second) + b"end"
    finder = Finder()
    found = [one for at in range(0, len(data), 7) for one in finder.feed(data[at : at + 7])] + finder.finish()
    assert found == [
        Stretch(b"noise"),
        first,
        Stretch(bytes(300) + encode(second)[:-1]),
        second,
        Stretch(b"end"),
    ]
    assert str(Stretch(bytes(300))) == "300 zeros"
    assert str(Stretch(b"x" * 17)).startswith("damaged: 17 B, 78 78")
    assert str(Stretch(b"x" * 17)).endswith(" …")
