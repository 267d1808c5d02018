"""How often the change-point detector is wrong, and how soon it is right, on seeded noise.

    python benchmarks/change_points.py [SERIES]

False alarms are counted twice over series of 300 runs: in the whole history at once, and by asking again
after every run, as a nightly bench does. Found is a change that begins with run 150 of Gaussian noise of 1 %,
by asking after every run from then on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import numpy.typing as npt

from hil.measure.changes import LEAST_HISTORY, changes

RUNS = 300
BEGINS = 150
NOISE = 0.01  # of the level
_SETTLE = 100  # runs that an AR process is given to forget its start

Values = npt.NDArray[np.float64]


def gaussian(random: np.random.Generator) -> Values:
    return random.normal(size=RUNS)


def lognormal(random: np.random.Generator) -> Values:
    return random.lognormal(0.0, 0.5, RUNS) / 0.604


def exponential(random: np.random.Generator) -> Values:
    return random.exponential(size=RUNS)


def student_t3(random: np.random.Generator) -> Values:
    return random.standard_t(3, RUNS) / np.sqrt(3)


def ar_half(random: np.random.Generator) -> Values:
    values = random.normal(size=_SETTLE + RUNS) * np.sqrt(1 - 0.5**2)
    for at in range(1, len(values)):
        values[at] += 0.5 * values[at - 1]
    return values[_SETTLE:]


def step(runs: int) -> Values:
    return np.full(runs, 0.03)


def drift(runs: int) -> Values:
    return 0.001 * np.arange(1, runs + 1)


NOISES: tuple[Callable[[np.random.Generator], Values], ...] = (
    gaussian,
    lognormal,
    exponential,
    student_t3,
    ar_half,
)


def alarms(noise: Callable[[np.random.Generator], Values], seed: int) -> tuple[bool, bool]:
    """Whether there is a change in the whole series, and whether there was one after any of its runs."""
    series = 100 * (1 + NOISE * noise(np.random.default_rng(seed)))
    nightly = any(changes(series[:runs]) for runs in range(LEAST_HISTORY, RUNS + 1))
    return bool(changes(series)), nightly


def found_after(change: Callable[[int], Values], most: int, seed: int) -> int:
    """After how many runs of the changed level it is found; one more than ``most`` when it is not."""
    series = 1 + NOISE * gaussian(np.random.default_rng(seed))
    series[BEGINS : BEGINS + most] += change(most)
    return next((runs for runs in range(1, most + 1) if changes(series[: BEGINS + runs])), most + 1)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seeds = range(count)
    with ProcessPoolExecutor() as pool:
        print(f"{count} series of {RUNS} runs      false alarms  after every run")
        for noise in NOISES:
            seen = list(pool.map(partial(alarms, noise), seeds, chunksize=20))
            whole, nightly = (np.mean([one[which] for one in seen]) for which in (0, 1))
            print(f"{noise.__name__:30} {whole:7.1%} {nightly:16.1%}")
        for what, change, limits in (("step of 3 %", step, (5, 10)), ("drift of 0.1 % a run", drift, (40,))):
            after = np.array(list(pool.map(partial(found_after, change, max(limits)), seeds, chunksize=20)))
            within = ", ".join(f"{np.mean(after <= limit):.1%} within {limit} runs" for limit in limits)
            print(f"{what:30} found {within}")


if __name__ == "__main__":
    main()
