"""How often the detector is wrong: the page holds what the benchmark printed last, within what was asked."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[3]
PRINTED = (PROJECT / "benchmarks" / "change_points.txt").read_text()
FALSE_ALARMS = {"gaussian": 2, "lognormal": 2, "exponential": 2, "student_t3": 4, "ar_half": 4}  # percent
FOUND = {"step of 3 %": (85, 97), "drift of 0.1 % a run": (90,)}


def figures(name: str) -> list[float]:
    (line,) = (line for line in PRINTED.splitlines() if line.startswith(name))
    return [float(one) for one in re.findall(r"([0-9.]+)%", line)]


def test_the_page_holds_what_was_printed() -> None:
    assert PRINTED.startswith("1000 series of 300 runs")
    assert PRINTED.rstrip() in (PROJECT / "docs" / "verdicts.md").read_text()


def test_the_rates_are_what_a_gate_needs() -> None:
    for name, most in FALSE_ALARMS.items():
        assert max(figures(name)) <= most, name
    for name, least in FOUND.items():
        for found, wanted in zip(figures(name), least, strict=True):
            assert found >= wanted, name


def test_the_benchmark_prints_such_lines_still() -> None:
    command = [sys.executable, PROJECT / "benchmarks" / "change_points.py", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    def names(text: str) -> list[str]:
        return [re.sub(r" *[0-9.]+%.*", "", line) for line in text.splitlines()[1:]]

    assert names(done.stdout) == names(PRINTED)
