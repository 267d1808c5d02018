"""A series as SVG: its values over runs, the baseline's value, and where its level changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hil.measure.changes import LEAST_HISTORY, changes
from hil.metrics import lookup
from hil.report.data import RunPoint, Series
from hil.report.markup import Html, tag
from hil.report.words import plain_amount

_HIGH = 100  # the plot's own units of height
_SIDE = 0.01  # of the axis, at both its ends
_ROOM = 0.12  # of the range, above and below


@dataclass(frozen=True)
class Step:
    """At run ``place`` of the axis the level went from ``before`` to ``after``, in the series' unit."""

    place: int
    before: float
    after: float


def steps(series: Series) -> tuple[Step, ...]:
    """Where a series changed, oldest first: an exact one with any other value, others by change points."""
    values, places = series.values, series.places
    if series.like.method in lookup(series.like.metric).exact:
        return tuple(
            Step(places[at], values[at - 1], values[at])
            for at in range(1, len(values))
            if values[at] != values[at - 1]
        )
    if len(values) < LEAST_HISTORY or min(values) <= 0:
        return ()
    found = changes(np.log(np.array(values)))
    return tuple(
        Step(places[one.index], float(np.exp(one.before)), float(np.exp(one.after))) for one in found
    )


def chart(series: Series, runs: Sequence[RunPoint], found: Sequence[Step], told: str) -> Html:
    """The plot with its ends in words beside it; ``told`` is what it is of."""
    if not series.values:
        return tag("p", "No earlier value may be compared with this one.", class_="empty")
    known = [*series.values, *([series.baseline] if series.baseline is not None else [])]
    low, high = min(known), max(known)
    pad = (high - low) * _ROOM or abs(high) * 0.02 or 1.0
    scale = _Scale(low - pad, high + pad)
    last = len(runs) - 1
    shapes = [_line(series, scale)]
    if series.baseline is not None:
        at = scale.y(series.baseline)
        shapes.append(tag("path", class_="base", d=f"M0 {at}H{max(last, 1)}"))
    shapes += [tag("path", class_="step", d=f"M{step.place} 0V{_HIGH}") for step in found[-_STEPS_MOST:]]
    if series.lost:
        shapes.append(tag("path", class_="lost", d="".join(f"M{at} {_HIGH - 4}h0" for at in series.lost)))
    shapes.append(tag("path", class_="last", d=f"M{series.places[-1]} {scale.y(series.values[-1])}h0"))
    picture = tag(
        "svg",
        tag("title", told),
        *shapes,
        viewBox=f"{-_SIDE * max(last, 1):g} 0 {(1 + 2 * _SIDE) * max(last, 1):g} {_HIGH}",
        preserveAspectRatio="none",
        role="img",
    )
    return tag(
        "div",
        tag(
            "div",
            tag("span", plain_amount(series.like, high)),
            tag("span", plain_amount(series.like, low)) if low != high else None,
            class_="ends",
            aria_hidden="true",
        ),
        picture,
        _axis(runs),
        class_="plot",
        data_p=_packed(series.places),
        data_v=_numbers(series.values),
        data_u=_unit(series),
        data_l=f"{scale.low:.6g},{scale.high:.6g}",
    )


_STEPS_MOST = 8


def _axis(runs: Sequence[RunPoint]) -> Html:
    ends = [tag("span", f"run {run.id}") for run in dict.fromkeys((runs[0], runs[-1]))]
    return tag("div", *ends, class_="axis", aria_hidden="true")


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float

    def y(self, value: float) -> str:
        """Down the plot, to a tenth of its units."""
        return f"{(self.high - value) / (self.high - self.low) * _HIGH:.1f}".removesuffix(".0")


def _line(series: Series, scale: _Scale) -> Html:
    """Exact values are steps; runs of equal ones are one stroke."""
    exact = series.like.method in lookup(series.like.metric).exact
    path: list[str] = []
    held: str | None = None
    for at, (place, value) in enumerate(zip(series.places, series.values, strict=True)):
        y = scale.y(value)
        if held is None:
            path.append(f"M{place} {y}")
        elif exact:
            if y != held:
                path.append(f"H{place}V{y}")
        else:
            path.append(f"L{place} {y}")
        if at == len(series.places) - 1:
            path.append(f"H{place}")
        held = y
    return tag("path", class_="line", d="".join(path))


def _packed(places: Sequence[int]) -> str:
    """Places as ranges: ``0-299`` or ``0-3,5``."""
    spans: list[list[int]] = []
    for place in places:
        if spans and place == spans[-1][1] + 1:
            spans[-1][1] = place
        else:
            spans.append([place, place])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def _numbers(values: Sequence[float]) -> str:
    """Values as ``value`` or ``value*times``, with what anybody reads of their digits."""
    packed: list[list[object]] = []
    for value in values:
        text = f"{value:.12g}" if float(value).is_integer() else f"{value:.5g}"
        if packed and packed[-1][0] == text:
            packed[-1][1] = int(str(packed[-1][1])) + 1
        else:
            packed.append([text, 1])
    return ",".join(f"{text}*{times}" if times != 1 else f"{text}" for text, times in packed)


def _unit(series: Series) -> str:
    return "%" if lookup(series.like.metric).share else series.like.unit
