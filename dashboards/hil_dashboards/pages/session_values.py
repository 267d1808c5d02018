"""A session's figures: its measures, the samples behind them, phases, and which class was taken for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from dash import html
from dash.development.base_component import Component

from hil.metrics import ACCURACY, CONNECT_S, HANDSHAKE_S, METRICS, PROGRAM_S, STREAM_S, VERIFY_S, lookup
from hil_dashboards import frames, text
from hil_dashboards.choices.series import Choice
from hil_dashboards.choices.session import PLOTS, Plot, SessionChoice
from hil_dashboards.figures.confusion import Confusion, confusion
from hil_dashboards.figures.samples import Spread, chart, finite, largest, spread
from hil_dashboards.pages.deferred import deferred_grid
from hil_dashboards.pages.grid import amount, column, table
from hil_dashboards.pages.parts import badge, pill, pills
from hil_dashboards.pages.session_parts import card, counted, drawn_chart, inset, missing
from hil_dashboards.reading.session import SampleSet, SessionData, SessionHead

_PHASES = (CONNECT_S, PROGRAM_S, VERIFY_S, HANDSHAKE_S, STREAM_S)
_LARGEST = 10
_PLOT_NAMES: Mapping[Plot, str] = {
    "histogram": "Histogram",
    "quantiles": "Quantiles",
    "order": "In their order",
}
_BAR = 110  # pixels of a share's bar
_NAMED_FROM = 0.12  # of all: in a narrower part of the bar no name can be read
_CLASSES_TOLD = 12
_PINNED: Any = {
    "pinned": "left", "width": 76, "minWidth": 76, "cellAriaRole": "rowheader", "cellClass": "strong",
}  # fmt: skip
_MATRIX_MOST = 560  # pixels
_CONDITIONS = 180  # pixels, at least: they are long, and stand in full beside the pointer and below
_NO_LABELS = "The labels are not at hand: vectors of the hash that is stored are not installed here."
_CONFUSION_KEY = (
    "A row has the vectors of one class, a column those that were taken for one; the darker a cell, the more "
    "of the row. Off the diagonal is mistaken, and bold."
)


def measures_card(records: Sequence[dict[str, Any]]) -> Component:
    """A row for each measure, in the order of the lab's metrics."""
    if not records:
        return missing("Measures", "The session ended before it had any.")
    place = {name: number for number, name in enumerate(METRICS)}
    ordered = sorted(records, key=lambda record: place.get(record["metric"], len(place)))
    rows = [_measure(record) for record in ordered]
    columns = [
        column("Metric", "title", rows, "Link", 10),
        column("Value", "value", rows, "Amount", cellClass=["ag-right-aligned-cell", "strong"]),
        column("Unit", "unit", rows),
        column("Obtained", "obtained", rows, "Badge", 24),
        column("Band", "band", rows),
        column("Resolution", "steps", rows, "Amount"),
        column("Holds for", "conditions", rows, minWidth=_CONDITIONS),
    ]
    told = f"{len(rows)}; a name leads to its series over runs"
    return card("Measures", told, [table(columns, rows)], grid=True)


def _measure(record: dict[str, Any]) -> dict[str, Any]:
    metric, ends = record["metric"], frames.band(record)
    choice = Choice(metric, (record["model"],), (record["board"],), (record["precision"],))
    return {
        "title": lookup(metric).title,
        "href": choice.href(),
        "value": amount(record["value"], text.value(metric, record["value"])),
        "unit": text.unit(metric, record["unit"]) or record["unit"].removeprefix("1"),
        "obtained": f"{record['method']} {record['technique']}",
        "method": record["method"],
        "technique": record["technique"],
        "band": text.expected(metric, record["value"], ends) if ends is not None else "",
        "steps": None
        if record["resolution"] is None
        else amount(record["resolution"], text.amount(metric, record["resolution"], record["unit"])),
        "conditions": record["conditions"],
    }


