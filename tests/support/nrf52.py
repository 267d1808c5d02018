"""An nRF52840 behind its debug port, for pyOCD: DP, AHB-AP and CTRL-AP as registers, FICR, UICR and memory.

What it does is the product specification's, "Debug and trace", "CTRL-AP" and "NVMC". Its core can be halted
and reset, and executes nothing: what flash algorithms do is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from pyocd.core import exceptions
from pyocd.probe.debug_probe import DebugProbe

from hil.qemu.probe.adi import DebugPort
from hil.qemu.probe.bus import MemoryBus

FLASH, FLASH_BYTES, RAM, RAM_BYTES = 0, 1 << 20, 0x2000_0000, 256 << 10
FICR_PART, FICR_VARIANT, FICR_PACKAGE = 0x1000_0100, 0x1000_0104, 0x1000_0108
UICR, UICR_BYTES = 0x1000_1000, 0x400
UICR_APPROTECT, HW_DISABLED = 0x1000_1208, 0x5A
NVMC_READY, NVMC_CONFIG, WRITE_ENABLED = 0x4001_E400, 0x4001_E504, 1
CPUID = 0xE000_ED00
_PAGES = (0xE000_E000, 0xE000_F000)  # of the core's own registers

_CTRL_IDR = 0x0288_0000
_AP_CSW, _AP_DRW, _AP_IDR = 0x00, 0x0C, 0xFC
_CTRL_RESET, _CTRL_ERASEALL, _CTRL_STATUS, _CTRL_APPROTECT = 0x00, 0x04, 0x08, 0x0C
_DEVICE_ENABLED = 1 << 6
_ERASED = 0xFF


class Nrf52Chip:
    """A chip with something in its flash.

    ``variant`` ends with its build code. From Fxx on (``hardened``) its debug port is open after an erase,
    and after a reset only if ``UICR.APPROTECT`` holds 0x5A and its firmware opens it too, as what is in its
    flash does if ``opens``. An erase leaves one locked that ``stays_locked``; ``erases`` counts them.
    """

    def __init__(
        self,
        *,
        part: int = 0x52840,
        variant: str = "AAF0",
        approtect: int = HW_DISABLED,
        opens: bool = True,
        stays_locked: bool = False,
    ) -> None:
        self.hardened = variant[2:] >= "F0"
        self.opens = opens
        self.stays_locked = stays_locked
        self.erases = 0
        self.flash = bytearray(b"\x11" * FLASH_BYTES)
        self._ram = bytearray(RAM_BYTES)
        self._uicr = bytearray([_ERASED] * UICR_BYTES)
        self._uicr[UICR_APPROTECT - UICR] = approtect
        words = {
            FICR_PART: part,
            FICR_VARIANT: int.from_bytes(variant.encode(), "big"),
            FICR_PACKAGE: 0x2004,
            NVMC_READY: 1,
            NVMC_CONFIG: 0,
            CPUID: 0x410F_C241,
        }
        self._words = {**words}
        # The core, as MemoryBus knows one.
        self.halted = self.locked_up = self.was_reset = self.retired = False
        self.stops = 0
        self.watch_address: int | None = None
        self.points: set[str] = set()
        self._registers = dict.fromkeys(range(0x80), 0)
        self.locked = False
        self.reset(catch=False)
        self.changed: list[int] = []  # addresses in flash and UICR that were written

    def word(self, address: int) -> int:
        return int.from_bytes(self.read_memory(address, 4), "little")

    def erase_all(self) -> None:
        """CTRL-AP's ERASEALL: flash, UICR and RAM; the debug port is open until the next reset."""
        self.erases += 1
        for memory, byte in ((self.flash, _ERASED), (self._uicr, _ERASED), (self._ram, 0)):
            memory[:] = bytes([byte]) * len(memory)
        self.opens = False
        self.locked = self.stays_locked

    def pin_reset(self) -> None:
        """A reset by the pin or by power: the chip decides anew whether its debug port is open."""
        protect = self._uicr[UICR_APPROTECT - UICR]
        if self.hardened:
            self.locked = protect != HW_DISABLED or not self.opens
        else:
            self.locked = protect != _ERASED and protect != HW_DISABLED
        self.reset(catch=False)

    def hold(self) -> None:
        """The reset pin is low: no firmware runs that could open the debug port."""
        self.locked = self.locked or self.hardened

    # The core.

    def poll(self) -> None: ...

    def halt(self) -> None:
        self.halted = True
        self.stops |= 1

    def resume(self) -> None:
        self.halted = False

    def step(self) -> None:
        self.retired = True

    def reset(self, *, catch: bool) -> None:
        self.halted = catch
        self.was_reset = True

    def read_register(self, selector: int) -> int:
        return self._registers[selector]

    def write_register(self, selector: int, value: int) -> None:
        self._registers[selector] = value

    def _memory(self, address: int, size: int) -> tuple[bytearray, int] | None:
        for memory, start in ((self.flash, FLASH), (self._ram, RAM), (self._uicr, UICR)):
            if start <= address and address + size <= start + len(memory):
                return memory, address - start
        return None

    def read_memory(self, address: int, size: int) -> bytes:
        place = self._memory(address, size)
        if place is not None:
            memory, at = place
            return bytes(memory[at : at + size])
        if size != 4 or (address not in self._words and not _PAGES[0] <= address < _PAGES[1]):
            raise exceptions.TransferFaultError(fault_address=address, length=size)
        return self._words.get(address, 0).to_bytes(4, "little")

    def write_memory(self, address: int, data: bytes) -> None:
        place = self._memory(address, len(data))
        if place is None:
            self._words[address] = int.from_bytes(data, "little")
            return
        memory, at = place
        if memory is not self._ram:
            if self._words[NVMC_CONFIG] != WRITE_ENABLED:
                raise exceptions.TransferFaultError(fault_address=address, length=len(data))
            self.changed.append(address)
            data = bytes(old & new for old, new in zip(memory[at : at + len(data)], data, strict=True))
        memory[at : at + len(data)] = data


