"""Debug port and access port as registers, and the debug units behind them, over a core that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pyocd.core import exceptions

from hil.qemu.probe.adi import DebugPort
from hil.qemu.probe.bus import MemoryBus

CTRL_STAT, SELECT = 0x4, 0x8
CSW, TAR, DRW = 0x0, 0x4, 0xC
DHCSR, DCRSR, DCRDR, DEMCR, AIRCR = 0xE000EDF0, 0xE000EDF4, 0xE000EDF8, 0xE000EDFC, 0xE000ED0C
FP_CTRL, FP_COMP0, DWT_COMP0 = 0xE0002000, 0xE0002008, 0xE0001020


class StandingCore:
    """Memory, registers and a switch: what the bus asks of a core."""

    def __init__(self) -> None:
        self.memory = bytearray(0x1000)
        self.registers: dict[int, int] = {15: 0x1234}
        self.halted, self.locked_up, self.was_reset, self.retired = True, False, False, False
        self.stops = 0
        self.watch_address: int | None = None
        self.points: set[str] = set()
        self.done: list[str] = []

    def poll(self) -> None: ...

    @contextmanager
    def standing(self) -> Iterator[None]:
        yield

    def halt(self) -> None:
        self.halted = True

    def resume(self) -> None:
        self.halted = False

    def step(self) -> None:
        self.done.append("step")

    def reset(self, *, catch: bool) -> None:
        self.was_reset = True
        self.done.append(f"reset catch={catch}")

    def read_memory(self, address: int, size: int) -> bytes:
        return bytes(self.memory[address : address + size])

    def write_memory(self, address: int, data: bytes) -> None:
        self.memory[address : address + len(data)] = data

    def read_register(self, selector: int) -> int:
        return self.registers[selector]

    def write_register(self, selector: int, value: int) -> None:
        self.registers[selector] = value


@pytest.fixture
def core() -> StandingCore:
    return StandingCore()


@pytest.fixture
def bus(core: StandingCore) -> MemoryBus:
    return MemoryBus(core)  # type: ignore[arg-type]  # behaves as one


def _read(bus: MemoryBus, address: int) -> int:
    return int.from_bytes(bus.read(address, 4), "little")


def _write(bus: MemoryBus, address: int, value: int) -> None:
    bus.write(address, value.to_bytes(4, "little"))


def test_power_requests_are_acknowledged(bus: MemoryBus) -> None:
    port = DebugPort(bus)
    assert port.read_dp(0) == 0x2BA01477
    port.write_dp(CTRL_STAT, 0x50000000)
    assert port.read_dp(CTRL_STAT) == 0xF0000000
    port.write_dp(CTRL_STAT, 0x10000000)
    assert port.read_dp(CTRL_STAT) == 0x30000000


def test_only_access_port_0_exists(bus: MemoryBus) -> None:
    port = DebugPort(bus)
    port.write_dp(SELECT, 0xF0)
    assert port.read_ap(0xFC) == 0x24770011
    port.write_dp(SELECT, 0x010000F0)
    assert port.read_ap(0xFC) == 0


def test_bytes_travel_on_their_lanes(bus: MemoryBus, core: StandingCore) -> None:
    port = DebugPort(bus)
    port.write_ap(CSW, 0x10)  # bytes, address increments
    port.write_ap(TAR, 0x101)
    port.write_ap(DRW, 0x0000AB00)
    port.write_ap(DRW, 0x00CD0000)
    assert core.memory[0x100:0x104] == bytes.fromhex("00abcd00")
    port.write_ap(TAR, 0x102)
    assert port.read_ap(DRW) == 0x00CD0000
    assert port.read_ap(TAR) == 0x103


def test_words_travel_in_one_go(bus: MemoryBus, core: StandingCore) -> None:
    port = DebugPort(bus)
    port.write_ap(CSW, 0x12)
    port.write_ap(TAR, 0x200)
    port.write_ap_many(DRW, [1, 2, 3])
    assert port.read_ap(TAR) == 0x20C
    port.write_ap(TAR, 0x200)
    assert port.read_ap_many(DRW, 3) == [1, 2, 3]


def test_the_rom_table_leads_to_components_by_arm(bus: MemoryBus) -> None:
    table = 0xE00FF000
    entries = [_read(bus, table + 4 * index) for index in range(4)]
    assert [(table + (entry & ~0xFFF)) & 0xFFFFFFFF for entry in entries[:3]] == [
        0xE000E000,
        0xE0001000,
        0xE0002000,
    ]
    assert entries[3] == 0
    identities = bus.read(0xE000EFF0, 16)
    assert identities[::4] == bytes.fromhex("0de005b1")


def test_dhcsr_needs_its_key(bus: MemoryBus, core: StandingCore) -> None:
    _write(bus, DHCSR, 0x0000_0001)
    assert core.halted
    _write(bus, DHCSR, 0xA05F_0001)
    assert not core.halted
    assert _read(bus, DHCSR) & 0x20003 == 1
    _write(bus, DHCSR, 0xA05F_0003)
    assert _read(bus, DHCSR) & 0x20003 == 0x20003
    _write(bus, DHCSR, 0xA05F_0005)
    assert core.done == ["step"]


def test_a_reset_is_told_once(bus: MemoryBus, core: StandingCore) -> None:
    _write(bus, DHCSR, 0xA05F_0003)
    _write(bus, DEMCR, 1)
    _write(bus, AIRCR, 0x05FA_0004)
    assert core.done == ["reset catch=True"]
    assert _read(bus, DHCSR) >> 25 & 1 == 1
    assert _read(bus, DHCSR) >> 25 & 1 == 0


def test_registers_pass_through_dcrdr(bus: MemoryBus, core: StandingCore) -> None:
    _write(bus, DCRSR, 15)
    assert _read(bus, DCRDR) == 0x1234
    _write(bus, DCRDR, 77)
    _write(bus, DCRSR, 1 << 16 | 3)
    assert core.registers[3] == 77
    with pytest.raises(exceptions.TransferFaultError):
        _write(bus, DCRSR, 99)


def test_comparators_become_breakpoints(bus: MemoryBus, core: StandingCore) -> None:
    _write(bus, FP_COMP0, 0x4000_0101)
    assert core.points == set()
    _write(bus, FP_CTRL, 3)
    assert core.points == {"1,100,2"}
    _write(bus, FP_COMP0 + 4, 0xC000_0201)
    assert core.points == {"1,100,2", "1,200,2", "1,202,2"}
    _write(bus, DWT_COMP0, 0x2000_0000)
    _write(bus, DWT_COMP0 + 4, 2)
    _write(bus, DWT_COMP0 + 8, 6)
    assert "2,20000000,4" in core.points
    core.stops, core.watch_address = 4, 0x2000_0002
    assert _read(bus, DWT_COMP0 + 8) == 6 | 1 << 24
    _write(bus, DWT_COMP0 + 8, 0)
    _write(bus, FP_CTRL, 2)
    assert core.points == set()


def test_a_debug_register_is_not_written_in_parts(bus: MemoryBus) -> None:
    with pytest.raises(exceptions.TransferFaultError):
        bus.write(DHCSR, b"\x01")


def test_what_the_machine_does_not_model_reads_as_told() -> None:
    bus = MemoryBus(StandingCore(), {0xE004_2000: 0x1007_6415})  # type: ignore[arg-type]
    assert bus.read(0xE004_2000, 4) == bytes.fromhex("15640710")