def samples_card(data: SessionData, choice: SessionChoice) -> Component:
    """How samples are distributed, several to choose from, and which are the largest."""
    title, of, held = "Samples", data.chosen, data.sampled
    if of is None or held is None:
        return missing(title, "None are stored: no vector was answered, or they were pruned.")
    chosen = choice.of_samples(of.metric, of.technique)
    offered = [
        pill(
            f"{lookup(one.metric).title}, {one.technique}",
            chosen.of_samples(one.metric, one.technique).href(),
            one == of,
        )
        for one in data.samples
    ]
    choices = [pills("Samples of", offered)]
    if isinstance(held, str):
        return card(title, "", [inset(*choices, html.P(f"They cannot be read: {held}."))])
    found = spread(finite(held))
    if found is None:
        return card(title, "", [inset(*choices, html.P("None is a finite number."))])
    thing = "vector" if lookup(of.metric).per_vector else "repeat"
    said = _told(of, found, thing, len(held) - found.count)
    if found.distinct == 1:
        return card(title, "", [inset(*choices, said)])
    plots = [pill(_PLOT_NAMES[one], chosen.of_plot(one).href(), one == choice.plot) for one in PLOTS]
    choices.append(pills("As", plots))
    drawn = chart(choice.plot, of.metric, of.unit, held, found, thing)
    told = f"{_PLOT_NAMES[choice.plot]} of {lookup(of.metric).title} over {counted(found.count, thing)}"
    slowest = f"Slowest {thing}s" if of.metric.startswith("latency") else f"Largest, by {thing}"
    body = [
        inset(*choices, said, drawn_chart(drawn, told), html.H3(slowest)),
        _largest(of, held, found, data, thing),
    ]
    return card(title, "", body, grid=True)


def _told(of: SampleSet, found: Spread, thing: str, lost: int) -> Component:
    count = counted(found.count, thing)
    unit = text.unit(of.metric, of.unit) or of.unit

    def told(number: float) -> str:
        return text.value(of.metric, number)

    if found.distinct == 1:
        words = f"{'All of ' if found.count > 1 else ''}{count}: {told(found.least)} {unit}"
    else:
        words = f"{count}, {found.distinct:,} different values. Least {told(found.least)}, median "
        words += f"{told(found.median)}, mean {told(found.mean)}, p99 {told(found.p99)}, most "
        words += f"{told(found.most)} {unit}"
    more = f"; {lost:,} that are no finite numbers are left out" if lost else ""
    return html.P([words, badge(of.method, of.technique), more])


def _largest(
    of: SampleSet, held: npt.NDArray[Any], found: Spread, data: SessionData, thing: str
) -> Component:
    """The largest samples, with what their vectors were taken for where that is known."""
    classes = data.predicted if thing == "vector" and isinstance(data.predicted, np.ndarray) else ()
    labels = data.labels if data.labels is not None else ()
    rows = []
    for place, value in largest(held, _LARGEST):
        row = {
            "place": amount(place, f"{place:,}"),
            "value": amount(value, text.amount(of.metric, value, of.unit)),
            "above": amount(value - found.median, text.change(of.metric, value, found.median)),
        }
        if place < len(classes):
            taken = int(classes[place])
            row["taken"] = amount(taken, _class(taken))
            if place < len(labels):
                own = int(labels[place])
                row["label"] = amount(own, f"{own} {'✓' if own == taken else '✗'}")
        rows.append(row)
    columns = [
        column(thing.capitalize(), "place", rows, "Amount", 20),
        column("Value", "value", rows, "Amount"),
        column("Above the median", "above", rows, "Amount"),
        *([column("Taken for", "taken", rows, "Amount")] if "taken" in rows[0] else []),
        *([column("Label", "label", rows, "Amount")] if "label" in rows[0] else []),
    ]
    return deferred_grid("session-largest", table(columns, rows))


def _class(number: int) -> str:
    return "none" if number < 0 else str(number)


