"""The same program costs the same on every QEMU at hand: cycles, instructions, stack, to the last digit."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hil import metrics
from hil.qemu.program import PROGRAM, PROGRAM_VARIABLE, find_program
from hil.resources import firmware_dir
from stack_programs import ASSEMBLER, CASES, CHAINED, FUNCTIONS, STACKS, STORM, WAITS
from timing_programs import STACK_TOP, assembler, build, hil_time

pytestmark = pytest.mark.emulated

NEWER = firmware_dir().parent / ".cache" / "qemu-10" / "bin" / PROGRAM
_LIMIT_S = 300.0
# What a newer QEMU tells of SP where an older one has to guess: see test_time_registers.py.
_OF_STACK = {"stack_bytes", "stack_exact", "sp_read"}


@cache
def _emulators() -> tuple[str, ...]:
    """The programs at hand, one of each release."""
    found = [find_program(), shutil.which(PROGRAM), str(NEWER) if NEWER.exists() else None]
    releases: dict[str, str] = {}
    for program in found:
        if program is not None:
            said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
            release = re.search(r"version (\S+)", said)
            assert release is not None, said
            releases.setdefault(release[1], program)
    return tuple(releases.values())


@pytest.fixture(autouse=True)
def _on_each_qemu() -> None:
    """Not once more for each of them."""


@pytest.fixture
def emulators() -> tuple[str, ...]:
    if len(_emulators()) < 2:
        pytest.skip("one release of QEMU is at hand: nothing to compare")
    return _emulators()


def _told(monkeypatch: pytest.MonkeyPatch, emulator: str, elf: Path, *options: str) -> dict[str, Any]:
    monkeypatch.setenv(PROGRAM_VARIABLE, emulator)
    timed = hil_time(elf, *options)
    assert timed.code == 0, timed.err
    return timed.told


def _agree(monkeypatch: pytest.MonkeyPatch, emulators: tuple[str, ...], elf: Path, *options: str) -> None:
    first, *others = (_told(monkeypatch, emulator, elf, *options) for emulator in emulators)
    for other in others:
        guessed = not (first["stack_exact"] and other["stack_exact"])
        apart = _OF_STACK if guessed else {"sp_read"}
        keys = first.keys() - apart - ({"all_regions"} if guessed else set())
        assert {key: first[key] for key in keys} == {key: other[key] for key in keys}


@pytest.mark.parametrize("flags", ["-O0", "-O2"])
@pytest.mark.parametrize("name", CASES)
def test_functions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emulators: tuple[str, ...], name: str, flags: str
) -> None:
    elf = build(tmp_path, {"main.c": FUNCTIONS, "functions.S": assembler(ASSEMBLER)}, [flags])
    _agree(monkeypatch, emulators, elf, "--function", name)


@pytest.mark.parametrize("flags", ["-DNONE", "-DFLOATS"])
def test_interrupts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emulators: tuple[str, ...], flags: str
) -> None:
    elf = build(tmp_path, {"main.c": STORM}, ["-O1", flags, f"-DSTACK_TOP={STACK_TOP}u"])
    _agree(monkeypatch, emulators, elf)


def test_exceptions_and_devices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emulators: tuple[str, ...]
) -> None:
    sources = {"main.c": CHAINED, "waits.S": assembler(WAITS.format(pushed="r4, lr"))}
    _agree(monkeypatch, emulators, build(tmp_path, sources, ["-O1", f"-DSTACK_TOP={STACK_TOP}u"]))


def test_two_stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emulators: tuple[str, ...]) -> None:
    elf = build(tmp_path, {"main.S": assembler(STACKS)})
    _agree(monkeypatch, emulators, elf, "--function", "region")


def _bench(folder: Path, emulator: str) -> list[dict[str, str]]:
    """What a run of the bench stores of one model, without what the host's time decides."""
    folder.mkdir()
    environment = {**os.environ, PROGRAM_VARIABLE: emulator}
    store = f"--db=sqlite:///{folder / 'lab.db'}"
    for command in (
        ["pytest", "--board=all", "--model=fastgrnn_vowels", "--vectors=2", store, "-p", "no:cacheprovider"],
        ["hil", "export", store],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=_LIMIT_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    rows = list(csv.DictReader(done.stdout.splitlines()))
    hosts = {metrics.LINK_LOST.name, metrics.LINK_DAMAGED.name, metrics.LINK_WIRE_BYTES.name}
    return [
        {**row, "time": ""}
        for row in rows
        if row["technique"] != "host-clock" and row["metric"] not in hosts  # it asks again after a silence
    ]


def test_prebuilt_images(tmp_path: Path, emulators: tuple[str, ...]) -> None:
    first, *others = (_bench(tmp_path / str(number), one) for number, one in enumerate(emulators))
    assert {row["technique"] for row in first} >= {"cycle-model-2", "plugin", "tracked", "painted"}
    for other in others:
        assert other == first
