"""How the samples of a session are distributed: as few points of them as assets/charts.js draws."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from hil_dashboards import text
from hil_dashboards.choices.session import Plot

BARS_MOST = 48
POINTS_MOST = 600

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """Of samples that are finite: how many, how many different ones, and where they lie.

    The median of an even number is the mean of the middle two; ``p99`` is the least sample that 99 in a
    hundred do not exceed.
    """

    count: int
    distinct: int
    least: float
    median: float
    mean: float
    p99: float
    most: float


def finite(values: npt.NDArray[Any]) -> Values:
    """(samples,) as floats, in their order, without those that are none."""
    held = values.astype(np.float64)
    return held[np.isfinite(held)]


def spread(values: Values) -> Spread | None:
    """Of finite samples; None where there are none."""
    if not len(values):
        return None
    ordered = np.sort(values)
    count = len(ordered)
    return Spread(
        count,
        1 + int(np.count_nonzero(np.diff(ordered))),
        float(ordered[0]),
        float(ordered[(count - 1) // 2] + ordered[count // 2]) / 2,
        float(ordered.mean()),
        float(ordered[-(-99 * count // 100) - 1]),
        float(ordered[-1]),
    )


def chart(
    plot: Plot, metric: str, unit: str, samples: npt.NDArray[Any], held: Spread, thing: str
) -> dict[str, Any]:
    """What is drawn of the finite ones of samples; ``thing`` is what there is a sample of, as ``vector``.

    ``told`` has a line for each point.
    """
    values = finite(samples)
    name = text.unit(metric, unit) or unit
    marks = [
        [held.median, f"median {text.value(metric, held.median)}"],
        [held.p99, f"p99 {text.value(metric, held.p99)}"],
    ]

    def amount(number: float) -> str:
        return f"{text.value(metric, number)} {name}"

    made: dict[str, Any] = {"marks": marks, "x": thing, "y": name}
    if plot == "histogram":
        points = bars(values)
        single = held.distinct <= BARS_MOST
        told = [
            f"{amount((low + high) / 2) if single else f'{text.value(metric, low)} to {amount(high)}'}: "
            f"{n:,.0f} {thing}{'s' if n != 1 else ''}"
            for low, high, n in points
        ]
        made |= {"kind": "bars", "x": name, "y": f"{thing}s", "whole": "y"}
    elif plot == "quantiles":
        points = quantiles(values)
        told = [f"{share:.4g} % of the {thing}s: at most {amount(value)}" for share, value in points]
        made |= {"kind": "line", "x": f"% of the {thing}s"}
    else:
        points = in_order(samples)
        told = [f"{thing} {place:,.0f}: {amount(value)}" for place, value in points]
        made |= {"kind": "dots", "whole": "x"}
    return {**made, "points": points, "told": told}


def bars(values: Values, most: int = BARS_MOST) -> list[list[float]]:
    """From, to and how many, of at most so many bars; few different values have a bar each."""
    different, counts = np.unique(values, return_counts=True)
    if len(different) <= most:
        half = float(np.min(np.diff(different))) / 2 if len(different) > 1 else 0.5
        return [[at - half, at + half, n] for at, n in zip(different.tolist(), counts.tolist(), strict=True)]
    heights, edges = np.histogram(values, bins=most)
    ends = edges.tolist()
    return [[low, high, n] for (low, high), n in zip(pairwise(ends), heights.tolist(), strict=True)]


def quantiles(values: Values, most: int = POINTS_MOST) -> list[list[float]]:
    """Percent of the samples and what those do not exceed, of at most so many, the ends among them."""
    ordered = np.sort(values)
    places = np.unique(np.linspace(0, len(ordered) - 1, most).round().astype(np.intp))
    return [[100 * (place + 1) / len(ordered), float(ordered[place])] for place in places.tolist()]


def in_order(samples: npt.NDArray[Any], most: int = POINTS_MOST) -> list[list[float]]:
    """Numbers and finite samples in their order, at most so many: the least and most of each stretch."""
    numbers, values = np.flatnonzero(np.isfinite(samples)).tolist(), finite(samples)
    if len(values) <= most:
        return [[number, one] for number, one in zip(numbers, values.tolist(), strict=True)]
    edges = np.linspace(0, len(values), most // 2 + 1).round().astype(np.intp).tolist()
    found: list[list[float]] = []
    for begin, end in pairwise(edges):
        part = values[begin:end]
        for place in sorted({int(np.argmin(part)), int(np.argmax(part))}):
            found.append([numbers[begin + place], float(part[place])])
    return found


def largest(values: npt.NDArray[Any], most: int) -> list[tuple[int, float]]:
    """Numbers and values of the largest finite samples, largest first."""
    held = values.astype(np.float64)
    order = np.argsort(np.where(np.isfinite(held), -held, np.inf), kind="stable")[:most]
    return [(int(place), float(held[place])) for place in order if np.isfinite(held[place])]