def phases_card(head: SessionHead, records: Sequence[dict[str, Any]]) -> Component:
    """Where the session's time went: a bar, and its parts in a grid."""
    by_metric = {record["metric"]: record for record in records}
    parts = [
        (one.title, float(by_metric[one.name]["value"]), by_metric[one.name])
        for one in _PHASES
        if one.name in by_metric
    ]
    if not parts:
        return missing("Phases", "The session ended before the first.")
    rest = (head.finished - head.started).total_seconds() - sum(taken for _, taken, _ in parts)
    if rest > 0:
        parts.append(("Rest: attempts before, meters, closing", rest, {**parts[0][2], "conditions": ""}))
    whole = sum(taken for _, taken, _ in parts) or 1.0
    bar = [
        html.Span(
            f"{place} {title}" if taken > whole * _NAMED_FROM else str(place),
            className=f"phase-{place}",
            style={"flexGrow": taken / whole},
            title=f"{title}: {taken:,.3f} s",
        )
        for place, (title, taken, _) in enumerate(parts, 1)
    ]
    rows = [
        {
            "name": f"{place} {title}",
            "seconds": amount(taken, f"{taken:,.3f} s"),
            "share": amount(taken / whole, f"{taken / whole * 100:.1f} %"),
            "obtained": f"{record['method']} {record['technique']}",
            **{name: record[name] for name in ("method", "technique", "conditions")},
        }
        for place, (title, taken, record) in enumerate(parts, 1)
    ]
    columns = [
        column("Phase", "name", rows),
        column("Time", "seconds", rows, "Amount"),
        column("Share", "share", rows, "Share", _BAR),
        column("Obtained", "obtained", rows, "Badge", 24),
    ]
    grid = deferred_grid("session-phases", table(columns, rows))
    hidden: Any = {"aria-hidden": "true"}  # the grid tells the same
    drawn = html.Div(bar, className="bar-of-phases", **hidden)
    return card("Phases", f"{whole:,.1f} s in all", [inset(drawn), grid], grid=True)


def confusion_card(data: SessionData) -> Component:
    """Which classes vectors of each class were taken for; or why that cannot be told."""
    title, predicted = "Confusion matrix", data.predicted
    if predicted is None:
        why = "No predicted classes are stored: the model does not classify, or they were pruned."
        return missing(title, why)
    if isinstance(predicted, str):
        return missing(title, f"The predicted classes cannot be read: {predicted}.")
    if data.labels is None:
        return missing(title, f"{_NO_LABELS} {_taken(predicted)}")
    found = confusion(data.labels, predicted)
    if found is None:
        return missing(title, f"The labels at hand do not fit the predicted classes. {_taken(predicted)}")
    share = text.value(ACCURACY.name, found.right / found.vectors)
    key = html.P(_CONFUSION_KEY, className="key muted")
    told = f"{found.right:,} of {counted(found.vectors, 'vector')} right, {share} %"
    return card(title, told, [_matrix(found), inset(key)], grid=True)


def _taken(predicted: npt.NDArray[Any]) -> str:
    """How many vectors were taken for each class, in words."""
    classes, counts = np.unique(predicted, return_counts=True)
    found = [f"{n:,} for {_class(one)}" for one, n in zip(classes.tolist(), counts.tolist(), strict=True)]
    more = f" and {len(found) - _CLASSES_TOLD:,} more" if len(found) > _CLASSES_TOLD else ""
    return f"Vectors taken for each class: {', '.join(found[:_CLASSES_TOLD])}{more}."


def _matrix(found: Confusion) -> Component:
    classes = len(found.counts)
    rows: list[dict[str, Any]] = []
    for own in range(classes):
        of_class, right = int(found.of_class[own]), int(found.counts[own, own])
        row: dict[str, Any] = {"own": str(own), "all": amount(of_class, f"{of_class:,}")}
        for other in range(classes):
            row[f"as{other}"] = _cell(int(found.counts[own, other]), of_class, own, other)
        row["none"] = _cell(int(found.unclassified[own]), of_class, own, -1)
        if of_class:
            row["right"] = amount(right / of_class, f"{text.value(ACCURACY.name, right / of_class)} %")
        rows.append(row)
    columns = [
        column("Class", "own", rows, **_PINNED),
        *(column(f"as {other}", f"as{other}", rows, "Heat") for other in range(classes)),
        *([column("as none", "none", rows, "Heat")] if found.unclassified.any() else []),
        column("Vectors", "all", rows, "Amount"),
        column("Right", "right", rows, "Amount"),
    ]
    return deferred_grid("session-confusion", table(columns, rows, _MATRIX_MOST))


def _cell(count: int, of_class: int, own: int, other: int) -> dict[str, Any]:
    return {
        **amount(count, f"{count:,}"),
        "share": round(count / of_class, 3) if of_class else 0,
        "kind": "none" if not count else "right" if own == other else "mistaken",
        "told": f"{counted(count, 'vector')} of class {own} taken for {_class(other)}",
    }
