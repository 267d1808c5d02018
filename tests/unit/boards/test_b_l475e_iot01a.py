"""The discovery kit's start-up: what it writes to its registers, in what order."""

from __future__ import annotations

import pytest

from board_starts import Starter, starter

PLLON, HSION = 1 << 24, 1 << 8


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Starter:
    return starter("b_l475e_iot01a", tmp_path_factory.mktemp("start"))


def test_a_healthy_chip_runs_at_80_mhz_from_the_pll(start: Starter) -> None:
    seen = start()
    assert (seen.clock_hz, seen.counter) == (80_000_000, "dwt")
    assert seen.values("FLASH_ACR") == [0x704]  # four wait states, prefetch and both caches
    assert seen.values("RCC_PLLCFGR") == [1 << 24 | 10 << 8 | 2]  # HSI16 * 10 / 2
    waits = seen.first("FLASH_ACR")
    off, factors = seen.first("RCC_CR", 0, PLLON), seen.first("RCC_PLLCFGR")
    on, switched = seen.first("RCC_CR", PLLON, PLLON), seen.first("RCC_CFGR")
    assert waits < off <= seen.first("RCC_CR", HSION, HSION | PLLON) < factors < on < switched


def test_the_port_is_ready_before_it_is_switched_on(start: Starter) -> None:
    seen = start()
    on = seen.first("USART1_CR1")
    assert seen.values("USART1_BRR") == [87]
    clocked = seen.first("RCC_APB2ENR", 1 << 14, 1 << 14)
    assert clocked < seen.first("USART1_BRR") < on
    assert seen.first("GPIOB_AFRL") < seen.first("GPIOB_MODER") < on
    assert seen.values("GPIOB_AFRL") == [0x7700_0000]
    assert seen.values("GPIOB_MODER") == [0xFFFF_AEBF]  # PB6 and PB7 alternate, all others as they were
    enabled = seen.first("DMA1_CCR5", 1, 1)
    assert seen.first("DMA1_CNDTR5") < enabled < seen.first("USART1_CR3") < on
    assert seen.values("DMA1_CNDTR5") == [16384]
    assert seen.values("USART1_CR3") == [1 << 12 | 1 << 6]
    assert seen.values("USART1_CR1") == [0b11101]


def test_without_dma_bytes_come_by_interrupt(start: Starter) -> None:
    seen = start("dma")
    assert seen.values("DMA1_CCR5") == []
    assert seen.values("USART1_CR3") == [1 << 12]
    assert seen.values("USART1_CR1") == [0b101101]


def test_without_a_cycle_counter_systick_counts(start: Starter) -> None:
    seen = start("cycles")
    assert seen.counter == "timer"
    assert seen.values("SYST_CSR") == [7]
    assert start().values("SYST_CSR") == []


def test_without_a_flash_interface_nothing_is_waited_for(start: Starter) -> None:
    """QEMU's machine."""
    seen = start("flash", "dma", "cycles")
    assert (seen.clock_hz, seen.counter) == (80_000_000, "timer")


@pytest.mark.parametrize(
    ("lacking", "clock_hz", "divisor"),
    [
        (["hsi"], 80_000_000, 87),
        (["pll"], 48_000_000, 52),
        (["hsi", "pll"], 48_000_000, 52),
        (["switch"], 48_000_000, 52),
        (["latency"], 4_000_000, 16),
    ],
)
def test_what_does_not_get_ready_is_gone_around(
    start: Starter, lacking: list[str], clock_hz: int, divisor: int
) -> None:
    seen = start(*lacking)
    assert seen.clock_hz == clock_hz
    assert seen.values("USART1_BRR") == [divisor]
    if clock_hz == 48_000_000:  # by MSI, range 11; the PLL is off, and not chosen
        assert seen.values("RCC_CFGR")[-1] & 3 == 0
        assert seen.values("RCC_CR")[-1] & (PLLON | 0xF8) == 11 << 4 | 1 << 3


def test_the_other_source_of_the_pll_has_its_own_factors(start: Starter) -> None:
    assert start("hsi").values("RCC_PLLCFGR") == [1 << 24 | 40 << 8 | 1]  # MSI * 40 / 2


def test_wait_states_that_do_not_come_leave_the_slow_clock(start: Starter) -> None:
    seen = start("latency")
    assert seen.values("RCC_CR") == seen.values("RCC_CFGR") == []
