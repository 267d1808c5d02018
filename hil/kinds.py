"""The kinds of board the lab knows: memory map, clock and what its counter counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hil.metrics import INSTRUCTIONS, LATENCY_CYCLES, Metric
from hil.values import Method

CRYSTAL = 1e-4  # by how much a clock from a crystal may be wrong
RC = 1e-2  # and one from a trimmed oscillator without one: HSI16, HSI


@dataclass(frozen=True)
class Counter:
    """What one tick of the board's counter stands for.

    A measure is ``ticks * per_tick`` in the unit of its ``metric``; ``per_tick`` is also its resolution. It
    also counts the instructions that read it, at most ``reading``.
    """

    metric: Metric
    method: Method
    technique: str
    per_tick: float
    wire_name: str  # what the firmware's handshake must call it
    reading: float = 0.0


@dataclass(frozen=True)
class Supply:
    """The volts that a kind's chip may have at our firmware's clock; ``source`` says where from."""

    least_v: float
    most_v: float
    source: str


@dataclass(frozen=True)
class Currents:
    """What a ``part`` takes at ``clock_hz`` and ``supply_v``, in amperes, typically at 25 °C: a datasheet's.

    ``run_a`` while it computes from flash; ``idle_a`` while it waits for its host, core asleep and clocks on;
    ``sleep_a`` in the deepest mode that keeps its RAM, which no firmware of ours enters.
    """

    part: str
    clock_hz: int
    supply_v: float
    run_a: float
    idle_a: float
    sleep_a: float
    source: str


@dataclass(frozen=True)
class Kind:
    """A type of board; ``pyocd_target`` and ``pyocd_options`` are handed to pyOCD as they are.

    ``ram_bytes`` from ``ram_start`` on hold an image's static data, and its stack unless that lies in a RAM
    apart. ``conditions`` are what
    cycles that its core counts hold for, beside its clock. ``twin_of`` is the kind of silicon whose images
    this emulated one runs. ``supply`` is what a power probe may give it, ``clock_share`` by how much its
    clock may be wrong. ``currents`` are what an emulated kind is said to take.
    """

    name: str
    core: str
    flash_start: int
    flash_bytes: int
    ram_bytes: int
    clock_hz: int
    counter: Counter
    pyocd_target: str
    baudrate: int
    emulator: str | None = None  # the QEMU machine; None: silicon
    pyocd_options: Mapping[str, object] = field(default_factory=dict)
    ram_start: int = 0x2000_0000
    conditions: Mapping[str, str | float] = field(default_factory=dict)
    twin_of: str | None = None
    supply: Supply = Supply(1.71, 3.6, "VDD of most Cortex-M4 parts")
    clock_share: float = CRYSTAL
    currents: Currents | None = None

    @property
    def image_kind(self) -> str:
        """The kind that the images which it runs are built for."""
        return self.twin_of or self.name


# Typical at 25 °C and 3 V, range 1, all peripherals off: DS12589 rev. 6, tables 21, 27 and 29 (Stop 1).
_G431_SOURCE = "DS12589 rev 6, tables 21, 27, 29"
_G431_SLEEP_A = 59.0e-6
_G431_24_MHZ = Currents("STM32G431", 24_000_000, 3.0, 3.60e-3, 1.15e-3, _G431_SLEEP_A, _G431_SOURCE)
_G431_80_MHZ = Currents("STM32G431", 80_000_000, 3.0, 11.5e-3, 3.45e-3, _G431_SLEEP_A, _G431_SOURCE)

# Under `-icount shift=0` QEMU's clock advances 1 ns per instruction, so a 25 MHz timer ticks every 40.
_QEMU_MPS2_AN386 = Kind(
    name="qemu_mps2_an386",
    core="Cortex-M4F",
    flash_start=0x0000_0000,
    flash_bytes=1 << 20,
    ram_bytes=256 << 10,
    clock_hz=25_000_000,
    counter=Counter(
        metric=INSTRUCTIONS,
        method=Method.COUNTED,
        technique="timer",
        per_tick=40,
        wire_name="timer",
    ),
    pyocd_target="mps2_an386",
    baudrate=115_200,
    emulator="mps2-an386",
    pyocd_options={"reset.post_delay": 0},
    supply=Supply(1.71, 3.6, "VDD of the STM32G431, whose currents it borrows: DS12589, table 17"),
    currents=_G431_24_MHZ,  # an image for an FPGA has none: of a part with that core, near its clock
)

_B_L475E_IOT01A = Kind(
    name="b_l475e_iot01a",
    core="Cortex-M4F",
    flash_start=0x0800_0000,
    flash_bytes=1 << 20,
    ram_bytes=96 << 10,
    clock_hz=80_000_000,
    counter=Counter(
        metric=LATENCY_CYCLES,
        method=Method.MEASURED,
        technique="dwt",
        per_tick=1,
        wire_name="dwt",
    ),
    pyocd_target="stm32l475xg",
    baudrate=921_600,
    conditions={"wait_states": 4.0, "caches": "prefetch, instructions, data"},
    supply=Supply(1.71, 3.6, "VDD of the STM32L475: DS10969"),
    clock_share=RC,
)

# The firmware finds that the cycle counter stands and counts by SysTick: 12.5 instructions a tick at 80 MHz.
_QEMU_B_L475E_IOT01A = replace(
    _B_L475E_IOT01A,
    name="qemu_b_l475e_iot01a",
    counter=replace(_QEMU_MPS2_AN386.counter, per_tick=12.5, reading=25.0),
    emulator="b-l475e-iot01a",
    pyocd_options={"reset.post_delay": 0},
    conditions={},
    twin_of="b_l475e_iot01a",
    clock_share=CRYSTAL,
    currents=_G431_80_MHZ,  # until somebody has the STM32L475's own table before them
)

_NUCLEO_F439ZI = replace(
    _B_L475E_IOT01A,
    name="nucleo_f439zi",
    flash_bytes=2 << 20,
    ram_bytes=192 << 10,
    clock_hz=168_000_000,
    pyocd_target="stm32f439xi",
    conditions={"wait_states": 5.0, "caches": "prefetch, instructions, data"},
    supply=Supply(2.7, 3.6, "VDD of the STM32F439 at 168 MHz with five wait states: RM0090"),
    clock_share=CRYSTAL,
)

_NRF52840DK = replace(
    _B_L475E_IOT01A,
    name="nrf52840dk",
    flash_start=0x0000_0000,
    ram_bytes=239 << 10,
    clock_hz=64_000_000,
    pyocd_target="nrf52840",
    baudrate=1_000_000,
    conditions={"wait_states": 3.0, "caches": "instructions"},
    supply=Supply(1.7, 3.6, "VDD of the nRF52840: its product specification"),
    clock_share=CRYSTAL,
)

# SRAM_U for data; the stack and the port's ring lie in SRAM_L, below 0x20000000, which nothing may cross.
_FRDM_K64F = replace(
    _B_L475E_IOT01A,
    name="frdm_k64f",
    flash_start=0x0000_0000,
    ram_bytes=192 << 10,
    clock_hz=120_000_000,
    pyocd_target="k64f",
    baudrate=1_000_000,
    conditions={"wait_states": 4.0, "caches": "buffer, prefetch, instructions, data"},
    supply=Supply(1.71, 3.6, "VDD of the MK64FN1M0: its data sheet"),
    clock_share=CRYSTAL,
)

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        _QEMU_MPS2_AN386,
        _B_L475E_IOT01A,
        _QEMU_B_L475E_IOT01A,
        _NRF52840DK,
        _FRDM_K64F,
        _NUCLEO_F439ZI,
    )
}
IMAGE_KINDS = tuple(dict.fromkeys(kind.image_kind for kind in KINDS.values()))
