"""The emulated core as a debugger sees it: running or halted, its registers, what stops it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum

from pyocd.core import exceptions

from hil.qemu.probe.gdb import GdbClient
from hil.qemu.probe.stm32l4_flash import Stm32L4Flash
from hil.qemu.qmp import QmpClient, QmpClosedError, QmpError

RAM_START = 0x2000_0000  # where the few injected instructions go, and are taken back from
_POLL_S = 0.001
_XPSR_T = 1 << 24
_XPSR_IT = 0x0600_FC00
_NOT_EXECUTABLE = 0xA000_0000  # devices and system space, ARMv7-M B3.1
_VTOR = 0xE000_ED08
_BKPT = b"\xbe"

# DCRSR's register selectors, ARMv7-M C1.6.3.
SELECT_LR, SELECT_PC, SELECT_XPSR, SELECT_MSP, SELECT_PSP, SELECT_CFBP = 14, 15, 16, 17, 18, 20
SELECT_FPSCR, SELECT_S0, SELECT_S31 = 0x21, 0x40, 0x5F

_GDB_LR, _GDB_PC, _GDB_XPSR = 14, 15, 25
# SYSm numbers of MRS and MSR, ARMv7-M B5.1.1.
_SPECIAL = {"msp": 8, "psp": 9, "primask": 16, "basepri": 17, "faultmask": 19, "control": 20}
_CFBP = ("primask", "basepri", "faultmask", "control")  # from bits 7:0 upwards


def as_probe_error(error: QmpError) -> Exception:
    """What pyOCD calls a failed command of QEMU's."""
    kind = exceptions.ProbeDisconnected if isinstance(error, QmpClosedError) else exceptions.ProbeError
    named: Exception = kind(str(error))
    return named


class Stop(Enum):
    """What stopped the core, as DFSR's bits."""

    HALTED = 1 << 0
    BREAKPOINT = 1 << 1
    WATCHPOINT = 1 << 2
    VECTOR_CATCH = 1 << 3


