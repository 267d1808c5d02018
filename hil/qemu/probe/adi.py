"""The debug port and its one access port, an AHB-AP, as registers (ADIv5.2, chapters B2 and C2)."""

from __future__ import annotations

from collections.abc import Sequence

from hil.qemu.probe.bus import ROM_TABLE, MemoryBus

_DPIDR = 0x2BA0_1477  # a Cortex-M4's SW-DP
_AP_IDR = 0x2477_0011  # a Cortex-M4's AHB-AP
_AP_BASE = ROM_TABLE | 3

_DP_CTRL_STAT, _DP_SELECT = 0x4, 0x8
_AP_CSW, _AP_TAR, _AP_DRW, _AP_BD0, _AP_BD3, _AP_BASE_REGISTER, _AP_IDR_REGISTER = (
    0x00, 0x04, 0x0C, 0x10, 0x1C, 0xF8, 0xFC,
)  # fmt: skip
_POWER_REQUESTS = 1 << 30 | 1 << 28  # each is acknowledged in the bit above it
_CSW_DEVICE_ENABLED = 1 << 6
_CSW_SETTABLE = 0x7F00_0037
_CSW_RESET = 0x2300_0002
_WORD = 0xFFFF_FFFF  # what a wire carries of a value
_CSW_SIZE, _CSW_WORD, _CSW_INCREMENT = 0x7, 2, 0x30


class DebugPort:
    """DP and AP registers over one memory bus; every access completes at once."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._control = 0
        self._select = 0
        self._csw = _CSW_RESET
        self._tar = 0

    def read_dp(self, address: int) -> int:
        """Read a DP register; the ones that only ever hold errors read 0."""
        if address & 0xC == _DP_CTRL_STAT and self._select & 0xF == 0:
            return self._control | (self._control & _POWER_REQUESTS) << 1
        return _DPIDR if address & 0xC == 0 else 0

    def write_dp(self, address: int, value: int) -> None:
        """Write a DP register; ABORT has nothing to abort."""
        if address & 0xC == _DP_CTRL_STAT and self._select & 0xF == 0:
            self._control = value & ~(_POWER_REQUESTS << 1)
        elif address & 0xC == _DP_SELECT:
            self._select = value

    def read_ap(self, address: int) -> int:
        """Read a register of the selected AP; APs that do not exist read 0."""
        if self._select >> 24:
            return 0
        register = self._select & 0xF0 | address & 0xC
        if register == _AP_DRW:
            return self._transfer(None)
        if _AP_BD0 <= register <= _AP_BD3:
            return int.from_bytes(self._bus.read(self._banked(register), 4), "little")
        return {
            _AP_CSW: self._csw | _CSW_DEVICE_ENABLED,
            _AP_TAR: self._tar,
            _AP_BASE_REGISTER: _AP_BASE,
            _AP_IDR_REGISTER: _AP_IDR,
        }.get(register, 0)

    def write_ap(self, address: int, value: int) -> None:
        """Write a register of the selected AP."""
        if self._select >> 24:
            return
        register = self._select & 0xF0 | address & 0xC
        if register == _AP_CSW:
            self._csw = value & _CSW_SETTABLE
        elif register == _AP_TAR:
            self._tar = value
        elif register == _AP_DRW:
            self._transfer(value)
        elif _AP_BD0 <= register <= _AP_BD3:
            self._bus.write(self._banked(register), value.to_bytes(4, "little"))

    def read_ap_many(self, address: int, count: int) -> list[int]:
        """Read one AP register ``count`` times; a run of words from memory in one go."""
        if not self._is_block(address):
            return [self.read_ap(address) for _ in range(count)]
        data = self._bus.read(self._tar, 4 * count)
        self._tar += 4 * count
        return [int.from_bytes(data[start : start + 4], "little") for start in range(0, len(data), 4)]

    def write_ap_many(self, address: int, values: Sequence[int]) -> None:
        """Write one AP register again and again; a run of words to memory in one go."""
        if not self._is_block(address):
            for value in values:
                self.write_ap(address, value)
            return
        self._bus.write(self._tar, b"".join((value & _WORD).to_bytes(4, "little") for value in values))
        self._tar += 4 * len(values)

    def _is_block(self, address: int) -> bool:
        register = self._select & 0xF0 | address & 0xC
        words = self._csw & _CSW_SIZE == _CSW_WORD and bool(self._csw & _CSW_INCREMENT)
        return register == _AP_DRW and words and not self._select >> 24

    def _banked(self, register: int) -> int:
        return (self._tar & ~0xF) + register - _AP_BD0

    def _transfer(self, value: int | None) -> int:
        """One access through DRW; a part of a word travels on its own byte lanes."""
        size = 1 << (self._csw & _CSW_SIZE)
        lane = 8 * (self._tar & 3)
        result = 0
        if value is None:
            result = int.from_bytes(self._bus.read(self._tar, size), "little") << lane
        else:
            part = value >> lane & ((1 << 8 * size) - 1)
            self._bus.write(self._tar, part.to_bytes(size, "little"))
        if self._csw & _CSW_INCREMENT:
            self._tar += size
        return result
