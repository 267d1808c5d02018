"""The NUCLEO-F439ZI's start-up: what it writes to its registers, in what order."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from board_starts import Starter, port_of, starter

PLLON, HSEON, HSEBYP = 1 << 24, 1 << 16, 1 << 18
HSE_4, HSI_8 = 7 << 24 | 1 << 22 | 168 << 6 | 4, 7 << 24 | 168 << 6 | 8  # divided to 2 MHz, * 168 / 2
FIXED = 1 << 29  # of PLLCFGR, as after reset


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Starter:
    return starter("nucleo_f439zi", tmp_path_factory.mktemp("start"))


def test_a_healthy_chip_runs_at_168_mhz_from_the_probes_clock(start: Starter) -> None:
    seen = start()
    assert (seen.clock_hz, seen.counter) == (168_000_000, "dwt")
    assert seen.values("FLASH_ACR") == [0x705]  # five wait states, prefetch and both caches
    assert seen.values("RCC_PLLCFGR") == [FIXED | HSE_4]
    assert seen.values("RCC_CFGR") == [
        5 << 10 | 4 << 13,
        5 << 10 | 4 << 13 | 2,
    ]  # buses / 4, / 2, then the PLL
    bypassed, on = seen.first("RCC_CR", HSEBYP, HSEBYP), seen.first("RCC_CR", HSEON, HSEON)
    factors, locked = seen.first("RCC_PLLCFGR"), seen.first("RCC_CR", PLLON, PLLON)
    assert seen.first("FLASH_ACR") < bypassed < on < factors < locked < seen.first("RCC_CFGR")


def test_the_port_is_ready_before_it_is_switched_on(start: Starter) -> None:
    seen = start()
    on = seen.first("USART3_CR1")
    assert seen.values("USART3_BRR") == [46]  # 42 MHz / 921,600
    clocked = seen.first("RCC_APB1ENR", 1 << 18, 1 << 18)
    assert clocked < seen.first("USART3_BRR") < on
    assert seen.first("GPIOD_AFRH") < seen.first("GPIOD_MODER") < on
    assert seen.values("GPIOD_AFRH") == [0xA5A5_A577]
    assert seen.values("GPIOD_MODER") == [0x555A_5555]  # PD8 and PD9 alternate, all others as they were
    enabled = seen.first("DMA1_S1CR", 1, 1)
    assert seen.first("DMA1_S1NDTR") < enabled < seen.first("USART3_CR3") < on
    assert seen.values("DMA1_S1NDTR") == [16384]
    assert seen.values("DMA1_S1CR") == [
        4 << 25 | 3 << 16 | 1 << 10 | 1 << 8 | 1
    ]  # bytes, from DR, round and round
    assert seen.values("USART3_CR3") == [1 << 6]
    assert seen.values("USART3_CR1") == [1 << 13 | 0b1100]


def test_who_waits_for_the_dma_looks_10000_times_a_second(start: Starter) -> None:
    seen = start()
    assert seen.values("TIM7_ARR") == [8399]  # of 84 MHz
    assert seen.first("TIM7_ARR") < seen.first("TIM7_DIER", 1, 1) < seen.first("TIM7_CR1", 1, 1)
    assert start("latency").values("TIM7_ARR") == [1599]


def test_without_dma_bytes_come_by_interrupt(start: Starter) -> None:
    seen = start("dma")
    assert seen.values("DMA1_S1CR") == seen.values("TIM7_CR1") == []
    assert seen.values("USART3_CR3") == [0]
    assert seen.values("USART3_CR1") == [1 << 13 | 0b101100]


def test_without_a_cycle_counter_systick_counts(start: Starter) -> None:
    seen = start("cycles")
    assert seen.counter == "timer"
    assert seen.values("SYST_CSR") == [7]


def test_without_the_probes_clock_the_chips_own_feeds_the_pll(start: Starter) -> None:
    seen = start("hse")
    assert seen.clock_hz == 168_000_000
    assert seen.values("RCC_PLLCFGR") == [FIXED | HSI_8]
    assert seen.values("USART3_BRR") == [46]


@pytest.mark.parametrize("lacking", ["latency", "pll", "scale", "switch"])
def test_what_does_not_get_ready_leaves_the_16_mhz_of_after_reset(start: Starter, lacking: str) -> None:
    seen = start(lacking)
    assert seen.clock_hz == 16_000_000
    assert seen.values("USART3_BRR") == [17]
    config = seen.values("RCC_CFGR")
    assert (config[-1] if config else 0) == 0  # HSI, and buses as fast as the core


def test_wait_states_that_do_not_come_leave_the_clock_alone(start: Starter) -> None:
    seen = start("latency")
    assert seen.values("RCC_CR") == seen.values("RCC_CFGR") == []


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return port_of("nucleo_f439zi", tmp_path_factory.mktemp("port"))


@pytest.mark.parametrize("way", ["dma", "interrupt"])
@pytest.mark.parametrize(("burst", "chunk"), [(1, 1), (64, 100), (97, 60), (16383, 16383)])
def test_bytes_are_read_as_they_came(port: Path, way: str, burst: int, chunk: int) -> None:
    done = subprocess.run([port, way, str(burst), str(chunk)], capture_output=True, text=True, check=True)
    found = re.fullmatch(r"(\w+): (\d+) of \d+, 0 wrong\n", done.stdout)
    assert found is not None, done.stdout
    assert found[1] == way
    assert int(found[2]) >= 100_000
