"""A test's report is written while other boards read their vectors: both parse Python's text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Reads all the time; a garbage collection with a callback lets threads take turns while they parse.
READING = """
import gc, sys, threading
from pathlib import Path
import numpy as np
from hil.models.weights import read_npz

sys.setswitchinterval(1e-6)
gc.set_threshold(50)
gc.callbacks.append(lambda phase, info: sum(range(50)))
path = Path(__file__).with_name("vectors.npz")
np.savez(path, **{f"array{place}": np.zeros(4) for place in range(8)})
over, wrong = threading.Event(), []

def reading():
    while not over.is_set():
        try:
            read_npz(path)
        except SystemError as error:
            wrong.append(error)

thread = threading.Thread(target=reading)

def pytest_collection_finish():
    thread.start()

def pytest_unconfigure():
    over.set()
    thread.join()
    assert not wrong
"""
FAILING = """
import pytest

@pytest.mark.parametrize("number", range(5))
def test_fails(number):
    assert [[number], {"a": (number,)}] == []
"""
LONG = "\n".join(
    f"value_{place} = [{place}, ({place}, [{place} + 1, {{'a': {place}}}])]" for place in range(3000)
)


def test_neither_spoils_the_other(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(READING, encoding="utf-8")
    (tmp_path / "test_it.py").write_text(FAILING + LONG, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert "5 failed" in done.stdout, done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout + done.stderr
    assert "SystemError" not in done.stdout + done.stderr
