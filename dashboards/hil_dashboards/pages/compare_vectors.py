"""Two sessions vector by vector: a metric's values, and the classes that changed."""

from __future__ import annotations

from typing import Any

import numpy as np
from dash import html
from dash.development.base_component import Component

from hil.measure.latency import median
from hil.measure.vectors import moved
from hil.metrics import lookup
from hil_dashboards import text
from hil_dashboards.choices.compare import CompareChoice
from hil_dashboards.figures.differences import POINTS_MOST, vectors_figure
from hil_dashboards.pages.deferred import deferred_plot
from hil_dashboards.pages.grid import amount, column
from hil_dashboards.pages.parts import Child, badge, pill, pills
from hil_dashboards.pages.verdicts import listed
from hil_dashboards.reading.paired import Classes, PerVector, Vectors

LISTED_MOST, TURNED_MOST = 20, 200  # vectors
_HEIGHT = 320


def vectors_part(data: Vectors, choice: CompareChoice) -> Component:
    """The values of one metric by vector, as a plot and the ones that changed most."""
    head = html.H2("Vector by vector")
    apart = [html.P(f"{title}: not compared, {why}.", className="muted") for title, why in data.apart]
    if data.shown is None:
        none = [] if apart else [html.P("No values of single vectors are stored of both.")]
        return html.Section([head, *none, *apart], className="card")
    metric = data.shown.verdict.metric
    offered = [
        pill(lookup(name).title, choice.of_vectors(name).href(), name == metric.name) for name in data.metrics
    ]
    return html.Section(
        [head, pills("Metric", offered), *_shown(data.shown), *apart], className="card grid-card"
    )


def _shown(held: PerVector) -> list[Component]:
    measure = held.verdict.after
    assert measure is not None, "values of vectors are of a measure"
    name, unit = measure.metric, measure.unit
    found = moved(held.before, held.after)
    way: list[Child] = [badge(measure.method, measure.technique)]
    if found is None:
        equal = f"All {len(held.after):,} vectors have the same value as before. "
        return [html.P([equal, *way], className="beside")]
    told = text.capital(found.told.replace(" -", " −"))
    if (held.before > 0).all():
        ratio = median(held.after / held.before) - 1
        told += f"; the median of their changes is {ratio * 100:+.3g} %".replace("-", "−")
    figure = vectors_figure(name, unit, held.before, held.after)
    drawn = "Each mark is a vector; the higher, the more it takes now than before."
    left_out = len(held.after) - POINTS_MOST
    drawn += f" The {left_out:,} that changed least are left out." if left_out > 0 else ""
    spoken = f"{held.verdict.metric.title} of each vector, by how much it changed. {told}."
    return [
        html.P([f"{told}. ", *way], className="beside"),
        html.P(drawn, className="beside muted"),
        deferred_plot("vectors-difference", figure, spoken, _HEIGHT),
        html.H3(f"Those that changed most, of {found.changed:,}", className="beside"),
        *_most(held),
    ]


def _most(held: PerVector) -> list[Component]:
    measure = held.verdict.after
    assert measure is not None, "values of vectors are of a measure"
    apart = np.abs(held.after - held.before)
    order = np.argsort(-apart, kind="stable")[:LISTED_MOST]
    rows = []
    for place in order[apart[order] > 0].tolist():
        before, after = float(held.before[place]), float(held.after[place])
        rows.append(
            {
                "vector": amount(place, str(place)),
                "before": amount(before, text.amount(measure.metric, before, measure.unit)),
                "now": amount(after, text.amount(measure.metric, after, measure.unit)),
                "change": amount(after - before, text.change(measure.metric, after, before)),
            }
        )
    columns = [
        column("Vector", "vector", rows, "Amount"),
        column("Before", "before", rows, "Amount"),
        column("Now", "now", rows, "Amount", cellClass=["ag-right-aligned-cell", "strong"]),
        column("Change", "change", rows, "Amount"),
    ]
    return listed("vectors-most", columns, rows)


def classes_part(data: Classes) -> Component:
    """The vectors whose predicted class is another than before."""
    head = "Changed class"
    if data.why is not None:
        return html.Section([html.H2(head), html.P(data.why)], className="card")
    if not data.turned:
        told = f"None of {data.count:,} vectors changed its predicted class."
        return html.Section([html.H2(head), html.P(told)], className="card")
    rows = [
        {
            "vector": amount(one.vector, str(one.vector)),
            "before": str(one.before),
            "now": str(one.after),
            **_right(data, one.vector, one.before, one.after),
        }
        for one in data.turned[:TURNED_MOST]
    ]
    columns = [
        column("Vector", "vector", rows, "Amount"),
        column("Class before", "before", rows),
        column("Class now", "now", rows),
    ]
    if data.labels is not None:
        columns += [column("Label", "label", rows), column("So it", "became", rows, "Verdict", more=20)]
    told = f"{len(data.turned):,} of {data.count:,} vectors"
    notes = []
    if data.labels is None:
        notes.append("Their labels are not at hand: nothing tells which of the two is right.")
    if len(data.turned) > TURNED_MOST:
        notes.append(f"The first {TURNED_MOST} are listed.")
    kind = html.Span(told, className="kind")
    return html.Section(
        [
            html.H2([head, kind]),
            *(html.P(note, className="beside muted") for note in notes),
            *listed("classes-changed", columns, rows),
        ],
        className="card grid-card",
    )


def _right(data: Classes, vector: int, before: int, after: int) -> dict[str, Any]:
    """Whether a vector became right or wrong, where its label is known."""
    if data.labels is None:
        return {}
    label = int(data.labels[vector])
    sign, word, kind = "=", "is wrong still", "same"
    if after == label:
        sign, word, kind = "✓", "became right", "better"
    elif before == label:
        sign, word, kind = "✗", "became wrong", "worse"
    return {"label": str(label), "sign": sign, "became": word, "verdict": kind}
