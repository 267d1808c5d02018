"""Frames, as firmware/PROTOCOL.md specifies them: building one, and finding them in a damaged stream."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

SYNC = b"\xa5\x5a"
HEADER_BYTES = 8
TRAILER_BYTES = 4
OVERHEAD_BYTES = HEADER_BYTES + TRAILER_BYTES
_CHECKED = struct.Struct("<BHH")  # type, seq, length: what the header's CRC-8 covers
_CRC32 = struct.Struct("<I")


@dataclass(frozen=True)
class Frame:
    """One frame: type (u8), sequence number (u16) and payload."""

    type: int
    seq: int
    payload: bytes


def crc8(data: bytes) -> int:
    """CRC-8/SMBUS: polynomial 0x07, initial value 0, not reflected."""
    crc = 0
    for byte in data:
        crc = _CRC8[crc ^ byte]
    return crc


def _crc8_entry(value: int) -> int:
    for _ in range(8):
        value = (value << 1) ^ (0x107 if value & 0x80 else 0)
    return value


_CRC8 = tuple(_crc8_entry(value) for value in range(256))


def encode(frame: Frame) -> bytes:
    """The bytes of a frame on the wire."""
    checked = _CHECKED.pack(frame.type, frame.seq, len(frame.payload))
    body = checked + bytes([crc8(checked)]) + frame.payload
    return SYNC + body + _CRC32.pack(zlib.crc32(body))


class Receiver:
    """Turns bytes as they come into frames; what is damaged is given up, counted and searched again.

    ``payload_max`` bounds a believable length, so that a wrong one is noticed before its bytes have come.
    """

    def __init__(self, payload_max: int) -> None:
        self._payload_max = payload_max
        self._bytes = bytearray()
        self.damaged = 0

    def feed(self, data: bytes) -> list[Frame]:
        """All frames that are complete with these bytes, in order."""
        self._bytes += data
        frames = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def _next(self) -> Frame | None:
        while self._bytes:
            start = self._bytes.find(SYNC[0])
            if start != 0:
                self._give_up(len(self._bytes) if start < 0 else start)
                continue
            if len(self._bytes) < HEADER_BYTES:
                if len(self._bytes) > 1 and self._bytes[1] != SYNC[1]:
                    self._give_up(1)
                    continue
                return None
            checked = bytes(self._bytes[2:7])
            kind, seq, length = _CHECKED.unpack(checked)
            if self._bytes[1] != SYNC[1] or crc8(checked) != self._bytes[7] or length > self._payload_max:
                self._give_up(1)
                continue
            end = HEADER_BYTES + length
            if len(self._bytes) < end + TRAILER_BYTES:
                return None
            if zlib.crc32(self._bytes[2:end]) != _CRC32.unpack_from(self._bytes, end)[0]:
                self._give_up(1)
                continue
            payload = bytes(self._bytes[HEADER_BYTES:end])
            del self._bytes[: end + TRAILER_BYTES]
            return Frame(kind, seq, payload)
        return None

    def _give_up(self, count: int) -> None:
        del self._bytes[:count]
        self.damaged += 1
