"""An emulated power probe for tests, and currents for it to see."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hil.power.emulated.kit import CALIBRATION
from hil.power.emulated.scale import Scale
from hil.power.ppk2.wire import RATE_HZ

VOLTS = 3.0


def currents(
    seconds: float, window_s: float, seed: int = 0
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Amperes of a board that works and rests; the first logic input changes every ``window_s``."""
    count = round(seconds * RATE_HZ)
    numbers = np.arange(count)
    noise = np.random.default_rng(seed).normal(0.0, 2e-5, count)
    works = numbers // 400 % 5 != 4
    digital = (numbers // round(window_s * RATE_HZ) % 2).astype(np.uint8)
    return (np.where(works, 4.2e-3, 1.1e-3) + noise).astype(np.float32), digital


def words(current_a: npt.NDArray[np.float32], digital: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """As the emulated kit tells them."""
    return Scale.of(CALIBRATION, VOLTS).words(current_a, digital, 0)


@contextlib.contextmanager
def emulated_ppk2(
    folder: Path,
    *options: str,
    seconds: float = 1.0,
    window_s: float = 0.1,
    current_a: float | None = None,
) -> Iterator[str]:
    """The port of a kit that runs within; unless ``--backlog`` is an option, it waits for its reader.

    It sees ``currents``, or ``current_a`` all the time.
    """
    seen, digital = currents(seconds, window_s)
    if current_a is not None:
        seen[:] = current_a
    with _emulated("ppk2", folder, "--backlog=100000000", *options, currents=(seen, digital)) as port:
        yield port


@contextlib.contextmanager
def emulated_lpm01a(folder: Path, *options: str) -> Iterator[str]:
    """The port of a PowerShield that runs within, and sees a second of ``currents``."""
    with _emulated("lpm01a", folder, *options, currents=currents(1.0, 0.1)) as port:
        yield port


@contextlib.contextmanager
def _emulated(
    kind: str,
    folder: Path,
    *options: str,
    currents: tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]],
) -> Iterator[str]:
    current_a, digital = currents
    np.savez(folder / "currents.npz", current_a=current_a, digital=digital)
    port = folder / kind
    command = [
        sys.executable,
        "-m",
        f"hil.power.emulated.{kind}",
        str(port),
        str(folder / "currents.npz"),
        *options,
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            assert process.stdout.readline() == b"ready\n"
            yield str(port)
        finally:
            process.stdin.close()  # it ends
            process.wait(10)
