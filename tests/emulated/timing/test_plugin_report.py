"""What the plug-in does when its report cannot be written, and when QEMU is killed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hil.measure.elf import load_functions
from hil.qemu.plugin import timing_plugin
from hil.qemu.program import find_program
from hil.qemu.trace import region_of
from timing_programs import assembler, build

pytestmark = pytest.mark.emulated

LOOPS = """
FUNCTION main
    push {r4, lr}
    mov r4, #1000
1:  bl once
    subs r4, #1
    bne 1b
2:  b 2b
END main

FUNCTION once
    nop
    bx lr
END once
"""
LIMIT_S = 600


def _command(elf: Path, report: Path) -> list[str]:
    qemu = find_program()
    address = next(one.address for one in load_functions(elf) if one.name == "once")
    return [
        *(
            qemu,
            "-M",
            "mps2-an386",
            "-display",
            "none",
            "-nodefaults",
            "-serial",
            "none",
            "-kernel",
            str(elf),
        ),
        *timing_plugin(qemu).argument(out=report, function=hex(address)),
    ]


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    elf = build(tmp_path, {"main.S": assembler(LOOPS)})
    command = _command(elf, Path("/dev/full"))
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = next(line for line in process.stderr if "timing plug-in" in line)
        process.terminate()
        rest = process.stderr.read()
    assert "a report could not be written: No space left on device" in told
    assert "reports are lost" in rest


def test_what_was_reported_outlives_a_killed_emulator(tmp_path: Path) -> None:
    elf, report = build(tmp_path, {"main.S": assembler(LOOPS)}), tmp_path / "report"
    command = _command(elf, report)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not report.exists() or report.read_bytes().count(b"\n") < 1000:
            assert process.poll() is None
        process.kill()
        assert process.wait(LIMIT_S) == -9
    regions = [region_of(line) for line in report.read_bytes().splitlines()]
    assert len(regions) == 1000
    assert len({(one.instructions, one.nominal) for one in regions}) == 1
