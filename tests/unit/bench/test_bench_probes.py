"""Attached probes that no lab file names are told of, but those of emulators."""

from __future__ import annotations

import pytest

from hil.bench import probes
from hil.errors import ProbeError
from hil.flash.base import AttachedProbe

SILICON = AttachedProbe("066AFF1", "STLink V2-1", "NUCLEO-F439ZI")
EMULATOR = AttachedProbe("mps2-an386-1", "QEMU mps2-an386 desk", "mps2-an386", is_emulated=True)


def test_what_belongs_to_another_run_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "attached_probes", lambda: [EMULATOR, SILICON, EMULATOR])
    (line,) = probes.unlisted_probes()
    assert line.startswith("attached, not used: STLink V2-1 (NUCLEO-F439ZI); to use it, write a lab file")
    assert 'probe = "066AFF1"' in line


def test_probes_that_cannot_be_listed_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> list[AttachedProbe]:
        raise ProbeError("the attached debug probes cannot be listed", evidence="no permission")

    monkeypatch.setattr(probes, "attached_probes", fail)
    assert probes.unlisted_probes() == [
        "attached probes could not be listed: the attached debug probes cannot be listed (no permission)"
    ]
