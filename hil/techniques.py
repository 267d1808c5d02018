"""What the techniques are by which the lab obtains values: how a page or a table explains their names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hil.values import Method


@dataclass(frozen=True)
class Technique:
    """``name`` is as it is stored, N where a number stands; ``told`` says what obtains the value, and how."""

    name: str
    methods: tuple[Method, ...]
    told: str

    def matches(self, stored: str) -> bool:
        """Whether a stored technique is this one."""
        return re.fullmatch(re.escape(self.name).replace("N", r"\d[-\w.]*"), stored) is not None


_M, _C, _E = (Method.MEASURED,), (Method.COUNTED,), (Method.ESTIMATED,)

TECHNIQUES = (
    Technique("dwt", _M, "the core's cycle counter (DWT CYCCNT), read by the firmware around each inference"),
    Technique(
        "host-clock",
        _M,
        "the clock of the host that the board hangs on: times of the bench, not of the image",
    ),
    Technique(
        "painted",
        _M,
        "the stack is filled with a pattern before, and what was overwritten is looked for after",
    ),
    Technique(
        "timer", _C, "a timer that the firmware reads, which an emulated board advances by its instructions"
    ),
    Technique("plugin", _C, "the timing plug-in sees each instruction that QEMU executes"),
    Technique("tracked", _C, "the timing plug-in follows the stack pointer through every instruction"),
    Technique(
        "tracked-at-least",
        _C,
        "the same where code wrote the stack pointer in a way that is not followed: it may be deeper",
    ),
    Technique("elf", _C, "sizes of the sections and symbols of the image's ELF file"),
    Technique("labels", _C, "the board's answers against the labels of the vectors"),
    Technique("targets", _C, "the board's answers against the numbers that the vectors come with"),
    Technique("bit-exact", _C, "outputs that equal those of the golden reference, bit for bit"),
    Technique("within-N", _C, "outputs no further from the golden reference than that share of its largest"),
    Technique("path", _C, "the firmware says with each answer which tier of the model gave it"),
    Technique("link", _C, "the host counts the frames and bytes that it sent and received"),
    Technique(
        "cycle-model-N",
        _E,
        "cycles that the model of a Cortex-M4 gives the instructions that the plug-in saw, at zero wait "
        "states; N is its version",
    ),
)


def technique_of(stored: str) -> Technique | None:
    """What is told of a stored technique; None for a power probe's driver and a user's own."""
    return next((one for one in TECHNIQUES if one.matches(stored)), None)
