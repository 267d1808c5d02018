"""Writes seeds/device-made.txt: scripts for device.c, which tells what the bytes mean."""

from __future__ import annotations

import struct

from targets import HERE, write_seeds

PING, VECTORS, FRAGMENT, STACK, AGAIN, HELLO = 0, 1, 3, 5, 6, 7
SEALED, RAW, DAMAGE, ZEROS, PIECES, FAIL, CLOCK, MEMORY = 8, 9, 10, 11, 12, 13, 14, 15
FLIP, LOSE, DOUBLE, SYNC, CUT = DAMAGES = 1, 2, 3, 4, 5
REPEAT = 31
SPOIL = FAIL + 32
F32, I16, I8, U8 = range(4)  # of the model's input; of its output times 4


def model(kinds: int = F32, *, steps: int = 0, features: int = 3, outputs: int = 4) -> bytes:
    """``steps``: least steps less 1 in the low four bits, a fifth of how many more in the high ones."""
    return bytes([kinds, steps, features, outputs])


SERIAL = bytes([0, 0, 0])


def through_memory(place: int = 0, generation: int = 0) -> bytes:
    """Rings through which so many bytes seem to have gone."""
    return bytes([1]) + struct.pack("<HI", place, generation)


def ping(nonce: int) -> bytes:
    return bytes([PING]) + struct.pack("<I", nonce)


def vectors(first: int, count: int = 1, *, each: bool = False, bend: int = 0) -> bytes:
    """``bend``: 1 + 8 n cuts n bytes off, 2 + 8 n lies about the count. Steps follow, one or each."""
    return bytes([VECTORS, first, count - 1 + 16 * each, bend])


def fragment(number: int, steps: int, unit: int, units: int = 1, bend: int = 0) -> bytes:
    return bytes([FRAGMENT, number, steps, bend, unit, units - 1])


def repeat(number: int, per_span: int, spans: int, op: int = 32) -> bytes:
    """``op``: 32; 96 for spans of 16 bits; 128 more cuts a byte off."""
    return bytes([AGAIN + op, number, per_span]) + (struct.pack("<H", spans) if op & 64 else bytes([spans]))


def damage(how: int, at: int, bit: int = 0) -> bytes:
    """To the next frame."""
    return bytes([DAMAGE, how, at, bit])


def word(index: int, value: int) -> bytes:
    return bytes([MEMORY]) + struct.pack("<HI", 2 * index, value)


SMALL = model() + SERIAL
LARGE = model(I16, steps=0xF0, features=39, outputs=9) + SERIAL
TWO = model(I16, steps=0x10, features=39, outputs=9) + SERIAL  # of one step: two units, and a frame holds it
LONG = model(I16, features=39, outputs=60) + SERIAL  # an answer leaves no room to keep the input
RINGS = model() + through_memory(0xFFF0)
WHOLE_LARGE = b"".join(fragment(3, 1, unit) for unit in range(96))

