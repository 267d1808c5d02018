"""The nRF52840 DK's start-up, what it writes in what order; and its port, which loses no byte."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from board_starts import Starter, port_of, starter

KIND = "nrf52840dk"
RXDRDY, ENDRX, COUNT, CLEAR = 0x4000_2108, 0x4000_2110, 0x4000_9008, 0x4000_900C


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Starter:
    return starter(KIND, tmp_path_factory.mktemp("start"))


def test_a_healthy_chip_runs_from_its_crystal_with_its_cache(start: Starter) -> None:
    seen = start()
    assert (seen.clock_hz, seen.counter) == (64_000_000, "dwt")
    assert seen.values("NVMC_ICACHECNF") == [1]
    assert seen.values("CLOCK_TASKS_HFCLKSTART") == [1]
    assert seen.first("CLOCK_TASKS_HFCLKSTART") < seen.first("UARTE0_ENABLE")


def test_without_its_crystal_it_goes_on_and_knows_no_exact_clock(start: Starter) -> None:
    seen = start("hfxo")
    assert seen.clock_hz == 0
    assert seen.values("UARTE0_ENABLE") == [8]


def test_without_a_cycle_counter_systick_counts(start: Starter) -> None:
    assert start("cycles").counter == "timer"


def test_a_debug_port_stays_open_that_the_users_registers_open(start: Starter) -> None:
    """Chips of build code Fxx lock it at a reset else."""
    seen = start("protection")
    assert seen.values("APPROTECT_DISABLE") == [0x5A]
    assert seen.first("APPROTECT_DISABLE") == 0
    assert start().values("APPROTECT_DISABLE") == []


def test_the_port_is_ready_before_it_receives(start: Starter) -> None:
    seen = start()
    enabled, receives = seen.first("UARTE0_ENABLE"), seen.first("UARTE0_TASKS_STARTRX")
    assert seen.first("P0_OUTSET") < seen.first("P0_PIN_CNF6") < enabled < receives
    assert seen.values("P0_OUTSET") == [1 << 6]
    assert seen.values("P0_PIN_CNF6") == [0b11]  # an output
    assert seen.values("P0_PIN_CNF8") == [0b1100]  # an input, pulled up
    # Pins are to be chosen while the port is off.
    assert max(seen.first("UARTE0_PSEL_TXD"), seen.first("UARTE0_PSEL_RXD")) < enabled
    assert (seen.values("UARTE0_PSEL_TXD"), seen.values("UARTE0_PSEL_RXD")) == ([6], [8])
    assert seen.values("UARTE0_BAUDRATE") == [0x1000_0000]
    assert seen.values("UARTE0_RXD_MAXCNT") == [16384]
    assert seen.values("UARTE0_SHORTS") == [1 << 5]
    assert seen.first("UARTE0_RXD_MAXCNT") < receives
    assert seen.first("UARTE0_SHORTS") < receives


def test_bytes_are_counted_from_the_first_one_on(start: Starter) -> None:
    seen = start()
    assert seen.values("PPI_CH0_EEP") == [RXDRDY]
    assert seen.values("PPI_CH0_TEP") == [COUNT]
    assert seen.values("PPI_CH1_EEP") == [ENDRX]
    assert seen.values("PPI_CH1_TEP") == [CLEAR]
    assert seen.values("TIMER1_MODE") == [1]
    assert seen.values("TIMER1_BITMODE") == [3]
    counting = seen.first("TIMER1_TASKS_START")
    assert seen.first("TIMER1_MODE") < seen.first("TIMER1_TASKS_CLEAR") < counting
    assert seen.first("PPI_CH1_TEP") < seen.first("PPI_CHENSET", 0b11, 0b11)
    assert max(counting, seen.first("PPI_CHENSET")) < seen.first("UARTE0_TASKS_STARTRX")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return port_of(KIND, tmp_path_factory.mktemp("port"))


@pytest.mark.parametrize("lag", [0, 1, 100])
@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_bytes_are_read_as_they_were_sent_however_late_they_reach_the_ram(
    port: Path, lag: int, chunk: int
) -> None:
    done = subprocess.run([port, str(lag), str(chunk), "0"], capture_output=True, text=True, check=True)
    assert done.stdout == "50000 bytes, 0 wrong\n"


def test_a_byte_that_was_not_counted_is_made_up_for_at_the_rings_end(port: Path) -> None:
    """It delays what follows by a byte until then, and loses none."""
    done = subprocess.run([port, "1", "7", "5000"], capture_output=True, text=True, check=True)
    assert done.stdout == "50000 bytes, 0 wrong\n"


def test_what_is_sent_leaves_whole_from_ram(port: Path) -> None:
    done = subprocess.run([port, "send"], capture_output=True, text=True, check=True)
    assert done.stdout == "1000 bytes, 0 wrong, at most 256 at once\n"
