"""The images of the page of trade-offs, a row each: values, what dominates them, what they fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.metrics import RAM_BYTES, lookup
from hil_dashboards import text
from hil_dashboards.choices.places import run_place, session_place
from hil_dashboards.pages.deferred import deferred_grid
from hil_dashboards.pages.grid import ROW_HEIGHT, amount, column, grid
from hil_dashboards.reading.pareto import (
    AXES,
    Held,
    Image,
    ParetoData,
)
from hil_dashboards.tradeoff import (
    Fits,
    Placed,
    counted,
    life,
    life_number,
    ram_with_stack,
)

_HEAD, _IMAGE, _WORDS = 88, 178, 236  # pixels


def amount_of(held: Held) -> str:
    """A value with its unit and its band."""
    measure = held.measure
    told = text.amount(measure.metric, measure.value, measure.unit)
    if measure.band is not None:
        told += f" ({text.band(measure.metric, measure.value, measure.band)})"
    return told


def obtained(held: Held) -> str:
    """By which method and technique, in which run."""
    return f"{held.measure.method} {held.measure.technique}, run {held.run}"


def dominated(by: Sequence[Image]) -> str:
    """By which images, the first of them named."""
    more = f" and {len(by) - 1:,} more" if len(by) > 1 else ""
    return f"by {by[0].name}{more}"


def fit_words(stands: Fits) -> str:
    """Whether an image fits the budget, and what of it does not."""
    return f"{stands.fit}: {', '.join(stands.why)}" if stands.why else str(stands.fit)


def images_card(
    data: ParetoData, found: Sequence[Placed], front: Sequence[Placed], stands: dict[Any, Fits | None]
) -> Component:
    """A row for each image, the front first."""
    by_case = {one.image.case: one for one in found}
    budget = data.choice.budget.any
    rows = [_row(data, image, by_case.get(image.case), front, stands[image.case]) for image in data.images]
    rows.sort(key=lambda row: row["rank"])
    metrics = [metric.name for metric in AXES if metric.name in data.by]
    shown = [*dict.fromkeys([data.choice.x, data.choice.y]), *metrics]
    columns = [
        column("Image", "image", rows, "Link", pinned="left", width=_IMAGE, minWidth=_IMAGE, flex=0),
        column("Front", "front", rows, "Stands", width=_WORDS, minWidth=_WORDS),
        *([column("Budget", "fits", rows, "Fits", width=_WORDS, minWidth=_WORDS)] if budget else []),
        *([column("Battery lasts", "life", rows, "Amount")] if data.choice.budget.has_battery else []),
        *(_metric_column(data, metric, rows) for metric in dict.fromkeys(shown)),
        *([column("RAM with stack B", "whole", rows, "Amount")] if RAM_BYTES.name in data.by else []),
        column("Since the baseline", "moved", rows),
        column("Run", "run", rows, "Link", cellRendererParams={"to": "run_href"}),
    ]
    count = f"{len(rows):,} image{'' if len(rows) == 1 else 's'}"
    return html.Section(
        [
            html.H2(f"{count}, the front first"),
            deferred_grid("pareto-images", grid(columns, rows, head=_HEAD, style="grid values")),
        ],
        className="card grid-card",
    )


def _metric_column(data: ParetoData, metric: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    way, title = data.by[metric], lookup(metric).title
    unit = text.unit(metric, lookup(metric).unit)
    made = column(title, metric, rows, "Amount", minWidth=118)
    return made | {
        "headerName": " ".join(filter(None, (title, unit, *way))),
        "headerTooltip": f"{way.method}: {text.METHODS.get(way.method, way.method)}",
        "headerComponentParams": {
            "innerHeaderComponent": "Head",
            "innerHeaderComponentParams": {
                "title": title,
                "unit": unit,
                "method": way.method,
                "known": way.method in text.METHODS,
                "technique": way.technique,
                "conditions": "",
            },
        },
    }


def _row(
    data: ParetoData, image: Image, one: Placed | None, front: Sequence[Placed], stands: Fits | None
) -> dict[str, Any]:
    place = front.index(one) + 1 if one is not None and not one.by else None
    used, whole = ram_with_stack(data, image)
    row: dict[str, Any] = {
        "image": image.name,
        "href": session_place(image.session),
        "front": _standing(data, image, one, place),
        "on": place is not None,
        "drawn": one is not None,
        "rank": (place or len(data.images) + (1 if one is not None else 2), image.name),
        "run": str(image.run),
        "run_href": run_place(image.run),
        "moved": _moved(data, image),
        "whole": None if used is None else amount(used, f"{used:,.0f}" + ("" if whole else " + stack")),
        "height": ROW_HEIGHT,
    }
    if stands is not None:
        row |= {"fits": fit_words(stands), "fit": stands.fit.name.lower()}
    lasts = life(data, image)
    if lasts is not None:
        number = life_number(lasts)
        row["life"] = amount(-1.0 if number is None else number, lasts.text)
    for metric in data.by:
        held = data.held(image, metric)
        if held is not None:
            told = text.value(metric, held.measure.value)
            row[metric] = amount(held.measure.value, told)
    return row


def _standing(data: ParetoData, image: Image, one: Placed | None, place: int | None) -> str:
    if place is not None:
        return f"{place} on the front"
    if one is not None:
        return f"dominated {dominated(one.by)}"
    if not image.values:
        return image.error or f"no value: its session {image.status}"
    wanted = dict.fromkeys(counted(data.choice))
    lacking = [lookup(metric).title for metric in wanted if data.held(image, metric) is None]
    return f"no value of {' and '.join(lacking)}"


def _moved(data: ParetoData, image: Image) -> str:
    """What changed since the run to compare with, in the order of the axes."""
    if data.before is None:
        return ""
    told, held = [], False
    for metric in (metric.name for metric in AXES if metric.name in data.by):
        now, old = data.held(image, metric), data.held_before(image, metric)
        if now is None or old is None:
            continue
        held = True
        if now.measure.value != old.measure.value:
            told.append(f"{lookup(metric).title} {text.change(metric, now.measure.value, old.measure.value)}")
    if not held:
        return f"not in run {data.before.id}"
    return ", ".join(told) or "no change"
