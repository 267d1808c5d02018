"""Writes models/nearest/vectors.npz: inputs, their classes, and what the firmware must answer.

Needs numpy alone. The answers come from a second implementation of prototypes.c: where both agree on every
vector, bit for bit, the firmware does what was meant.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

WINDOW = 16
AMPLITUDE = 1000
COUNT = 90

Integers = npt.NDArray[np.int64]


def towards_zero(values: Integers, divisor: int) -> Integers:
    """C's division."""
    return np.asarray(np.sign(values) * (np.abs(values) // divisor))


def prototypes() -> Integers:
    """(3, WINDOW): sine, square, saw."""
    half = WINDOW // 2
    place = np.arange(half)
    wave = 4 * AMPLITUDE * place * (half - place) // (half * half)
    saw = towards_zero(AMPLITUDE * (2 * np.arange(WINDOW) - WINDOW + 1), WINDOW)
    square = np.repeat([AMPLITUDE, -AMPLITUDE], half)
    return np.stack([np.concatenate([wave, -wave]), square, saw])


def answers(samples: Integers) -> npt.NDArray[np.int16]:
    """What the firmware must say to (N, WINDOW) samples: (N, 3)."""
    centred = samples - towards_zero(samples.sum(axis=1), WINDOW)[:, None]
    distances = np.abs(centred[:, None, :] - prototypes()).sum(axis=2)
    return (-(distances // WINDOW)).astype(np.int16)


def main(folder: Path) -> None:
    """Write the archive into a model's folder."""
    random = np.random.default_rng(1)
    labels = np.arange(COUNT) % 3
    offset = random.integers(-500, 500, size=(COUNT, 1))
    noise = np.rint(random.normal(0, 250, size=(COUNT, WINDOW))).astype(np.int64)
    samples = prototypes()[labels] + offset + noise
    np.savez(
        folder / "vectors.npz",
        inputs=samples.reshape(-1, 1).astype(np.int16),  # the steps of all vectors, one after the other
        steps=np.full(COUNT, WINDOW, dtype=np.int32),  # of each vector
        labels=labels.astype(np.int64),
        golden_q15=answers(samples),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "models" / "nearest")
