"""The vectors that a host has sent, out of its frames: what ``Stream`` does, the other way round."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from hil.link.frames import Frame
from hil.link.messages import FRAGMENT_HEADER_BYTES, FRAGMENT_UNIT, VECTORS_HEADER_BYTES, Hello, Type
from hil.wire import most_vector_bytes

Vector = npt.NDArray[np.generic]
_VECTORS = struct.Struct("<IBBH")
_STEPS_EACH = 1
_FRAGMENT = struct.Struct("<IIH")


def vectors_sent(frames: Iterable[Frame], hello: Hello) -> dict[int, Vector]:
    """Those that went out whole, each (steps, features), by their numbers on the wire."""
    found: dict[int, Vector] = {}
    parts: dict[int, _Parts] = {}
    for frame in frames:
        if frame.type == Type.VECTORS:
            found |= _of_batch(frame.payload, hello)
        elif frame.type == Type.FRAGMENT and len(frame.payload) >= FRAGMENT_HEADER_BYTES:
            number, offset, steps = _FRAGMENT.unpack_from(frame.payload)
            if _row_bytes(hello) * steps <= most_vector_bytes(hello.max_payload):
                of = parts.setdefault(number, _Parts(_row_bytes(hello) * steps))
                if of.add(offset, frame.payload[FRAGMENT_HEADER_BYTES:]):
                    found[number] = _vector(bytes(of.data), 0, steps, hello)
                    del parts[number]
    return found


def _of_batch(payload: bytes, hello: Hello) -> dict[int, Vector]:
    if len(payload) < VECTORS_HEADER_BYTES:
        return {}
    first, count, flags, same = _VECTORS.unpack_from(payload)
    at = VECTORS_HEADER_BYTES
    steps = [same] * count
    if flags & _STEPS_EACH:
        if len(payload) < at + 2 * count:
            return {}
        steps = list(struct.unpack_from(f"<{count}H", payload, at))
        at += 2 * count
    if len(payload) != at + sum(steps) * _row_bytes(hello):
        return {}
    found = {}
    for number, length in enumerate(steps, first):
        found[number] = _vector(payload, at, length, hello)
        at += length * _row_bytes(hello)
    return found


def _row_bytes(hello: Hello) -> int:
    return hello.features * hello.input_dtype.itemsize


def _vector(data: bytes, at: int, steps: int, hello: Hello) -> Vector:
    flat = np.frombuffer(data, hello.input_dtype, steps * hello.features, at)
    return flat.reshape(steps, hello.features)


class _Parts:
    """One vector in fragments."""

    def __init__(self, size: int) -> None:
        self.data = bytearray(size)
        self._missing = set(range(-(-size // FRAGMENT_UNIT)))

    def add(self, offset: int, piece: bytes) -> bool:
        """Put a piece in its place; whether all are there now."""
        if offset + len(piece) > len(self.data):
            return False
        self.data[offset : offset + len(piece)] = piece
        self._missing -= set(range(offset // FRAGMENT_UNIT, -(-(offset + len(piece)) // FRAGMENT_UNIT)))
        return not self._missing
