"""RAM of a running board as the link wants it, reached through its debug probe."""

from __future__ import annotations

from hil.flash.base import Flasher

_ICSR, _PENDSVSET = 0xE000_ED04, 1 << 28  # ARMv7-M B3.2.4; a write sets what it names and leaves the rest


class ProbeMemory:
    """``size`` bytes from ``start`` on, by their offset, while the flasher is connected; ProbeError.

    Each access takes turns with the core at its memory: it may hold the core up for a cycle or two a word.
    """

    def __init__(self, flasher: Flasher, start: int, size: int) -> None:
        self.size = size
        self._flasher = flasher
        self._start = start

    def read(self, offset: int, count: int) -> bytes:
        """``count`` bytes from ``offset``; aligned words are read whole."""
        return self._flasher.read_memory(self._start + offset, count)

    def write(self, offset: int, data: bytes) -> None:
        """Aligned words are written whole, in ascending order."""
        self._flasher.write_memory(self._start + offset, data)

    def wake(self) -> None:
        """End the core's sleep: pend PendSV, which every Cortex-M has."""
        self._flasher.write_memory(_ICSR, _PENDSVSET.to_bytes(4, "little"))
