"""Runs that are killed, and boards opened again and again, leave nothing: the benchmark of it, in short."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.emulated

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "endurance.py"


def test_nothing_is_left_by_runs_that_are_killed() -> None:
    command = [sys.executable, str(BENCHMARK), "--cycles=5", "--kills=4", "--inside=4", "--", "--pool=2"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 ended by kill -9" in done.stdout
    left = dict(line.strip().split(": ") for line in done.stdout.splitlines() if line.startswith("  "))
    assert left["emulators"] == left["boards' folders"] == left["half sessions"] == "0"
    assert len(set(left["descriptors"].split(", "))) == 1
