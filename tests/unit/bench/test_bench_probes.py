"""Attached probes that no lab file names are told of, but those of emulators."""

from __future__ import annotations

from hil.bench.probes import unlisted_probes
from hil.errors import ProbeError
from hil.flash.base import AttachedProbe

SILICON = AttachedProbe("066AFF1", "STLink V2-1", "NUCLEO-F439ZI")
EMULATOR = AttachedProbe("mps2-an386-1", "QEMU mps2-an386 desk", "mps2-an386", is_emulated=True)


def test_what_belongs_to_another_run_is_not_offered() -> None:
    (line,) = unlisted_probes(lambda: [EMULATOR, SILICON, EMULATOR])
    assert line.startswith("attached, not used: STLink V2-1 (NUCLEO-F439ZI); to use it, write a lab file")
    assert 'probe = "066AFF1"' in line


def test_probes_that_cannot_be_listed_are_told() -> None:
    def fail() -> list[AttachedProbe]:
        raise ProbeError("the attached debug probes cannot be listed", evidence="no permission")

    assert unlisted_probes(fail) == [
        "attached probes could not be listed: the attached debug probes cannot be listed (no permission)"
    ]