SEEDS = {
    "hello": SMALL + bytes([HELLO, STACK]) + ping(1),
    "vectors": SMALL + vectors(1, 3) + b"\1" + vectors(4, 3, each=True) + b"\1\1\1",
    "again": SMALL + vectors(1) + b"\1" + bytes([AGAIN, 1, AGAIN, 2, AGAIN + 16, 1]),
    "misshaped": SMALL + vectors(1, 3, bend=73) + b"\1" + vectors(5, 1, bend=2) + b"\1" + vectors(9) + b"\0",
    "many_in_one": model(U8 + 4 * U8, features=0, outputs=0) + SERIAL + (vectors(0, 16) + b"\1") * 4,
    "numbers_wrap": SMALL + vectors(253, 4) + b"\1" + bytes([AGAIN, 255]) + ping(1),
    "every_damage": SMALL + b"".join(damage(how, 9, 3) + vectors(how) + b"\1" for how in DAMAGES) + ping(2),
    "lost_length": SMALL + damage(FLIP, 5, 7) + ping(1) + damage(FLIP, 6, 0) + ping(2) + ping(3),
    "half_frames": SMALL + damage(CUT, 3) + ping(1) + damage(CUT, 14) + ping(2) + bytes([ZEROS, 5, 0, STACK]),
    "repeated": SMALL + vectors(1) + b"\1" + bytes([REPEAT, REPEAT]),
    "byte_by_byte": SMALL + bytes([PIECES, 0, 3]) + vectors(1, 4) + b"\1" + ping(7),
    "fragments": LARGE + fragment(1, 1, 0, 3) + ping(1) + fragment(1, 1, 2) + fragment(1, 1, 5, 3) + ping(2),
    "whole_in_fragments": model(U8, steps=0x10, features=39) + SERIAL + fragment(2, 1, 0) + ping(1),
    "fragments_of_two": TWO + fragment(1, 1, 0) + fragment(2, 1, 1) + fragment(2, 1, 0) + ping(1),
    "fragments_of_two_lengths": TWO + fragment(1, 1, 0) + fragment(1, 2, 1, 4) + fragment(1, 1, 1),
    "fragment_twice": TWO + fragment(1, 1, 0) + fragment(1, 1, 0) + ping(1) + fragment(1, 1, 1),
    "fragments_before_hello": TWO + fragment(1, 1, 0) + bytes([HELLO]) + fragment(1, 1, 1) + ping(1),
    "again_after_hello": SMALL + vectors(1) + b"\1" + bytes([HELLO, AGAIN, 1]),
    "again_of_a_failed": SMALL + vectors(1) + b"\1" + bytes([FAIL]) + vectors(2) + b"\1" + bytes([AGAIN, 2]),
    "misplaced": LARGE + fragment(1, 1, 0, 1, bend=1) + fragment(1, 1, 0, 1, bend=2) + fragment(1, 0, 0),
    "beyond_its_end": TWO + fragment(1, 1, 1, bend=3) + fragment(1, 1, 0, 2, 3) + fragment(1, 1, 2, 1, 3),
    "vectors_end_fragments": TWO + fragment(1, 1, 0) + vectors(2) + b"\1" + fragment(1, 1, 1) + ping(1),
    "large": LARGE + WHOLE_LARGE,
    "too_large": model(F32, steps=0xF0, features=39) + SERIAL + fragment(1, 76, 0) + ping(1),
    "output_too_large": model(F32 + 4 * F32, outputs=79) + SERIAL + vectors(1) + b"\1" + fragment(1, 1, 0),
    "failing": SMALL + bytes([FAIL]) + vectors(1, 3) + b"\1" + bytes([FAIL + 16]) + vectors(4) + b"\1",
    "init_fails": model(64) + SERIAL + vectors(1, 2) + b"\1",
    "slow": SMALL + bytes([CLOCK]) + struct.pack("<I", 300_000) + vectors(1, 4) + b"\1",
    "repeat": SMALL + vectors(1) + b"\1" + repeat(1, 3, 3) + repeat(1, 3, 3) + ping(1) + repeat(1, 3, 3),
    "repeat_the_most": SMALL + vectors(1) + b"\1" + repeat(1, 1, 9, 96) + repeat(1, 1, 7, 96) + ping(1)
    + repeat(1, 1, 7, 96) + bytes([AGAIN, 1]) + repeat(1, 1, 7, 96),
    "repeat_of_no_shape": SMALL + repeat(1, 1, 1) + vectors(1) + b"\1" + repeat(1, 1, 2) + repeat(2, 1, 1)
    + repeat(1, 0, 1) + repeat(1, 1, 1, 160),
    "repeat_of_fragments": TWO + fragment(1, 1, 0, 2) + repeat(1, 2, 5) + fragment(2, 1, 0) + repeat(1, 2, 5),
    "repeat_of_half_overwritten": TWO + fragment(1, 1, 0, 2) + fragment(2, 1, 0) + repeat(1, 2, 5),
    "repeat_each": SMALL + vectors(1) + b"\1" + repeat(1, 1, 3) + vectors(2) + b"\1" + repeat(2, 2, 5),
    "repeat_that_fails": SMALL + vectors(1) + b"\1" + bytes([FAIL]) + repeat(1, 2, 3) + bytes([AGAIN, 1]),
    "repeat_that_spoils": SMALL + bytes([SPOIL]) + vectors(1) + b"\1" + repeat(1, 2, 3) + bytes([AGAIN, 1]),
    "repeat_that_spoils_what_is_long": LONG + bytes([SPOIL]) + vectors(1) + b"\1" + repeat(1, 1, 1)
    + bytes([AGAIN, 1]),
    "repeat_that_spoils_later": SMALL + vectors(1) + b"\1" + bytes([SPOIL]) + repeat(1, 2, 3),
    "repeat_after_hello": SMALL + vectors(1) + b"\1" + bytes([HELLO]) + repeat(1, 1, 1),
    "unknown_type": SMALL + bytes([SEALED, 0x55, 3, 1, 2, 3, RAW, 4, 0xA5, 0x5A, 0xA5, 0x5A]) + ping(1),
    "long_name": model(128) + SERIAL + bytes([HELLO]),
    "rings": RINGS + vectors(1, 3) + b"\1" + ping(1) + bytes([HELLO]),
    "rings_wrap": model() + through_memory(0x7FF0) + b"".join(vectors(at, 8) + b"\1" for at in range(6)),
    "every_word": RINGS + b"".join(word(at, 0x8000_1234) + ping(at) for at in range(12)),
    # What once broke.
    "wiped_while_the_device_writes": model(50, steps=0x8B, features=0, outputs=0)
    + bytes.fromhex("4d0affe3e7d1ff") + bytes.fromhex("5b31ffffffffffffffffff3dffffffffffffffff")
    + bytes.fromhex("ffffffffffffffffffe1ffffffffffffffffffffff0f01"),
    "read_again_after_hello": model() + through_memory() + b"".join(vectors(at, 8) + b"\1" for at in range(6))
    + bytes([HELLO]) + word(4, 2**32 - 32_768 + 400) + ping(1),
}  # fmt: skip

if __name__ == "__main__":
    write_seeds(HERE / "seeds" / "device-made.txt", "made by scripts.py", SEEDS)
