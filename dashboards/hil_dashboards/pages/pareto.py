"""The page of trade-offs: a board's images by some metrics, what dominates what, what fits a budget."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.metrics import lookup
from hil_dashboards import text
from hil_dashboards.choices.pareto import ParetoChoice
from hil_dashboards.choices.places import HOW_TO_READ, run_place, session_place
from hil_dashboards.figures.pareto import Axis, Mark, pareto_figure, size_told
from hil_dashboards.pages.choosers import choose_many, choose_one, choosers
from hil_dashboards.pages.deferred import deferred_plot
from hil_dashboards.pages.pareto_budget import budget_card
from hil_dashboards.pages.pareto_table import amount_of, dominated, fit_words, images_card, obtained
from hil_dashboards.pages.parts import Child, heading, some
from hil_dashboards.pages.plot_key import plot_key
from hil_dashboards.pages.runs import ignored
from hil_dashboards.reading.pareto import (
    AXES,
    FRONT_OF_ALL,
    NO_BASELINE,
    NO_SIZE,
    Held,
    Image,
    ParetoData,
)
from hil_dashboards.tradeoff import (
    Fit,
    Fits,
    Placed,
    counted,
    fits,
    front_of,
    higher_is_better,
    placed,
)

_PLOT = 540  # pixels


_NAMED_MOST = 6  # images that a sentence names


def pareto_page(data: ParetoData) -> list[Child]:
    """Choices, the plot, the budget, and a row for each image."""
    found = placed(data)
    front = front_of(found)
    stands = {image.case: fits(data, image) for image in data.images}
    marks = [_mark(data, one, front, stands[one.image.case]) for one in found]
    return [
        html.Div(
            [
                heading("Trade-offs", "Pareto", data.choice.board, some(data.choice.model, "models")),
                html.P(_told(data, found, front), className="muted"),
                *ignored(data.ignored),
            ],
            className="page-head",
        ),
        html.Section(_choosers(data), className="card choices tradeoff"),
        _plotted(data, marks) if marks else _nothing(data),
        budget_card(data, list(stands.values())),
        images_card(data, found, front, stands),
    ]


def _told(data: ParetoData, found: Sequence[Placed], front: Sequence[Placed]) -> list[Child]:
    choice = data.choice
    names = [lookup(metric).title for metric in counted(choice)]
    by = " and ".join([", ".join(names[:-1]), names[-1]])
    told = f"The images of {choice.board} ({choice.kind}) by {by}"
    if not found:
        return [f"{told}."]
    on_front = html.A("on the Pareto front", href=f"{HOW_TO_READ}#plots", className="more")
    return [f"{told}: {len(front):,} of {len(found):,} are ", on_front, ". Choose models of one task."]


def _choosers(data: ParetoData) -> list[Component]:
    """What one asks first in a row, the rest below it, folded up unless it was chosen."""
    choice = data.choice
    offered = [(metric.name, metric.title) for metric in AXES if metric.name in data.ways]
    boards = list(dict.fromkeys(board for board, _ in data.boards))
    sizes = [(NO_SIZE, "all alike"), *offered]
    first = [
        choose_one(
            "Board", "board", boards, choice.board, choice.href("board", "kind", "by", "model", "precision")
        ),
        choose_many("Models", "model", data.models, choice.model, choice.href("model")),
        choose_one("Horizontal", "x", offered, choice.x, choice.href("x")),
        choose_one("Vertical", "y", offered, choice.y, choice.href("y")),
        choose_one("Size of marks", "size", sizes, choice.size, choice.href("size")),
    ]
    more = [
        choose_many("Precisions", "precision", data.precisions, choice.precision, choice.href("precision")),
        _baseline(data),
        *_front(choice),
        *_ways(data),
    ]
    chosen = any((choice.precision, choice.baseline, choice.front, choice.by))
    folded = html.Details(
        [html.Summary("More choices"), html.Div(more, className="more-choosers")], open=chosen
    )
    return [choosers(*first, folded)]


def _baseline(data: ParetoData) -> Component:
    asked, before = data.choice.baseline, data.before
    usual = "the usual one" if before is None else f"{before.name}, run {before.id}"
    known = [NO_BASELINE, *data.baselines]
    taken = asked if asked in known or (before is not None and asked == before.name) else None
    names = dict.fromkeys([*([taken] if taken else []), *data.baselines])
    offers = [(NO_BASELINE, "none: no arrows"), *((name, name) for name in names if name != NO_BASELINE)]
    return choose_one("Arrows from", "baseline", offers, taken, data.choice.href("baseline"), usual)


def _front(choice: ParetoChoice) -> list[Component]:
    if choice.size == NO_SIZE:
        return []
    offers = [(FRONT_OF_ALL, "the size of marks, too")]
    none = "horizontal and vertical"
    return [choose_one("The front counts", "front", offers, choice.front, choice.href("front"), none)]


def _ways(data: ParetoData) -> list[Component]:
    """A chooser for each metric that was obtained in several ways."""
    made = []
    for metric in AXES:
        ways = data.ways.get(metric.name, [])
        if len(ways) < 2:
            continue
        offered = [
            (
                ":".join((metric.name, *way)),
                f"{way.method}, {way.technique}: {_count(data, metric.name, way)}",
            )
            for way in ways
        ]
        chosen = ":".join((metric.name, *data.by[metric.name]))
        base = data.choice.of_no_way(metric.name).href()
        made.append(choose_one(f"{metric.title} by", "by", offered, chosen, base))
    return made


def _count(data: ParetoData, metric: str, way: Any) -> str:
    count = sum((metric, way) in image.values for image in data.images)
    return f"{count:,} image{'' if count == 1 else 's'}"


def _mark(data: ParetoData, one: Placed, front: Sequence[Placed], stands: Fits | None) -> Mark:
    choice = data.choice
    before = [data.held_before(one.image, metric) for metric in (choice.x, choice.y)]
    now = [data.held(one.image, metric) for metric in (choice.x, choice.y)]
    came = all(
        old is not None and new is not None and old.session != new.session
        for old, new in zip(before, now, strict=True)
    )
    x, y = before
    moved = (x.measure.value, y.measure.value) if came and x is not None and y is not None else None
    return Mark(
        one.image.case.precision,
        one.x,
        one.y,
        one.size,
        _hover(data, one, stands),
        session_place(one.image.session),
        None if one.by else front.index(one) + 1,
        None if stands is None else stands.fit is not Fit.NOT,
        moved,
        "" if moved is None else _hover_before(data, one, before),
    )


def _hover(data: ParetoData, one: Placed, stands: Fits | None) -> str:
    choice = data.choice
    told = [f"<b>{escape(one.image.name)}</b>"]
    for metric in dict.fromkeys((choice.x, choice.y, choice.size)):
        held = None if metric == NO_SIZE else data.held(one.image, metric)
        if held is not None:
            told.append(escape(f"{lookup(metric).title} {amount_of(held)}, {obtained(held)}"))
    told.append(escape(f"dominated {dominated(one.by)}") if one.by else "on the front")
    if stands is not None:
        told.append(escape(fit_words(stands)))
    return "<br>".join(told)


def _hover_before(data: ParetoData, one: Placed, before: Sequence[Held | None]) -> str:
    told = [f"<b>{escape(one.image.name)}</b> in run {before[0].run if before[0] is not None else ''}"]
    for held in before:
        if held is not None:
            told.append(escape(f"{lookup(held.measure.metric).title} {amount_of(held)}, {obtained(held)}"))
    return "<br>".join(told)


def _axis(data: ParetoData, metric: str) -> Axis:
    way = data.by[metric]
    unit = text.unit(metric, lookup(metric).unit)
    title = lookup(metric).title + (f", {unit}" if unit else "")
    return Axis(metric, title, f"{way.method}, {way.technique}", higher_is_better(metric))


def _plotted(data: ParetoData, marks: Sequence[Mark]) -> Component:
    choice = data.choice
    x, y = _axis(data, choice.x), _axis(data, choice.y)
    figure = pareto_figure(x, y, marks, lined=choice.front != FRONT_OF_ALL)
    told = f"{x.title} ({x.way}) across, {y.title} ({y.way}) up, a mark for each of {len(marks):,} images; "
    told += "the table below has all"
    how = html.A("How to read this", href=f"{HOW_TO_READ}#techniques", className="more")
    words: list[Child] = [
        "A mark leads to its session. ",
        *_sizes(data, marks),
        *_arrows(data),
        " ",
        how,
        ".",
    ]
    return html.Section(
        [
            deferred_plot("pareto-plot", figure, told, _PLOT),
            plot_key(figure),
            html.P(words, className="muted plot-told"),
            *_notes(data),
        ],
        className="card plot-card",
    )


def _sizes(data: ParetoData, marks: Sequence[Mark]) -> list[Child]:
    size = data.choice.size
    return [] if size == NO_SIZE else [f"{size_told(size, marks, lookup(size).unit)} "]


def _arrows(data: ParetoData) -> list[Child]:
    before = data.before
    if before is None:
        return [f"No arrows: {data.alone}."] if data.alone else []
    link = html.A(before.told, href=run_place(before.id), className="more")
    return ["Arrows lead from ", link, " to now, where an image moved by 1 % of an axis or more."]


def _notes(data: ParetoData) -> list[Component]:
    """What is not drawn, and what does not compare as it seems to."""
    choice = data.choice
    wanted = list(dict.fromkeys(counted(choice)))
    lacking: dict[tuple[str, ...], list[Image]] = {}
    for image in data.images:
        none = tuple(metric for metric in wanted if data.held(image, metric) is None)
        if none:
            lacking.setdefault(none, []).append(image)
    found: list[Component] = [
        html.P(f"Not drawn, as no value of {_ways_told(data, none)} is stored: {_named(images)}.")
        for none, images in lacking.items()
    ]
    drawn = [image for image in data.images if not any(image in images for images in lacking.values())]
    small = [image for image in drawn if choice.size != NO_SIZE and data.held(image, choice.size) is None]
    if small:
        told = f"Of the smallest size, as no value of {_ways_told(data, (choice.size,))} is stored"
        found.append(html.P(f"{told}: {_named(small)}."))
    for metric in dict.fromkeys((choice.x, choice.y, choice.size)):
        found += [] if metric == NO_SIZE else _unlike(data, metric)
    return [html.Div(found, className="plot-notes muted")] if found else []


def _ways_told(data: ParetoData, metrics: Sequence[str]) -> str:
    """``Latency by dwt (measured) and Accuracy by labels (counted)``."""
    ways = [(lookup(metric).title, data.by[metric]) for metric in metrics]
    return " and ".join(f"{title} by {way.technique} ({way.method})" for title, way in ways)


def _unlike(data: ParetoData, metric: str) -> list[Component]:
    """Conditions and counts of vectors that differ between images."""
    held = [one for image in data.images if (one := data.held(image, metric)) is not None]
    keys = sorted({key for one in held for key in one.measure.conditions})
    differ = [key for key in keys if len({str(one.measure.conditions.get(key)) for one in held}) > 1]
    found: list[Component] = []
    if differ:
        words = ", ".join(key.replace("_", " ") for key in differ)
        found.append(html.P(f"{lookup(metric).title} was obtained under conditions that differ: {words}."))
    return found


def _named(images: Sequence[Image]) -> str:
    named = ", ".join(image.name for image in images[:_NAMED_MOST])
    more = len(images) - _NAMED_MOST
    return named + (f" and {more:,} more" if more > 0 else "")


def _nothing(data: ParetoData) -> Component:
    return html.Section(
        [
            html.H2("Nothing to draw"),
            html.P(
                "No image of this board has a value on both axes. Choose other metrics or techniques above."
            ),
        ],
        className="notice card",
    )
