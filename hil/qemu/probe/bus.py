"""The memory a debugger sees through the core's access port: memory, and the debug units QEMU lacks.

Register numbers are those of the ARMv7-M architecture manual, chapter C1, and of CoreSight's ID registers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from pyocd.core import exceptions

from hil.qemu.probe.core import Core, Stop

_PPB_START, _PPB_END = 0xE000_0000, 0xE010_0000
_DWT, _FPB, _SCS, ROM_TABLE = 0xE000_1000, 0xE000_2000, 0xE000_E000, 0xE00F_F000

_AIRCR, _DFSR = 0xE000_ED0C, 0xE000_ED30
_DHCSR, _DCRSR, _DCRDR, _DEMCR = 0xE000_EDF0, 0xE000_EDF4, 0xE000_EDF8, 0xE000_EDFC
_ID_OFFSET = 0xFD0  # PIDR4; from here to the end of the 4 KiB page

_DHCSR_KEY = 0xA05F
_C_DEBUGEN, _C_HALT, _C_STEP, _C_MASKINTS = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_S_REGRDY, _S_HALT, _S_LOCKUP, _S_RETIRE, _S_RESET = 1 << 16, 1 << 17, 1 << 19, 1 << 24, 1 << 25
_DCRSR_WRITE = 1 << 16
_DEMCR_VC_CORERESET = 1 << 0
_AIRCR_KEY, _AIRCR_RESETS = 0x05FA, 1 << 2 | 1 << 0

_FP_COMPARATORS, _FP_LITERALS = 6, 2
_FP_CTRL, _FP_COMP0 = _FPB, _FPB + 8
_FP_CTRL_KEY = 1 << 1

_DWT_COMPARATORS = 4
_DWT_CTRL_VALUE = _DWT_COMPARATORS << 28 | 0x0F << 24  # no counters, no trace
_DWT_COMP0, _DWT_COMP_END = _DWT + 0x20, _DWT + 0x20 + 0x10 * _DWT_COMPARATORS
_DWT_WATCHES = {5: "3", 6: "2", 7: "4"}  # FUNCTION -> the stub's read, write and access watchpoints
_DWT_MATCHED = 1 << 24


def _ids(part: int, component_class: int) -> bytes:
    """PIDR4 to CIDR3 of a component by Arm: JEP106 0x43B, one byte per word."""
    pidr = [part & 0xFF, 0xB0 | part >> 8, 0x0B, 0]
    cidr = [0x0D, component_class << 4, 0x05, 0xB1]
    return b"".join(bytes([value, 0, 0, 0]) for value in [0x04, 0, 0, 0, *pidr, *cidr])


_ID_BLOCKS = {
    _SCS: _ids(0x00C, 0xE),
    _DWT: _ids(0x002, 0xE),
    _FPB: _ids(0x003, 0xE),
    ROM_TABLE: _ids(0x4C4, 0x1),
}
_ROM_ENTRIES = [((unit - ROM_TABLE) & 0xFFFF_F000) | 3 for unit in (_SCS, _DWT, _FPB)]


class MemoryBus:
    """Reads and writes by address; debug registers take whole words, as they do on silicon.

    ``words`` are what addresses of the debug region read that the machine does not model.
    """

    def __init__(self, core: Core, words: Mapping[int, int] | None = None) -> None:
        self._core = core
        self._dcrdr = 0
        self._demcr = 0
        self._debug_enabled = False
        self._mask_interrupts = False
        self._fp_enabled = False
        self._fp_comparators = [0] * (_FP_COMPARATORS + _FP_LITERALS)
        self._watches = [[0, 0, 0] for _ in range(_DWT_COMPARATORS)]  # COMP, MASK, FUNCTION
        self._reads: dict[int, Callable[[], int]] = {
            _DHCSR: self._read_dhcsr,
            _DCRSR: lambda: 0,
            _DCRDR: lambda: self._dcrdr,
            _DEMCR: lambda: self._demcr,
            _DFSR: lambda: self._core.stops,
        }
        self._reads |= {address: partial(int, word) for address, word in (words or {}).items()}
        self._writes: dict[int, Callable[[int], None]] = {
            _DHCSR: self._write_dhcsr,
            _DCRSR: self._write_dcrsr,
            _DCRDR: self._write_dcrdr,
            _DEMCR: self._write_demcr,
            _DFSR: self._write_dfsr,
            _AIRCR: self._write_aircr,
        }

    def read(self, address: int, size: int) -> bytes:
        """Read ``size`` bytes; TransferFaultError when nothing answers there."""
        if address >= _PPB_END or address + size <= _PPB_START:
            return self._core.read_memory(address, size)
        if address % 4 == 0 and size % 4 == 0:
            return b"".join(
                self._read_word(at).to_bytes(4, "little") for at in range(address, address + size, 4)
            )
        if not self._is_ours(address & ~3):
            return self._core.read_memory(address, size)
        first = address & ~3
        words = b"".join(self._read_word(at).to_bytes(4, "little") for at in range(first, address + size, 4))
        return words[address - first : address - first + size]

    def write(self, address: int, data: bytes) -> None:
        """Write bytes; TransferFaultError when nothing answers there, or a debug register is cut in parts."""
        if address >= _PPB_END or address + len(data) <= _PPB_START:
            self._core.write_memory(address, data)
        elif address % 4 == 0 and len(data) % 4 == 0:
            for start in range(0, len(data), 4):
                self._write_word(address + start, int.from_bytes(data[start : start + 4], "little"))
        elif self._is_ours(address & ~3):
            raise exceptions.TransferFaultError(fault_address=address, length=len(data))
        else:
            self._core.write_memory(address, data)

    def reset(self) -> None:
        """Reset the board; the core stands at its first instruction if the debugger asked to catch that."""
        self._core.reset(catch=self._debug_enabled and bool(self._demcr & _DEMCR_VC_CORERESET))

    def _is_ours(self, address: int) -> bool:
        page, offset = address & ~0xFFF, address & 0xFFF
        return (
            address in self._writes
            or page in (_DWT, _FPB, ROM_TABLE)
            or (page == _SCS and offset >= _ID_OFFSET)
        )

    def _read_word(self, address: int) -> int:
        page, offset = address & ~0xFFF, address & 0xFFF
        if address in self._reads:
            return self._reads[address]()
        if page in _ID_BLOCKS and offset >= _ID_OFFSET:
            start = offset - _ID_OFFSET
            return int.from_bytes(_ID_BLOCKS[page][start : start + 4], "little")
        if page == ROM_TABLE:
            return _ROM_ENTRIES[offset // 4] if offset // 4 < len(_ROM_ENTRIES) else 0
        if page == _FPB:
            return self._read_fpb(address)
        if page == _DWT:
            return self._read_dwt(address)
        return int.from_bytes(self._core.read_memory(address, 4), "little")

    def _write_word(self, address: int, value: int) -> None:
        page = address & ~0xFFF
        if address in self._writes:
            self._writes[address](value)
        elif page == _FPB:
            self._write_fpb(address, value)
        elif page == _DWT:
            self._write_dwt(address, value)
        elif not self._is_ours(address):
            self._core.write_memory(address, value.to_bytes(4, "little"))

    def _read_dhcsr(self) -> int:
        core = self._core
        core.poll()
        value = _S_REGRDY | (_C_DEBUGEN if self._debug_enabled else 0)
        value |= _C_MASKINTS if self._mask_interrupts else 0
        value |= _C_HALT | _S_HALT if core.halted else 0
        value |= _S_LOCKUP if core.locked_up else 0
        value |= _S_RETIRE if core.retired else 0
        value |= _S_RESET if core.was_reset else 0
        core.was_reset = False
        core.retired = not core.halted and not core.locked_up
        return value

    def _write_dhcsr(self, value: int) -> None:
        if value >> 16 != _DHCSR_KEY:
            return
        core = self._core
        core.poll()
        self._debug_enabled = bool(value & _C_DEBUGEN)
        self._mask_interrupts = bool(value & _C_MASKINTS)
        if not self._debug_enabled:
            core.resume()
        elif value & _C_HALT:
            core.halt()
        elif value & _C_STEP and core.halted:
            core.step()
        else:
            core.resume()

    def _write_dcrsr(self, value: int) -> None:
        selector = value & 0x7F
        try:
            if value & _DCRSR_WRITE:
                self._core.write_register(selector, self._dcrdr)
            else:
                self._dcrdr = self._core.read_register(selector)
        except KeyError:
            raise exceptions.TransferFaultError(f"no core register {selector}") from None

    def _write_dcrdr(self, value: int) -> None:
        self._dcrdr = value

    def _write_demcr(self, value: int) -> None:
        self._demcr = value

    def _write_dfsr(self, value: int) -> None:
        self._core.stops &= ~value

    def _write_aircr(self, value: int) -> None:
        if value >> 16 == _AIRCR_KEY and value & _AIRCR_RESETS:
            self.reset()
        else:
            self._core.write_memory(_AIRCR, value.to_bytes(4, "little"))

    def _read_fpb(self, address: int) -> int:
        if address == _FP_CTRL:
            return _FP_LITERALS << 8 | _FP_COMPARATORS << 4 | int(self._fp_enabled)
        index = (address - _FP_COMP0) // 4
        return self._fp_comparators[index] if 0 <= index < len(self._fp_comparators) else 0

    def _write_fpb(self, address: int, value: int) -> None:
        index = (address - _FP_COMP0) // 4
        if address == _FP_CTRL:
            if value & _FP_CTRL_KEY:
                self._fp_enabled = bool(value & 1)
        elif 0 <= index < _FP_COMPARATORS:
            self._fp_comparators[index] = value
        self._tell_points()

    def _read_dwt(self, address: int) -> int:
        if address == _DWT:
            return _DWT_CTRL_VALUE
        if not _DWT_COMP0 <= address < _DWT_COMP_END:
            return 0
        watch = self._watches[(address - _DWT_COMP0) // 16]
        field = address // 4 % 4
        if field == 2:
            stopped_by = self._core.watch_address
            size = 1 << watch[1]
            matched = stopped_by is not None and watch[0] <= stopped_by < watch[0] + size
            return watch[2] | (_DWT_MATCHED if matched and self._core.stops & Stop.WATCHPOINT.value else 0)
        return watch[field] if field < 2 else 0

    def _write_dwt(self, address: int, value: int) -> None:
        field = address // 4 % 4
        if _DWT_COMP0 <= address < _DWT_COMP_END and field < 3:
            self._watches[(address - _DWT_COMP0) // 16][field] = value & 0x1F if field == 1 else value
            self._tell_points()

    def _tell_points(self) -> None:
        """Hand the comparators to the core as the stub's breakpoints and watchpoints."""
        points: set[str] = set()
        for comparator in self._fp_comparators[:_FP_COMPARATORS] if self._fp_enabled else ():
            halves, base = comparator >> 30, comparator & 0x1FFF_FFFC
            if comparator & 1 and halves:
                points |= {f"1,{base + 2 * half:x},2" for half in range(2) if halves & 1 << half}
        for start, mask, function in self._watches:
            if function & 0xF in _DWT_WATCHES:
                size = 1 << mask
                points.add(f"{_DWT_WATCHES[function & 0xF]},{start & ~(size - 1):x},{size:x}")
        self._core.points = points
