"""What the serial protocol can carry (firmware/PROTOCOL.md), and what an image must reserve for a model."""

from __future__ import annotations

from dataclasses import dataclass

UNIT_BYTES = 64  # fragments start at multiples of it
RESULT_BYTES = 9  # beside the outputs: RESULTS' header and the ticks
PONG_BYTES = 20  # beside the map of a vector's units, a bit each
PAYLOAD = 2048  # of a frame, in images of models that need no more
UNITS = 1024  # of a vector in fragments, likewise: 65,536 B
_MOST_PAYLOAD = 65_535  # a frame's length is a uint16
_MOST_UNITS = 65_528  # so is a number of units; a multiple of 8
MOST_INPUT_BYTES = _MOST_UNITS * UNIT_BYTES
MOST_OUTPUT_BYTES = _MOST_PAYLOAD - RESULT_BYTES


@dataclass(frozen=True)
class Room:
    """What the runtime of an image reserves: bytes of ``payload`` in a frame, ``units`` of a vector."""

    payload: int = PAYLOAD
    units: int = UNITS

    @classmethod
    def of(cls, input_bytes: int, output_bytes: int) -> Room:
        """For a model whose longest input and whose output have so many bytes, each at most MOST_…_BYTES."""
        units = max(UNITS, -(-input_bytes // UNIT_BYTES) + 7 & ~7)
        payload = max(PAYLOAD, output_bytes + RESULT_BYTES, units // 8 + PONG_BYTES)
        return cls(min(payload + 3 & ~3, _MOST_PAYLOAD), units)

    @property
    def flags(self) -> tuple[str, ...]:
        """What the compiler is told; nothing where the sources' own figures do."""
        return (
            *([f"-DHIL_FRAME_PAYLOAD_MAX={self.payload}u"] if self.payload != PAYLOAD else []),
            *([f"-DHIL_FRAGMENT_UNITS={self.units}u"] if self.units != UNITS else []),
        )

    @property
    def extra_ram_bytes(self) -> int:
        """RAM beyond what every image has: two frames, one bit per unit."""
        return 2 * (self.payload - PAYLOAD) + (self.units - UNITS) // 8


def most_vector_bytes(max_payload: int) -> int:
    """The largest vector whose map of units fits a PONG of that payload, in bytes."""
    return min((max_payload - PONG_BYTES) * 8, _MOST_UNITS) * UNIT_BYTES


def most_spans(max_payload: int) -> int:
    """The most spans of a repeat, an odd number: a frame holds their ticks twice beside an input."""
    most = max_payload // 32 - 1
    return most - 1 + most % 2
