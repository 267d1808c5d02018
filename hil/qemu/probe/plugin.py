"""The plug-in that makes pyOCD list and drive running emulators as debug probes."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pyocd.core import exceptions
from pyocd.core.memory_interface import MemoryInterface
from pyocd.core.plugin import Plugin
from pyocd.probe.debug_probe import DebugProbe

from hil.errors import ProbeError
from hil.qemu import runtime
from hil.qemu.probe.adi import DebugPort
from hil.qemu.probe.bus import MemoryBus
from hil.qemu.probe.core import Core, as_probe_error
from hil.qemu.probe.gdb import GdbClient
from hil.qemu.probe.stm32l4_flash import Stm32L4Flash
from hil.qemu.qmp import QmpClient, QmpError
from hil.qemu.runtime import RunningBoard

_TARGETS = {"mps2-an386": "mps2_an386", "b-l475e-iot01a": "stm32l475xg"}
_FLASH = {"b-l475e-iot01a": Stm32L4Flash}  # machines without a flash controller
_WORDS = {"b-l475e-iot01a": {0xE004_2000: 0x1007_6415}}  # DBGMCU_IDCODE of an STM32L475: the machine reads 0
_LAST_WORDS_S = (
    15.0  # the watcher writes down how QEMU ended after its sockets close; a busy machine takes long
)


class _Memory(MemoryInterface):  # type: ignore[misc]  # pyOCD has no type information
    """Whole transfers at once, past the access port's registers; ``attributes`` of the bus change nothing."""

    def __init__(self, probe: QemuProbe) -> None:
        self._probe = probe

    def read_memory(
        self, address: int, transfer_size: int = 32, now: bool = True, **attributes: object
    ) -> int | Callable[[], int]:
        value = int.from_bytes(self._read(address, transfer_size // 8), "little")
        return value if now else lambda: value

    def write_memory(self, address: int, data: int, transfer_size: int = 32, **attributes: object) -> None:
        self._write(address, data.to_bytes(transfer_size // 8, "little"))

    def read_memory_block8(self, address: int, size: int, **attributes: object) -> list[int]:
        return list(self._read(address, size))

    def write_memory_block8(self, address: int, data: Sequence[int], **attributes: object) -> None:
        self._write(address, bytes(data))

    def read_memory_block32(self, address: int, size: int, **attributes: object) -> list[int]:
        data = self._read(address, 4 * size)
        return [int.from_bytes(data[start : start + 4], "little") for start in range(0, len(data), 4)]

    def write_memory_block32(self, address: int, data: Sequence[int], **attributes: object) -> None:
        # pyOCD's commands to its CRC code exceed 32 bits where flash starts at 0x08000000; a wire has 32.
        words = (value & 0xFFFF_FFFF for value in data)
        self._write(address, b"".join(value.to_bytes(4, "little") for value in words))

    def _read(self, address: int, size: int) -> bytes:
        with self._probe.explaining():
            return self._probe.opened.bus.read(address, size)

    def _write(self, address: int, data: bytes) -> None:
        with self._probe.explaining():
            self._probe.opened.bus.write(address, data)


class _Opened:
    """What exists only while the probe is open: both connections to QEMU and what is built on them."""

    def __init__(self, board: RunningBoard) -> None:
        self._qmp = QmpClient(board.qmp_socket)
        try:
            running = bool(self._qmp.command("query-status")["running"])
            self._qmp.command("stop")  # else the stub stops it, and says so before it is asked anything
            self._gdb = GdbClient(board.gdb_socket)
        except (QmpError, exceptions.Error):
            self._qmp.close()
            raise
        flash = None if board.vendor_algorithm else _FLASH.get(board.machine)
        self.core = Core(self._gdb, self._qmp, running=running, flash=flash and flash(self._gdb))
        self.bus = MemoryBus(self.core, _WORDS.get(board.machine))
        self.port = DebugPort(self.bus)

    def close(self) -> None:
        self._gdb.close()
        self._qmp.close()


class QemuProbe(DebugProbe):  # type: ignore[misc]  # pyOCD has no type information
    """One running emulator. pyOCD calls open, connect, the register accesses, disconnect, close."""

    is_emulated = True  # whoever looks for probes to use leaves it to the run that started it

    def __init__(self, board: RunningBoard) -> None:
        super().__init__()
        self._running = board
        self._opened: _Opened | None = None
        self._protocol: DebugProbe.Protocol | None = None
        self._reset_asserted = False

    @classmethod
    def get_all_connected_probes(
        cls, unique_id: str | None = None, is_explicit: bool = False
    ) -> list[QemuProbe]:
        """The emulators of this user that are alive; looking does not touch them."""
        try:
            return [cls(board) for board in runtime.running()]
        except (ProbeError, OSError) as error:
            raise exceptions.ProbeError(str(error)) from error

    @classmethod
    def get_probe_with_id(cls, unique_id: str, is_explicit: bool = False) -> QemuProbe | None:
        """The emulator of exactly this id, or None."""
        probes = cls.get_all_connected_probes()
        return next((probe for probe in probes if probe.unique_id == unique_id), None)

    @property
    def vendor_name(self) -> str:
        return "QEMU"

    @property
    def product_name(self) -> str:
        name, machine = self._running.name, self._running.machine
        return machine if name == machine else f"{machine} {name}"

    @property
    def unique_id(self) -> str:
        return self._running.unique_id

    @property
    def supported_wire_protocols(self) -> Collection[DebugProbe.Protocol]:
        return (DebugProbe.Protocol.DEFAULT, DebugProbe.Protocol.SWD)

    @property
    def wire_protocol(self) -> DebugProbe.Protocol | None:
        return self._protocol

    @property
    def is_open(self) -> bool:
        return self._opened is not None

    @property
    def capabilities(self) -> set[DebugProbe.Capability]:
        return {DebugProbe.Capability.SWJ_SEQUENCE}

    @property
    def associated_board_info(self) -> Any:
        from pyocd.board.board_ids import BoardInfo  # pyOCD is still importing itself when it loads us

        target = _TARGETS.get(self._running.machine)
        return BoardInfo(name=self._running.machine, target=target, vendor="QEMU")

    def create_associated_board(self) -> Any:
        from pyocd.board.board import Board

        return Board(self.session, board_info=self.associated_board_info)

    @property
    def opened(self) -> _Opened:
        """The open connections; ProbeError when the probe is closed."""
        if self._opened is None:
            raise exceptions.ProbeError(f"{self.unique_id} is not open")
        return self._opened

    def open(self) -> None:
        with self.explaining():
            try:
                self._opened = _Opened(self._running)
            except QmpError as error:
                raise as_probe_error(error) from error

    def close(self) -> None:
        if self._opened is not None:
            opened, self._opened = self._opened, None
            try:
                with self.explaining():
                    opened.core.release()
            finally:
                opened.close()

    def connect(self, protocol: DebugProbe.Protocol | None = None) -> None:
        self._protocol = DebugProbe.Protocol.SWD

    def disconnect(self) -> None:
        self._protocol = None

    def swj_sequence(self, length: int, bits: int) -> None:
        """There is no wire whose state could need it."""

    def set_clock(self, frequency: float) -> None:
        """There is no wire that could be faster."""

    def reset(self) -> None:
        self.assert_reset(True)
        self.assert_reset(False)

    def assert_reset(self, asserted: bool) -> None:
        """Reset when the line is let go; until then the core stands."""
        with self.explaining():
            if asserted:
                self.opened.core.halt()
            elif self._reset_asserted:
                self.opened.bus.reset()
        self._reset_asserted = asserted

    def is_reset_asserted(self) -> bool:
        return self._reset_asserted

    def read_dp(self, address: int, now: bool = True) -> int | Callable[[], int]:
        with self.explaining():
            value = self.opened.port.read_dp(address)
        return value if now else lambda: value

    def write_dp(self, address: int, data: int) -> None:
        with self.explaining():
            self.opened.port.write_dp(address, data)

    def read_ap(self, address: int, now: bool = True) -> int | Callable[[], int]:
        with self.explaining():
            value = self.opened.port.read_ap(address)
        return value if now else lambda: value

    def write_ap(self, address: int, data: int) -> None:
        with self.explaining():
            self.opened.port.write_ap(address, data)

    def read_ap_multiple(
        self, address: int, count: int = 1, now: bool = True
    ) -> list[int] | Callable[[], list[int]]:
        with self.explaining():
            values = self.opened.port.read_ap_many(address, count)
        return values if now else lambda: values

    def write_ap_multiple(self, address: int, values: Sequence[int]) -> None:
        with self.explaining():
            self.opened.port.write_ap_many(address, values)

    def get_memory_interface_for_ap(self, ap_address: Any) -> _Memory | None:
        return _Memory(self) if ap_address.nominal_address == 0 else None

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Say how the emulator ended, when that is what went wrong."""
        try:
            yield
        except exceptions.ProbeDisconnected as error:
            deadline = time.monotonic() + _LAST_WORDS_S
            while self._running.folder.exists() and time.monotonic() < deadline:
                if self._running.exit_file.exists():
                    break
                time.sleep(0.005)
            raise exceptions.ProbeDisconnected(f"{self._running.how_it_ended()} ({error})") from error


class QemuProbePlugin(Plugin):  # type: ignore[misc]  # pyOCD has no type information
    """What pyOCD's entry point names."""

    def load(self) -> type[QemuProbe]:
        from pyocd.target import TARGET

        from hil.qemu.probe.target import TARGET_NAME, Mps2An386

        TARGET.setdefault(TARGET_NAME, Mps2An386)
        return QemuProbe

    @property
    def name(self) -> str:
        return "qemu"

    @property
    def description(self) -> str:
        return "Running QEMU boards"
