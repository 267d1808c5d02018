"""The FRDM-K64F's start-up: what it writes to its registers, in what order; and what its images hold."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from capstone import CS_ARCH_ARM, CS_GRP_CALL, CS_GRP_JUMP, CS_MODE_MCLASS, CS_MODE_THUMB, Cs
from pyocd.debug.svd.loader import SVDFile

from board_starts import Starter, port_of, starter
from hil.build.prebuilt import faulty_dir
from hil.image import prebuilt_images
from hil.kinds import KINDS
from hil.measure.elf import load_sections, load_segments, load_symbols, read_memory

KIND = "frdm_k64f"
EXTERNAL, PLL = 2 << 6, 0
IREFS, PLLS = 1 << 2, 1 << 6
SRAM_L, SRAM_U, SRAM_END = 0x1FFF_0000, 0x2000_0000, 0x2003_0000


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Starter:
    return starter(KIND, tmp_path_factory.mktemp("start"))


def images() -> list[Path]:
    return [*prebuilt_images(KIND), *sorted(faulty_dir(KIND).glob("*.elf"))]


def test_the_watchdog_is_off_before_anything_else_is_done(start: Starter) -> None:
    seen = start()
    unlock, control = seen.names["WDOG_UNLOCK"], seen.names["WDOG_STCTRLH"]
    assert seen.writes[:3] == [(unlock, 0xC520), (unlock, 0xD928), (control, 0x1D2)]


def test_in_every_image_the_watchdog_is_off_well_within_its_time() -> None:
    """The first word within 256 cycles of reset, the second within 20 of it; core and bus run alike.

    No instruction on this way takes 6 cycles; none branches but to a function and back.
    """
    disassembler = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
    disassembler.detail = True
    for elf in images():
        segments, symbols = load_segments(elf), {one.name: one for one in load_symbols(elf)}
        vectors = read_memory(segments, 0, 8)
        assert int.from_bytes(vectors[4:], "little") == symbols["reset"].address | 1
        off = symbols["watchdog_off"]
        at = off.address & ~1
        code = list(disassembler.disasm(read_memory(segments, at, off.size), at))
        stores = [n for n, one in enumerate(code) if one.mnemonic.startswith("strh")]
        assert len(stores) == 3, elf.name
        assert stores[0] + 3 >= stores[1] <= stores[2] <= stores[1] + 3 < 20, elf.name
        assert not any(one.group(CS_GRP_JUMP) or one.group(CS_GRP_CALL) for one in code[: stores[2]])
        reset = symbols["reset"].address & ~1
        before = list(disassembler.disasm(read_memory(segments, reset, symbols["reset"].size), reset))
        calls = [n for n, one in enumerate(before) if one.mnemonic == "bl"]
        assert calls[0] <= 2, elf.name
        assert before[calls[0]].op_str == f"#{at:#x}", elf.name


def test_every_image_leaves_the_chip_open_to_debuggers() -> None:
    """FSEC at 0x40C is 0xFE: any other value may lock the chip for good."""
    found = images()
    assert len(found) > 36
    for elf in found:
        held = read_memory(load_segments(elf), 0x400, 16)
        assert held == b"\xff" * 12 + b"\xfe" + b"\xff" * 3, elf.name


def test_nothing_lies_across_the_boundary_of_the_two_rams() -> None:
    for elf in prebuilt_images(KIND):
        for section in load_sections(elf):
            if section.writable and section.size:
                end = section.address + section.size
                below, above = SRAM_L <= section.address < end <= SRAM_U, SRAM_U <= section.address < end
                assert below or (above and end <= SRAM_END), f"{elf.name}: {section.name}"
        symbols = {one.name: one for one in load_symbols(elf)}
        assert symbols["ring"].address % symbols["ring"].size == 0
        (stack,) = [one for one in load_sections(elf) if one.name == ".stack"]
        assert stack.address == SRAM_L  # below it there is nothing: an overflow faults


def test_a_healthy_board_runs_at_120_mhz_from_the_pll(start: Starter) -> None:
    seen = start()
    assert (seen.clock_hz, seen.counter) == (120_000_000, "dwt")
    assert seen.values("SIM_CLKDIV1") == [0x0124_0000]  # core 1, bus 2, FlexBus 3, flash 5
    assert seen.values("MCG_C2") == [0xA0]  # a clock of more than 8 MHz; loss of clock as after reset
    assert seen.values("MCG_C5") == [19]  # 50 MHz / 20 * 48
    assert seen.values("MCG_C6") == [PLLS | 24]
    followed, bypassed, back = seen.values("MCG_C1")
    assert (followed, bypassed, back) == (7 << 3, EXTERNAL | 7 << 3, 7 << 3)
    places = [n for n, (at, _) in enumerate(seen.writes) if at == seen.names["MCG_C1"]]
    ranges = [n for n, (at, _) in enumerate(seen.writes) if at == seen.names["MCG_C4"]]
    assert seen.first("SIM_CLKDIV1") < seen.first("MCG_C2") < places[0]  # slower flash before a faster core
    assert ranges[0] < places[0] < ranges[1] < places[1]  # e7993: another range while the reference changes
    assert seen.values("MCG_C4") == [0x9B, 0x1B]  # its trim stays
    assert places[1] < seen.first("MCG_C5") < seen.first("MCG_C6") < places[2]


def test_the_port_is_ready_before_it_is_switched_on(start: Starter) -> None:
    seen = start()
    on = seen.first("UART0_C2")
    assert [*seen.values("UART0_BDH"), *seen.values("UART0_BDL")] == [0, 7]
    assert seen.values("UART0_C4") == [16]  # 120 MHz / 16 / 7.5
    assert seen.first("UART0_BDH") < seen.first("UART0_BDL") < on  # the low half takes both
    clocked = seen.first("SIM_SCGC4", 1 << 10, 1 << 10)
    assert clocked < seen.first("UART0_BDH")
    assert seen.first("SIM_SCGC5", 1 << 10, 1 << 10) < seen.first("PORTB_PCR16") < on
    assert [*seen.values("PORTB_PCR16"), *seen.values("PORTB_PCR17")] == [0x303, 0x300]
    assert seen.values("UART0_C5") == [1 << 5]
    assert seen.values("UART0_C3") == [0b1010]  # a byte without a stop bit, or too many: none comes after it
    assert seen.values("UART0_C2") == [0b101100]


def test_dma_moves_each_byte_into_a_ring_of_16_kib(start: Starter) -> None:
    seen = start()
    assert seen.values("DMA_TCD0_SADDR") == [seen.names["UART0_D"]]
    assert seen.values("DMA_TCD0_ATTR") == [14 << 3]
    assert seen.values("DMA_TCD0_DADDR")[0] % 16384 == 0
    for name, value in (
        *(("SOFF", 0), ("NBYTES_MLNO", 1), ("SLAST", 0), ("DOFF", 1), ("CITER_ELINKNO", 1)),
        *(("DLASTSGA", 0), ("BITER_ELINKNO", 1), ("CSR", 2)),
    ):
        assert seen.values(f"DMA_TCD0_{name}") == [value], name
        assert seen.first(f"DMA_TCD0_{name}") < seen.first("DMAMUX_CHCFG0")
    assert seen.values("DMAMUX_CHCFG0") == [1 << 7 | 2]
    assert seen.first("DMAMUX_CHCFG0") < seen.first("DMA_SERQ") < seen.first("UART0_C5")
    assert seen.first("SIM_SCGC6", 2, 2) < seen.first("DMA_TCD0_SADDR")


def test_without_dma_bytes_come_by_interrupt(start: Starter) -> None:
    seen = start("dma")
    assert seen.values("DMAMUX_CHCFG0") == seen.values("DMA_SERQ") == []
    assert seen.values("UART0_C5") == [0]
    assert seen.values("UART0_C2") == [0b101100]


def test_without_a_cycle_counter_systick_counts(start: Starter) -> None:
    seen = start("cycles")
    assert (seen.counter, seen.values("SYST_CSR")) == ("timer", [7])
    assert start().values("SYST_CSR") == []


@pytest.mark.parametrize(
    ("lacking", "clock_hz"),
    [
        (["phy"], 83_886_080),
        (["phy", "range"], 20_971_520),
        (["external"], 83_886_080),
        (["pll"], 50_000_000),
        (["lock"], 50_000_000),
        (["switch"], 50_000_000),
    ],
)
def test_what_does_not_get_ready_is_gone_around(start: Starter, lacking: list[str], clock_hz: int) -> None:
    seen = start(*lacking)
    assert seen.clock_hz == clock_hz
    last = seen.values("MCG_C1")[-1]
    if clock_hz == 50_000_000:
        assert last & (3 << 6 | IREFS) == EXTERNAL
    else:
        assert last & (3 << 6 | IREFS) == IREFS  # the FLL, by its own reference
        assert seen.values("MCG_C6") == []
    if "phy" in lacking:  # the core's clock is never switched to one that is not there
        assert all(value >> 6 == 0 for value in seen.values("MCG_C1"))


@pytest.mark.parametrize("lacking", [[], ["phy"], ["phy", "range"], ["pll"]])
def test_the_rate_is_right_at_every_clock(start: Starter, lacking: list[str]) -> None:
    seen = start(*lacking)
    (high,), (low,), (fine,) = (seen.values(f"UART0_{name}") for name in ("BDH", "BDL", "C4"))
    rate = seen.clock_hz / 16 / ((high << 8 | low) + fine / 32)
    assert rate == pytest.approx(KINDS[KIND].baudrate, rel=0.002)
    probe = 48_000_000 // (16 * KINDS[KIND].baudrate)  # its divisor has no fraction
    assert 48_000_000 / 16 / probe == pytest.approx(KINDS[KIND].baudrate, rel=0.002)


def test_what_the_start_leaves_alone_is_as_it_should_be_after_reset() -> None:
    """Flash buffers, prefetch and caches are on, the bus's protection lets the DMA in; no Arm MPU."""
    svd = SVDFile.from_builtin("MK64F12.svd")
    svd.load()
    after_reset = {
        f"{peripheral.name}_{register.name}": register.reset_value
        for peripheral in svd.device.peripherals
        for register in peripheral.registers or ()
    }
    assert after_reset["FMC_PFB0CR"] & 0x1F == after_reset["FMC_PFB1CR"] & 0x1F == 0x1F
    assert after_reset["WDOG_STCTRLH"] == 0x1D3
    assert after_reset["MPU_RGDAAC0"] >> 12 & 0x1F == 0x1F  # master 2: all that a user may, and all of that
    assert not svd.device.cpu.mpu_present


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return port_of(KIND, tmp_path_factory.mktemp("port"))


def ran(port: Path, *arguments: str) -> str:
    return subprocess.run([port, *arguments], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("way", ["dma", "interrupt"])
@pytest.mark.parametrize("chunk", ["1", "1000", "16384"])
def test_bytes_are_read_as_they_came_around_the_ring_and_up_to_the_window(
    port: Path, way: str, chunk: str
) -> None:
    assert ran(port, way, chunk, "0") == "100000 bytes, 0 wrong\n"


@pytest.mark.parametrize("way", ["dma", "interrupt"])
def test_a_byte_without_a_stop_bit_stops_no_other_for_good(port: Path, way: str) -> None:
    taken, _, wrong, _ = ran(port, way, "10", "500").split()
    assert wrong == "0"
    assert 97_000 < int(taken) < 100_000


def test_bytes_leave_one_by_one_as_the_uart_takes_them(port: Path) -> None:
    assert ran(port, "send") == "1000 bytes, the same, 0 too early\n"
