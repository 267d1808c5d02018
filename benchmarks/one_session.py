"""How often one session is wrongly taken for changed, vector by vector, and how often rightly at once.

    python benchmarks/one_session.py [SERIES]

The level of sessions scatters by 1 %, their 50 vectors by 0.2 % more; every five sessions there is another
image. False alarms are sessions of nothing new; found are those that take 12 % longer.
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt

from change_points import NOISE, NOISES
from hil.measure.verdicts import Outcome, Series, Taken, judge
from hil.values import Measure, Method

HISTORIES = (25, 60)
COSTS = np.random.default_rng(0).uniform(100, 1000, 50)
LONGER = 1.12


def taken(level: float, image: str, random: np.random.Generator) -> Taken:
    each = COSTS * level * random.lognormal(0, 0.002, len(COSTS))
    measure = Measure("latency_us", float(np.median(each)), "us", Method.MEASURED, "dwt")
    return Taken(measure, image, "v", samples=each)


def outcome(levels: npt.NDArray[np.float64], seed: int) -> Outcome:
    """Of the last session against the one before it."""
    random = np.random.default_rng(seed)
    runs = [taken(level, f"image {place // 5}", random) for place, level in enumerate(levels[:-1])]
    runs.append(taken(float(levels[-1]), "new", random))
    series = Series(np.array([one.normal for one in runs]), [one.image for one in runs], len(runs) - 2)
    return judge("latency_us", [runs[-1]], [runs[-2]], history=series).outcome


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{count} sessions after a history of       runs  false alarms  12 % found")
    for noise in NOISES:
        for runs in HISTORIES:
            wrong = found = 0
            for seed in range(count):
                levels = 1 + NOISE * noise(np.random.default_rng(seed))[: runs + 1]
                wrong += outcome(levels, seed) is not Outcome.UNCHANGED
                levels[-1] *= LONGER
                found += outcome(levels, seed) is Outcome.REGRESSION
            print(f"{noise.__name__:33} {runs:6} {wrong / count:13.1%} {found / count:11.1%}", flush=True)


if __name__ == "__main__":
    main()