class _Port(DebugPort):
    """The debug port with its two access ports; the first is closed while the chip is locked."""

    def __init__(self, chip: Nrf52Chip) -> None:
        super().__init__(MemoryBus(chip))  # type: ignore[arg-type]  # it has all that a core has
        self._chip = chip
        self._resetting = 0

    @property
    def selected(self) -> int:
        """The access port that is addressed."""
        return self._select >> 24

    def read_ap(self, address: int) -> int:
        ap, register = self._select >> 24, self._select & 0xF0 | address & 0xC
        if ap == 1:
            return {_AP_IDR: _CTRL_IDR, _CTRL_STATUS: 0, _CTRL_APPROTECT: int(not self._chip.locked)}.get(
                register, 0
            )
        if ap == 0 and self._chip.locked:
            if register == _AP_CSW:
                return super().read_ap(address) & ~_DEVICE_ENABLED
            if register == _AP_DRW:
                raise exceptions.TransferFaultError()
        return super().read_ap(address)

    def write_ap(self, address: int, value: int) -> None:
        ap, register = self._select >> 24, self._select & 0xF0 | address & 0xC
        if ap == 1:
            if register == _CTRL_ERASEALL and value == 1:
                self._chip.erase_all()
            elif register == _CTRL_RESET:
                if self._resetting and not value:
                    self._chip.reset(catch=False)  # a soft one: an erased chip stays open
                self._resetting = value
            return
        if ap == 0 and self._chip.locked and register == _AP_DRW:
            raise exceptions.TransferFaultError()
        super().write_ap(address, value)

    def read_ap_many(self, address: int, count: int) -> list[int]:
        return [self.read_ap(address) for _ in range(count)]


class Nrf52Probe(DebugProbe):  # type: ignore[misc]  # pyOCD has no type information
    """A probe that is wired to ``chip``; it speaks in registers, and knows no shortcut past them."""

    chip: Nrf52Chip
    number = "683459512"

    def __init__(self) -> None:
        super().__init__()
        self._port: _Port | None = None
        self._connected = False
        self._asserted = False

    @classmethod
    def get_all_connected_probes(
        cls, unique_id: str | None = None, is_explicit: bool = False
    ) -> list[Nrf52Probe]:
        return [cls()]

    @classmethod
    def get_probe_with_id(cls, unique_id: str, is_explicit: bool = False) -> Nrf52Probe | None:
        return cls() if unique_id == cls.number else None

    @property
    def port(self) -> _Port:
        assert self._port is not None
        return self._port

    vendor_name = "test"
    product_name = "an nRF52840"
    associated_board_info = None
    supported_wire_protocols: Collection[Any] = (DebugProbe.Protocol.DEFAULT, DebugProbe.Protocol.SWD)
    capabilities: Collection[Any] = {DebugProbe.Capability.SWJ_SEQUENCE}

    @property
    def unique_id(self) -> str:
        return self.number

    @property
    def wire_protocol(self) -> Any:
        return DebugProbe.Protocol.SWD if self._connected else None

    @property
    def is_open(self) -> bool:
        return self._port is not None

    def open(self) -> None:
        self._port = _Port(self.chip)

    def close(self) -> None:
        self._port = None

    def connect(self, protocol: object = None) -> None:
        self._connected = True

    def disconnect(self) -> None:
        self._connected = False

    def swj_sequence(self, length: int, bits: int) -> None: ...

    def set_clock(self, frequency: float) -> None: ...

    def reset(self) -> None:
        self.chip.pin_reset()

    def assert_reset(self, asserted: bool) -> None:
        if asserted:
            self.chip.hold()
        if self._asserted and not asserted:
            self.chip.pin_reset()
        self._asserted = asserted

    def is_reset_asserted(self) -> bool:
        return self._asserted

    def read_dp(self, address: int, now: bool = True) -> int | Callable[[], int]:
        value = self.port.read_dp(address)
        return value if now else lambda: value

    def write_dp(self, address: int, data: int) -> None:
        self.port.write_dp(address, data)

    def read_ap(self, address: int, now: bool = True) -> int | Callable[[], int]:
        value = self.port.read_ap(address)
        return value if now else lambda: value

    def write_ap(self, address: int, data: int) -> None:
        self.port.write_ap(address, data)

    def read_ap_multiple(self, address: int, count: int = 1, now: bool = True) -> Any:
        values = self.port.read_ap_many(address, count)
        return values if now else lambda: values

    def write_ap_multiple(self, address: int, values: list[int]) -> None:
        for value in values:
            self.port.write_ap(address, value)
