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
from power_probes import emulated_lpm01a, emulated_ppk2


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


@pytest.mark.parametrize(
    "words",
    [
        ("record", "--volts=3", "--seconds=-1"),
        ("record", "--volts=3", "--seconds=1e400"),
        ("calibrate-check", "--ohm=1000", "--volts=3", "--seconds=inf"),
        ("live", "--volts=3", "--window=nan"),
        ("calibrate-check", "--ohm=inf", "--volts=3"),
    ],
)
def test_a_number_that_cannot_be_is_refused(words: tuple[str, ...]) -> None:
    done = hil(*words, "--port=/dev/none")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert re.search("is not a number from 0 to 86,400|a resistor and its volts are above 0", done.stderr)


@pytest.mark.parametrize(
    ("read_a", "code", "told"),
    [
        (3.0e-3, 0, r"gain      [+-]0\.\d+ %, within the 11 % that ppk2 and the resistor may be off by"),
        (3.6e-3, 1, r"gain      \+(20|19\.9|20\.1) %, more than the 11 % that ppk2"),
    ],
)
def test_a_probe_is_checked_against_a_resistor(tmp_path: Path, read_a: float, code: int, told: str) -> None:
    with emulated_ppk2(tmp_path, current_a=read_a) as port:
        done = hil("calibrate-check", f"--port={port}", "--ohm=1000", "--volts=3", "--seconds=0.3")
    assert done.returncode == code, done
    assert "expected  3 mA through 1000 Ω" in done.stdout
    assert re.search(told, done.stdout), done.stdout


def test_a_resistor_that_takes_too_much_gets_no_power(tmp_path: Path) -> None:
    with emulated_ppk2(tmp_path) as port:
        done = hil("calibrate-check", f"--port={port}", "--ohm=2", "--volts=3")
    assert (done.returncode, done.stdout) == (2, "")
    assert "1500 mA is more than the probe measures (it measures 1000 mA)" in done.stderr


def test_a_board_in_place_of_a_resistor_is_told(tmp_path: Path) -> None:
    with emulated_ppk2(tmp_path) as port:
        done = hil("calibrate-check", f"--port={port}", "--ohm=1000", "--volts=3", "--seconds=0.3")
    assert done.returncode == 1
    assert "it does not count: the current is not steady" in done.stdout


def test_all_drivers_are_listed() -> None:
    done = hil("list")
    rows = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert list(rows)[:5] == ["driver", "ppk2", "lpm01a", "joulescope", "replay"]
    assert done.returncode == 0


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_full_disk_loses_the_file_alone(tmp_path: Path, name: str) -> None:
    """/dev/full has no room for anything; what was seen is told all the same."""
    (tmp_path / name).symlink_to("/dev/full")
    with emulated_ppk2(tmp_path) as port:
        done = hil("record", f"--port={port}", "--volts=3", "--seconds=0.5", f"--out={tmp_path / name}")
    assert done.returncode == 2
    assert "current  mean" in done.stdout
    assert re.search(r"cannot be written \(No space left on device\); name a file in another", done.stderr), (
        done
    )
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_that_is_none_is_told_before_anything_is_recorded(tmp_path: Path) -> None:
    with emulated_ppk2(tmp_path) as port:
        done = hil("record", f"--port={port}", "--volts=3", f"--out={tmp_path / 'none' / 't.csv'}")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be written" in done.stderr


def test_the_other_drivers_record_too(tmp_path: Path) -> None:
    with emulated_lpm01a(tmp_path) as port:
        done = hil(
            *("record", "--driver=lpm01a", f"--port={port}", "--volts=3", "--seconds=1"),
            f"--out={tmp_path / 't.parquet'}",
        )
    assert "current  mean" in done.stdout, done
    again = hil("record", "--driver=replay", f"--port={tmp_path / 't.parquet'}", "--volts=3", "--seconds=0")
    assert again.stdout.splitlines()[1:] == done.stdout.splitlines()[1:]
