"""How often an interval of energy per inference holds the truth, by several ways to make one.

    python benchmarks/energy_interval.py [--trials=500] [--stored=5000] [--seed=2026]

Windows of made-up sessions vary by what a reset leaves as it is, by noise in which each window resembles the
one before it, and by a lone disturbed window; the last rows are a board that warms up after each reset. The
interval that a session stores is the last column, of more trials than the others: it has to hold the truth
93 to 97 times in a hundred.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hil.measure.repeats import interval, students_t

TRUTH = 100.0  # uJ
Values = npt.NDArray[np.float64]
Ends = tuple[float, float] | None


@dataclass(frozen=True)
class Noise:
    """Standard deviations, of which the noise of windows is an AR(1) process."""

    told: str
    of_resets: float
    of_windows: float
    correlation: float
    disturbed: float = 0.0  # the share of windows that are off by ten deviations
    warming: float = 0.0  # from the first window of a reset to the last

    def resets(self, rng: np.random.Generator, resets: int, windows: int) -> list[Values]:
        found = TRUTH + rng.normal(0.0, self.of_resets, (resets, 1)) + np.zeros((resets, windows))
        noise = rng.normal(0.0, self.of_windows, (resets, windows))
        for place in range(1, windows):
            fresh = np.sqrt(1 - self.correlation**2) * noise[:, place]
            noise[:, place] = self.correlation * noise[:, place - 1] + fresh
        hit = rng.random((resets, windows)) < self.disturbed
        found += noise + hit * rng.choice([-10.0, 10.0], (resets, windows)) * self.of_windows
        return list(found + self.warming * np.linspace(-0.5, 0.5, windows))


NOISES = (
    Noise("alike", 0.0, 1.0, 0.0),
    Noise("correlated 0.8", 0.0, 1.0, 0.8),
    Noise("resets differ", 1.0, 0.3, 0.0),
    Noise("both", 0.7, 0.7, 0.8),
    Noise("both, disturbed", 0.7, 0.7, 0.8, disturbed=0.05),
    Noise("both, warming", 0.7, 0.7, 0.8, warming=3.0),
)
SIZES = ((3, 5), (3, 20), (5, 5), (10, 5), (20, 3))


def iid_bootstrap(rng: np.random.Generator, resets: Sequence[Values]) -> Ends:
    """Of all windows, as if they had nothing to do with each other."""
    every = np.concatenate(resets)
    return _quantiles(np.median(rng.choice(every, (1000, len(every))), axis=1))


def bootstrap_of_resets(rng: np.random.Generator, resets: Sequence[Values]) -> Ends:
    """Whole resets are drawn."""
    held = np.array(resets)
    drawn = held[rng.integers(0, len(held), (1000, len(held)))]
    return _quantiles(np.median(drawn.reshape(1000, -1), axis=1))


def t_of_windows(rng: np.random.Generator, resets: Sequence[Values]) -> Ends:
    """Student's distribution of all windows."""
    every = np.concatenate(resets)
    return _students(every)


def t_of_means(rng: np.random.Generator, resets: Sequence[Values]) -> Ends:
    """Student's distribution of the resets' means."""
    return _students(np.array([values.mean() for values in resets]))


def stored(rng: np.random.Generator, resets: Sequence[Values]) -> Ends:
    """What hil.measure.energy stores."""
    return interval(resets)


def _students(values: Values) -> Ends:
    reach = students_t(len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - reach), float(values.mean() + reach)


def _quantiles(values: Values) -> Ends:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


Way = Callable[[np.random.Generator, Sequence[Values]], Ends]
WAYS: tuple[Way, ...] = (iid_bootstrap, t_of_windows, bootstrap_of_resets, t_of_means, stored)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--stored", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    heads = [way.__name__.replace("_", " ") for way in WAYS]
    print(f"{'noise':<16} resets x windows  " + "  ".join(f"{head:>19}" for head in heads))
    found = []
    for noise in NOISES:
        for size in SIZES:
            cells = []
            for way in WAYS:
                trials = options.stored if way is stored else options.trials
                share, reach = held(way, noise, size, trials, options.seed)
                cells.append(f"{share:.1%} ±{reach:>5.2f} %")
            found.append(share)
            row = "  ".join(f"{cell:>19}" for cell in cells)
            print(f"{noise.told:<16} {size[0]:>6} x {size[1]:<7}  {row}", flush=True)
    print(f"stored: {min(found):.1%} to {max(found):.1%} of {options.stored:,} trials each hold the truth")


def held(way: Way, noise: Noise, size: tuple[int, int], trials: int, seed: int) -> tuple[float, float]:
    """How often the interval holds the truth, and how far it reaches on average."""
    rng = np.random.default_rng(seed)
    every = [ends for _ in range(trials) if (ends := way(rng, noise.resets(rng, *size))) is not None]
    low, high = np.array(every).T
    return float(np.mean((low <= TRUTH) & (high >= TRUTH))), float(np.mean(high - low)) / 2


if __name__ == "__main__":
    main()