class Core:
    """Runs, halts and resets the core, and keeps the stub's breakpoints in step with what is wanted.

    ``points`` are the gdbstub's breakpoint packets (without their leading Z or z) of the debug units' making;
    breakpoint instructions that a debugger plants are ours, for QEMU would raise an exception on them.
    Registers that are written wait for what needs them: a debugger calls a function by writing five.
    ``flash`` stands in for a flash controller that the machine lacks: calls of the flash algorithm go there.
    """

    def __init__(
        self, gdb: GdbClient, qmp: QmpClient, *, running: bool, flash: Stm32L4Flash | None = None
    ) -> None:
        self._gdb = gdb
        self._qmp = qmp
        self._flash = flash
        self.halted = True
        self.locked_up = False
        self.was_reset = False
        self.retired = False
        self.stops = 0
        self.watch_address: int | None = None
        self.points: set[str] = set()
        self._bkpt_sites: set[int] = set()
        self._return_site: int | None = None
        self._planted: set[str] = set()
        self._written: dict[int, int] = {}  # registers that wait, by the stub's numbers
        if running:
            self._run()

    def poll(self, within_s: float = _POLL_S) -> None:
        """Notice a stop that happened since, waiting a moment for one; and a reset the core asked for."""
        if not self.halted and not self.locked_up:
            reason = self._gdb.stopped(within_s)
            if reason is not None:
                self._note(reason)
        if self._qmp_saw_reset():
            self.was_reset = True

    def halt(self) -> None:
        """Stop the core; nothing happens when it already stands."""
        if self.locked_up:
            self.locked_up = False
            self.halted = True
        if not self.halted:
            self._note(self._gdb.interrupt(), asked=True)

    def resume(self) -> None:
        """Let the core run; one that cannot execute is shown locked up, for QEMU would end."""
        if not self.halted:
            return
        self._plant()
        counter, status = self._read_numbers([_GDB_PC, _GDB_XPSR])
        if status & _XPSR_T == 0 or counter >= _NOT_EXECUTABLE:
            self.halted = False
            self.locked_up = True
        elif self._flash is not None and self._flash.takes(counter):
            self._answer(counter, self._flash)
        else:
            self._run()

    def step(self) -> None:
        """Execute one instruction, interrupts held off."""
        self._plant()
        self._step()
        self.stops |= Stop.HALTED.value
        self.retired = True

    def reset(self, *, catch: bool) -> None:
        """Reset the whole board; the core then runs, or stands at its first instruction if ``catch``."""
        self.halt()
        self._return_site = None
        self._written.clear()
        try:
            self._qmp.forget_events()
            self._qmp.command("system_reset")
            self._qmp.wait_event("RESET")
        except QmpError as error:
            raise as_probe_error(error) from error
        self.was_reset = True
        self.retired = False
        if catch:
            self.stops |= Stop.VECTOR_CATCH.value
        else:
            self.resume()

    @contextmanager
    def standing(self) -> Iterator[GdbClient]:
        """The stub, with the core stopped for as long as it is used."""
        self.poll(0.0)  # whoever reads memory waits for no stop
        if self.halted or self.locked_up:
            yield self._gdb
            return
        before = self.stops
        by_itself = self._note(self._gdb.interrupt(), asked=True)
        try:
            yield self._gdb
        finally:
            if not by_itself:
                self.stops = before
                self._run()

    def read_memory(self, address: int, size: int) -> bytes:
        """Read memory as the core sees it; it pauses meanwhile."""
        with self.standing() as gdb:
            return gdb.read(address, size)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write memory, and remember breakpoint instructions among what is written."""
        with self.standing() as gdb:
            gdb.write(address, data)
        overwritten = range(address - 1, address + len(data))
        if self._return_site in overwritten:
            self._return_site = None
        self._bkpt_sites = {site for site in self._bkpt_sites if site not in overwritten}
        if len(data) == 2 and data[1:] == _BKPT:
            self._bkpt_sites.add(address)

    def read_register(self, selector: int) -> int:
        """Read a register by its DCRSR selector; the core must stand. KeyError when there is none."""
        if selector == SELECT_CFBP:
            return sum(self._read_special(name) << 8 * place for place, name in enumerate(_CFBP))
        if selector in (SELECT_MSP, SELECT_PSP):
            return self._read_special("msp" if selector == SELECT_MSP else "psp")
        if SELECT_S0 <= selector <= SELECT_S31:
            number, half = self._double(selector)
            return self._read_wide(number) >> 32 * half & 0xFFFF_FFFF
        return self._read_numbers([self._number(selector)])[0]

    def write_register(self, selector: int, value: int) -> None:
        """Write a register by its DCRSR selector; the core must stand. KeyError when there is none."""
        if selector == SELECT_CFBP:
            for place, name in enumerate(_CFBP):
                self._write_special(name, value >> 8 * place & 0xFF)
        elif selector in (SELECT_MSP, SELECT_PSP):
            self._write_special("msp" if selector == SELECT_MSP else "psp", value)
        elif SELECT_S0 <= selector <= SELECT_S31:
            number, half = self._double(selector)
            keep = self._read_wide(number) & ~(0xFFFF_FFFF << 32 * half)
            self._write_number(number, keep | value << 32 * half, 8)
        else:
            self._written[self._number(selector)] = value
            if selector == SELECT_LR:
                self._returns_to(value & ~1)

    def release(self) -> None:
        """Take back every breakpoint; the core stays as it is, but stands if there is no program."""
        running = not self.halted and not self.locked_up
        if running:
            running = not self._note(self._gdb.interrupt(), asked=True)
        self.points.clear()
        self._bkpt_sites.clear()
        self._return_site = None
        self._plant()
        self._send_written()
        if running and not self._is_blank():
            self._run()

    def _answer(self, counter: int, flash: Stm32L4Flash) -> None:
        """Return from a call as if the core had run through it, onto the breakpoint that it returns to."""
        first, second, third, link = self._read_numbers([0, 1, 2, _GDB_LR])
        self._write_number(0, flash.call(counter, (first, second, third)))
        self._write_number(_GDB_PC, link & ~1)
        self.stops |= Stop.BREAKPOINT.value
        self.retired = True

    def _is_blank(self) -> bool:
        """Whether there is no program: QEMU ends where a core would lock up, at the first fault."""
        base = int.from_bytes(self._gdb.read(_VTOR, 4), "little")
        return self._gdb.read(base, 8) in (bytes(8), b"\xff" * 8)

    def _run(self) -> None:
        self._send_written()
        self._gdb.start("c")
        self.halted = False
        self.retired = True

    def _step(self) -> None:
        self._send_written()
        self._gdb.start("s")
        self._gdb.wait_stop()

    def _note(self, reason: str, *, asked: bool = False) -> bool:
        """Take down a stop reply: signal 2 is our own pause, 5 a breakpoint, or a watchpoint and where.

        Returns whether the core stopped by itself.
        """
        self.halted = True
        self.watch_address = None
        if reason.startswith("T05"):
            fields = dict(field.split(":", 1) for field in reason[3:].split(";") if ":" in field)
            watch = next((fields[kind] for kind in ("watch", "rwatch", "awatch") if kind in fields), None)
            if watch is None:
                self.stops |= Stop.BREAKPOINT.value
            else:
                self.stops |= Stop.WATCHPOINT.value
                self.watch_address = int(watch, 16)
            return True
        if asked or reason.startswith("T02"):
            self.stops |= Stop.HALTED.value
            return False
        raise exceptions.ProbeDisconnected(f"the emulated core ended: {reason!r}")

    def _plant(self) -> None:
        """Make the stub's breakpoints the ones that are wanted."""
        sites = self._bkpt_sites if self._return_site is None else self._bkpt_sites | {self._return_site}
        wanted = self.points | {f"1,{site:x},2" for site in sites}
        changes = [f"z{point}" for point in self._planted - wanted]
        changes += [f"Z{point}" for point in sorted(wanted - self._planted)]
        for change, reply in zip(changes, self._gdb.requests(changes), strict=True):
            if reply != "OK":
                raise exceptions.ProbeError(f"the emulator refused breakpoint {change}: {reply!r}")
        self._planted = wanted

    def _returns_to(self, address: int) -> None:
        """A debugger lets functions return to a breakpoint instruction: see whether this is one."""
        if address == self._return_site:
            return
        try:
            self._return_site = address if self._gdb.read(address, 2)[1:] == _BKPT else None
        except exceptions.TransferFaultError:
            self._return_site = None

    def _qmp_saw_reset(self) -> bool:
        try:
            return self._qmp.saw("RESET")
        except QmpError as error:
            raise as_probe_error(error) from error

    def _number(self, selector: int) -> int:
        if selector < SELECT_XPSR:
            return selector
        if selector == SELECT_XPSR:
            return _GDB_XPSR
        if selector == SELECT_FPSCR:
            return self._gdb.numbers()["fpscr"]
        raise KeyError(selector)

    def _double(self, selector: int) -> tuple[int, int]:
        index = selector - SELECT_S0
        return self._gdb.numbers()[f"d{index // 2}"], index % 2

    def _read_numbers(self, numbers: Iterable[int]) -> list[int]:
        replies = self._send_written([f"p{number:x}" for number in numbers])
        return [int.from_bytes(bytes.fromhex(reply)[:4], "little") for reply in replies]

    def _read_wide(self, number: int) -> int:
        (reply,) = self._send_written([f"p{number:x}"])
        return int.from_bytes(bytes.fromhex(reply), "little")

    def _write_number(self, number: int, value: int, size: int = 4) -> None:
        self._written.pop(number, None)
        self._send_written()
        self._check_written(number, self._gdb.request(_written(number, value, size)))

    def _send_written(self, packets: Sequence[str] = ()) -> list[str]:
        """Write the registers that wait, and send ``packets`` behind them: their replies."""
        writes, self._written = self._written, {}
        sent = [_written(number, value) for number, value in writes.items()]
        replies = self._gdb.requests([*sent, *packets])
        for number, reply in zip(writes, replies, strict=False):
            self._check_written(number, reply)
        return replies[len(writes) :]

    def _check_written(self, number: int, reply: str) -> None:
        if reply != "OK":
            raise exceptions.ProbeError(f"the emulator refused to write register {number}: {reply!r}")

    def _read_special(self, name: str) -> int:
        number = self._gdb.numbers().get(name)
        if number is not None:
            return self._read_numbers([number])[0]
        mrs_r0 = 0xF3EF | (0x8000 | _SPECIAL[name]) << 16
        with self._injected(mrs_r0):
            self._step()
            return self._read_numbers([0])[0]

    def _write_special(self, name: str, value: int) -> None:
        # Always by MSR: QEMU 10 and 11 list these registers and read them, but ignore what is written.
        msr_r0 = 0xF380 | (0x8800 | _SPECIAL[name]) << 16
        with self._injected(msr_r0):
            self._write_number(0, value)
            self._step()

    @contextmanager
    def _injected(self, instruction: int) -> Iterator[None]:
        """The core about to execute one instruction in RAM; r0, PC, xPSR and the RAM come back after."""
        saved = self._gdb.read(RAM_START, 4)
        r0, counter, status = self._read_numbers([0, _GDB_PC, _GDB_XPSR])
        self._gdb.write(RAM_START, instruction.to_bytes(4, "little"))
        self._write_number(_GDB_XPSR, status & ~_XPSR_IT | _XPSR_T)
        self._write_number(_GDB_PC, RAM_START)
        try:
            yield
        finally:
            self._gdb.write(RAM_START, saved)
            for number, value in ((0, r0), (_GDB_PC, counter), (_GDB_XPSR, status)):
                self._write_number(number, value)


def _written(number: int, value: int, size: int = 4) -> str:
    """The packet that writes a register."""
    return f"P{number:x}={value.to_bytes(size, 'little').hex()}"
