"""`hil power`: a probe recorded by hand."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from hil.power.attached import Attached, lpm01a, ppk2
from hil.power.files import load
from power_probes import emulated_ppk2


def hil(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hil", "power", *words],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@dataclass
class Port:
    device: str
    vid: int | None
    pid: int | None
    serial_number: str | None
    product: str | None = None


def test_a_kit_is_listed_once() -> None:
    ports = [
        Port("/dev/ttyACM3", 0x1915, 0xC00A, "B7"),
        Port("/dev/ttyACM2", 0x1915, 0xC00A, "B7"),
        Port("/dev/ttyACM0", 0x0483, 0x374B, "06"),
        Port("/dev/ttyS0", None, None, None),
        Port("/dev/ttyACM5", 0x0483, 0x5740, "FFFFFFFEFFFF", "PowerShield (Virtual ComPort in FS Mode)"),
        Port("/dev/ttyACM6", 0x0483, 0x5740, "1", "Something else of ST's"),
    ]
    assert ppk2(ports) == [Attached("ppk2", "/dev/ttyACM2", "B7")]
    assert lpm01a(ports) == [Attached("lpm01a", "/dev/ttyACM5", "FFFFFFFEFFFF")]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_record_tells_mean_and_energy(tmp_path: Path, name: str) -> None:
    with emulated_ppk2(tmp_path) as port:
        done = hil("record", f"--port={port}", "--volts=3", "--seconds=1", f"--out={tmp_path / name}")
    mean = re.search(r"current  mean ([0-9.]+) mA, from 1\.\d+ to 4\.\d+ mA", done.stdout)
    assert mean is not None, done
    assert 3.0 < float(mean[1]) < 4.2
    assert "input 0  changes" in done.stdout
    if name == "t.parquet":
        assert len(load(tmp_path / name)) > 2_000
    else:
        assert (tmp_path / name).read_text().startswith("seconds,current_a,digital,flaw\n0.000000,0.00")


def test_what_does_not_count_is_said(tmp_path: Path) -> None:
    with emulated_ppk2(tmp_path, "--fault", "lose:2000:5") as port:
        done = hil("record", f"--port={port}", "--volts=3", "--seconds=1")
    assert done.returncode == 1
    assert "not all of it counts: " in done.stdout
    assert "at 0.020 s: samples are lost (the counter jumps by 6)" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--volts=9", "--port=PORT"], "cannot supply 9 V"),
        (["--volts=3", "--port=PORT", "--out=t.txt"], "ends neither in .csv nor in .parquet"),
        (["--volts=3", "--port=/dev/none"], "cannot open the power probe's port /dev/none"),
    ],
)
def test_what_cannot_be_recorded_is_one_line(tmp_path: Path, words: list[str], told: str) -> None:
    with emulated_ppk2(tmp_path) as port:
        done = hil("record", *(word.replace("PORT", port) for word in words))
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
