"""What depends on the emulator's version is tested on two: the system's, and a newer beside an old one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hil.errors import ProbeError
from hil.qemu.program import PROGRAM_VARIABLE, find_program
from needs import absent

NEWER = 10
UNPACKED = Path(__file__).parents[2] / ".cache" / "qemu-10" / "bin" / "qemu-system-arm"  # the Makefile's


@dataclass(frozen=True)
class Emulator:
    """An emulator to test with, or why there is none; ``program`` is None for what is used unasked."""

    name: str
    program: Path | None = None
    missing: str | None = None


def _version(program: str) -> str | None:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"version (\d+\.\d+)", said)
    return found[1] if found else None


def _emulators() -> list[Emulator]:
    try:
        version = _version(find_program()) or ""
        emulators = [Emulator(f"qemu{version}")]
    except ProbeError as error:
        version, emulators = "0", [Emulator("qemu", missing=str(error))]
    if int(version.partition(".")[0] or 0) >= NEWER:
        return emulators
    if UNPACKED.exists():
        return [*emulators, Emulator(f"qemu{_version(str(UNPACKED))}", UNPACKED)]
    return [*emulators, Emulator(f"qemu{NEWER}", missing=f"QEMU {NEWER} is not unpacked in .cache")]


@pytest.fixture(scope="module", params=_emulators(), ids=lambda one: one.name)
def each_qemu(request: pytest.FixtureRequest) -> Iterator[None]:
    """The tests of a module that uses it run once with each emulator; in CI none may be missing.

    The module's own fixtures that start an emulator have to use it too.
    """
    emulator: Emulator = request.param
    if emulator.missing is not None:
        absent(emulator.missing)
    with pytest.MonkeyPatch.context() as patch:
        if emulator.program is not None:
            patch.setenv(PROGRAM_VARIABLE, str(emulator.program))
        yield


@pytest.fixture(scope="module")
def newer_qemu() -> Iterator[None]:
    """The newest emulator that is here, for what older ones lack; in CI there is one."""
    emulator = _emulators()[-1]
    if emulator.missing is not None:
        absent(emulator.missing)
    with pytest.MonkeyPatch.context() as patch:
        if emulator.program is not None:
            patch.setenv(PROGRAM_VARIABLE, str(emulator.program))
        yield
