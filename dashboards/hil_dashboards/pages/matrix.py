"""The matrix page: board × model × precision, the newest value of each metric."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from hil_dashboards import text
from hil_dashboards.choice import Choice, ProfileChoice
from hil_dashboards.frames import Row, Value
from hil_dashboards.pages.parts import Child, badge, legend
from hil_dashboards.queries import MATRIX_METRICS


def matrix_page(rows: Sequence[Row]) -> list[Child]:
    """A table per board, then what the badges mean; ``rows`` are ordered by board."""
    tables = [
        _board(board, list(group))
        for (board, _), group in groupby(rows, key=lambda row: (row.board, row.kind))
    ]
    return [
        html.Div(
            [
                html.H1("Newest results"),
                html.P(
                    "The newest value of each metric, of the run that its row names unless it names another. "
                    "A value leads to its series over runs.",
                    className="muted",
                ),
            ],
            className="page-head",
        ),
        *tables,
        legend(),
    ]


def _board(board: str, rows: list[Row]) -> Component:
    heads = [html.Th("Model", scope="col")]
    heads += [html.Th(text.title(metric), scope="col") for metric in MATRIX_METRICS]
    body: list[Component] = []
    for row in rows:
        body.append(_case(row))
        if row.status != "finished":
            body.append(_failure(row))
    return html.Section(
        [
            html.H2([board, html.Span(rows[0].kind, className="kind")]),
            html.Div(
                html.Table([html.Thead(html.Tr(heads)), html.Tbody(body)], className="matrix"),
                className="scroll",
            ),
        ],
        className="card",
    )


def _case(row: Row) -> Component:
    head = html.Th(
        [
            html.Div(_breakable(row.model), className="model"),
            html.Div(
                [
                    html.Span(row.precision, className="precision"),
                    *(
                        [html.Span(row.status, className=f"status {row.status}")]
                        if row.status != "finished"
                        else []
                    ),
                ],
                className="under",
            ),
            html.Div(
                [f"run {row.run} · ", html.Span(text.day(row.time), className="nowrap")],
                className="origin",
                title=text.moment(row.time),
            ),
            *([_to_profile(row)] if row.profiled else []),
        ],
        scope="row",
    )
    cells = [_cell(row, metric) for metric in MATRIX_METRICS]
    return html.Tr([head, *cells], className="case" if row.status == "finished" else "case ended")


def _breakable(name: str) -> list[Child]:
    """A name that a narrow column breaks after an underscore rather than within a word."""
    first, *others = name.split("_")
    parts: list[Child] = [first]
    for other in others:
        parts += ["_", html.Wbr(), other]
    return parts


def _to_profile(row: Row) -> Component:
    choice = ProfileChoice(row.board, row.kind, row.model, row.precision)
    return dcc.Link("Where cycles go", href=choice.href(), className="more")


def _failure(row: Row) -> Component:
    runs = sorted({value.run for values in row.values.values() for value in values})
    kept = (
        f"The values above are from run {' and '.join(map(str, runs))}."
        if runs
        else "There are no values yet."
    )
    return html.Tr(
        html.Td(
            [
                html.Span(f"Run {row.run} {row.status}", className="strong"),
                f", {text.moment(row.time)}: ",
                html.Span(row.error or "no reason was stored"),
                html.Div(kept, className="kept"),
            ],
            colSpan=1 + len(MATRIX_METRICS),
        ),
        className="failure",
    )


def _cell(row: Row, metric: str) -> Component:
    held = row.values.get(metric, ())
    label: dict[str, Any] = {"data-label": text.title(metric)}
    if not held:
        return html.Td(html.Span("–", className="none"), **label)
    choice = Choice(metric=metric, model=(row.model,), board=(row.board,), precision=(row.precision,))
    return html.Td(
        dcc.Link([_figure(row, value) for value in held], href=choice.href(), className="cell"),
        **label,
        className="wrong" if metric == "golden_exact" and any(value.value < 1 for value in held) else "",
    )


def _figure(row: Row, value: Value) -> Component:
    unit = text.unit(value.metric, value.unit)
    band = text.band(value.metric, value.value, value.band) if value.band is not None else ""
    amount: list[Child] = [html.Span(text.value(value.metric, value.value), className="number")]
    if unit:
        amount.append(html.Span(unit, className="unit"))
    return html.Div(
        [
            html.Div(amount, className="amount"),
            *([html.Div(band, className="band")] if band else []),
            *([html.Div(f"only {value.over:,} vectors", className="partial")] if value.partial else []),
            badge(value.method, value.technique),
            *([_older(value)] if value.run != row.run else []),
        ],
        className="figure",
        title=_title(value),
    )


def _older(value: Value) -> Component:
    """Of values that are not of the row's own run."""
    return html.Div(
        [f"run {value.run} · ", html.Span(text.day(value.time), className="nowrap")], className="older"
    )


def _title(value: Value) -> str:
    told = [f"run {value.run}, {text.moment(value.time)}", text.of_commit(value.commit, value.dirty)]
    told.append(f"image {text.image(value.image)}")
    if value.over is not None:
        told.append(f"over {value.over:,} vectors")
    if value.band is not None:
        told.append(f"expected {text.expected(value.metric, value.value, value.band)}")
    if value.conditions:
        told.append(value.conditions)
    if value.resolution is not None and not text.is_share(value.metric):
        told.append(f"steps of {text.plain(value.resolution)}")
    return "\n".join(told)
