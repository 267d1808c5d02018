"""The kinds of board the lab knows: memory map, clock and what its counter counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hil.metrics import INSTRUCTIONS, Metric
from hil.values import Method


@dataclass(frozen=True)
class Counter:
    """What one tick of the board's counter stands for.

    A measure is ``ticks * per_tick`` in the unit of its ``metric``; ``per_tick`` is also its resolution.
    """

    metric: Metric
    method: Method
    technique: str
    per_tick: float
    wire_name: str  # what the firmware's handshake must call it


@dataclass(frozen=True)
class Kind:
    """A type of board; ``pyocd_target`` and ``pyocd_options`` are handed to pyOCD as they are."""

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
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (_QEMU_MPS2_AN386,)}
