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


def _crc8_entry(value: int) -> int:
    for _ in range(8):
        value = (value << 1) ^ (0x107 if value & 0x80 else 0)
    return value


_CRC8 = tuple(_crc8_entry(value) for value in range(256))


def crc8(data: bytes) -> int:
    """CRC-8/SMBUS: polynomial 0x07, initial value 0, not reflected."""
    crc = 0
    for byte in data:
        crc = _CRC8[crc ^ byte]
    return crc


def encode(frame: Frame) -> bytes:
    """The bytes of a frame on the wire."""
    checked = _CHECKED.pack(frame.type, frame.seq, len(frame.payload))
    body = checked + bytes([crc8(checked)]) + frame.payload
    return SYNC + body + _CRC32.pack(zlib.crc32(body))


class Receiver:
    """Turns bytes as they come into frames; what is damaged is given up, counted and searched again.

    ``payload_max`` bounds a believable length, so that a wrong one is noticed before its bytes have come.
    It may change between two calls. ``damaged`` counts damaged stretches: bytes that were given up, up to the
    next whole frame.
    """

    def __init__(self, payload_max: int) -> None:
        self.payload_max = payload_max
        self.damaged = 0
        self._searching = False
        self._bytes = bytearray()
        self._start = 0

    def feed(self, data: bytes) -> list[Frame]:
        """All frames that are complete with these bytes, in order."""
        self._bytes += data
        return self._search()

    def give_up(self) -> list[Frame]:
        """The rest of a half frame will not come: the frames that lie within what came of it."""
        if self._start < len(self._bytes):
            self._resynchronise()
        return self._search()

    def _search(self) -> list[Frame]:
        frames = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        del self._bytes[: self._start]
        self._start = 0
        return frames

    def _next(self) -> Frame | None:
        """The frame that starts first; None when its end has not come."""
        while True:
            self._skip_zeros()
            header = bytes(self._bytes[self._start : self._start + HEADER_BYTES])
            if not SYNC.startswith(header[:2]):
                self._resynchronise()
                continue
            if len(header) < HEADER_BYTES:
                return None
            kind, seq, length = _CHECKED.unpack_from(header, len(SYNC))
            if crc8(header[2:7]) != header[7] or length > self.payload_max:
                self._resynchronise()
                continue
            end = self._start + HEADER_BYTES + length
            if len(self._bytes) < end + TRAILER_BYTES:
                return None
            body = bytes(self._bytes[self._start + len(SYNC) : end])
            if zlib.crc32(body) != _CRC32.unpack_from(self._bytes, end)[0]:
                self._resynchronise()
                continue
            self._start = end + TRAILER_BYTES
            self._searching = False
            return Frame(kind, seq, body[HEADER_BYTES - len(SYNC) :])

    def _skip_zeros(self) -> None:
        while self._start < len(self._bytes) and self._bytes[self._start] == 0:
            self._start += 1

    def _resynchronise(self) -> None:
        """Give up the first byte and everything up to where the next frame may start."""
        found = self._bytes.find(SYNC, self._start + 1)
        if found < 0:
            half_sync = self._bytes[-1] == SYNC[0] and len(self._bytes) - 1 > self._start
            found = len(self._bytes) - half_sync
        self._start = found
        self.damaged += not self._searching
        self._searching = True
