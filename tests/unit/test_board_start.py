"""A silicon board's start-up on the host, against a model of its registers: what it writes, in what order."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from hil.resources import firmware_dir
from needs import absent

KIND = "b_l475e_iot01a"
SOURCES = (
    f"tests/boards/{KIND}_host.c",
    f"boards/{KIND}/clock.c",
    f"boards/{KIND}/uart.c",
    "cortex_m/counter.c",
)
FLAGS = [
    *("-std=c11", "-O1", "-g", "-DHIL_REGISTER_MODEL", "-fsanitize=address,undefined"),
    *("-fno-sanitize-recover=all", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"),
]
FLASH_ACR, RCC_CR, RCC_CFGR, RCC_PLLCFGR = 0x40022000, 0x40021000, 0x40021008, 0x4002100C
USART1_CR1, USART1_CR3, USART1_BRR = 0x40013800, 0x40013808, 0x4001380C
GPIOB_MODER, GPIOB_AFRL, APB2ENR, DMA_CCR, DMA_CNDTR = (
    0x48000400, 0x48000420, 0x40021060, 0x40020058, 0x4002005C,
)  # fmt: skip
PLLON, HSION, SYST_CSR = 1 << 24, 1 << 8, 0xE000E010


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        absent("no host C compiler")
    made = tmp_path_factory.mktemp("start") / "start"
    command = [compiler, *FLAGS, *SOURCES, "-o", str(made)]
    built = subprocess.run(command, cwd=firmware_dir(), capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return made


def start(program: Path, *lacking: str) -> tuple[int, str, list[tuple[int, int]]]:
    """The clock in Hz, the counter, and all writes as (address, value)."""
    done = subprocess.run([program, *lacking], capture_output=True, text=True, check=True)
    *writes, last = done.stdout.splitlines()
    _, clock, _, counter = last.split()
    pairs = [tuple(int(word, 16) for word in line.split()) for line in writes]
    return int(clock), {"1": "timer", "2": "dwt"}[counter], [(at, value) for at, value in pairs]


def first(writes: list[tuple[int, int]], address: int, bits: int = 0, mask: int = 0) -> int:
    """The place of the first write to a register with these bits under the mask."""
    return next(n for n, (at, value) in enumerate(writes) if at == address and value & mask == bits)


def values(writes: list[tuple[int, int]], address: int) -> list[int]:
    return [value for at, value in writes if at == address]


def test_a_healthy_chip_runs_at_80_mhz_from_the_pll(program: Path) -> None:
    clock, counter, writes = start(program)
    assert (clock, counter) == (80_000_000, "dwt")
    assert values(writes, FLASH_ACR) == [0x704]  # four wait states, prefetch and both caches
    assert values(writes, RCC_PLLCFGR) == [1 << 24 | 10 << 8 | 2]  # HSI16 * 10 / 2
    waits = first(writes, FLASH_ACR)
    off, factors = first(writes, RCC_CR, 0, PLLON), first(writes, RCC_PLLCFGR)
    on, switched = first(writes, RCC_CR, PLLON, PLLON), first(writes, RCC_CFGR)
    assert waits < off <= first(writes, RCC_CR, HSION, HSION | PLLON) < factors < on < switched


def test_the_port_is_ready_before_it_is_switched_on(program: Path) -> None:
    _, _, writes = start(program)
    on = first(writes, USART1_CR1)
    assert values(writes, USART1_BRR) == [87]
    clocked = first(writes, APB2ENR, 1 << 14, 1 << 14)
    assert clocked < first(writes, USART1_BRR) < on
    assert first(writes, GPIOB_AFRL) < first(writes, GPIOB_MODER) < on
    assert values(writes, GPIOB_AFRL) == [0x7700_0000]
    assert values(writes, GPIOB_MODER) == [0xFFFF_AEBF]  # PB6 and PB7 alternate, all others as they were
    assert first(writes, DMA_CNDTR) < first(writes, DMA_CCR, 1, 1) < first(writes, USART1_CR3) < on
    assert values(writes, DMA_CNDTR) == [16384]
    assert values(writes, USART1_CR3) == [1 << 12 | 1 << 6]
    assert values(writes, USART1_CR1) == [0b11101]


def test_without_dma_bytes_come_by_interrupt(program: Path) -> None:
    _, _, writes = start(program, "dma")
    assert values(writes, DMA_CCR) == []
    assert values(writes, USART1_CR3) == [1 << 12]
    assert values(writes, USART1_CR1) == [0b101101]


def test_without_a_cycle_counter_systick_counts(program: Path) -> None:
    _, counter, writes = start(program, "cycles")
    assert counter == "timer"
    assert values(writes, SYST_CSR) == [7]
    assert SYST_CSR not in dict(start(program)[2])


def test_without_a_flash_interface_nothing_is_waited_for(program: Path) -> None:
    """QEMU's machine."""
    assert start(program, "flash", "dma", "cycles")[:2] == (80_000_000, "timer")


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
    program: Path, lacking: list[str], clock_hz: int, divisor: int
) -> None:
    clock, _, writes = start(program, *lacking)
    assert clock == clock_hz
    assert values(writes, USART1_BRR) == [divisor]
    if clock_hz == 48_000_000:  # by MSI, range 11; the PLL is off, and not chosen
        assert values(writes, RCC_CFGR)[-1] & 3 == 0
        assert values(writes, RCC_CR)[-1] & (PLLON | 0xF8) == 11 << 4 | 1 << 3


def test_the_other_source_of_the_pll_has_its_own_factors(program: Path) -> None:
    _, _, writes = start(program, "hsi")
    assert values(writes, RCC_PLLCFGR) == [1 << 24 | 40 << 8 | 1]  # MSI * 40 / 2


def test_wait_states_that_do_not_come_leave_the_slow_clock(program: Path) -> None:
    _, _, writes = start(program, "latency")
    assert values(writes, RCC_CR) == values(writes, RCC_CFGR) == []
