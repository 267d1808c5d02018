"""The series page: one metric over runs, and the values behind the plot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from hil.metrics import lookup
from hil_dashboards import frames, text
from hil_dashboards.choices.series import RUNS, Choice, Filter
from hil_dashboards.figures.series import line_names, series_figure
from hil_dashboards.pages.grid import amount, column, table
from hil_dashboards.pages.parts import Child, pill, pills
from hil_dashboards.reading.series import SeriesData

_VALUES_HEIGHT, _LEGEND_ROW, _LEGEND_COLUMNS = 440, 19, 3  # pixels, pixels, names in a row of a wide window

_IGNORED_MOST = 3  # names

_CONFIG: Any = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtons": [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
}


def series_page(data: SeriesData) -> list[Child]:
    """Choices as links, the plot, the table."""
    metric = data.metric or ""
    everything = frames.values(data.values)
    frame = frames.clipped(everything)
    return [
        html.Div(
            [
                html.H1([lookup(metric).title, " over runs"]),
                html.P(_told(metric, frame, everything), className="muted"),
                *_ignored(data.ignored),
            ],
            className="page-head",
        ),
        html.Section(_choices(data, data.choice), className="choices card"),
        *(_shown(metric, frame) if len(frame) else [_nothing(metric)]),
    ]


def _ignored(names: list[str]) -> list[Component]:
    if not names:
        return []
    shown: list[Child] = []
    for name in names[:_IGNORED_MOST]:
        shown += [", " if shown else "", html.Code(text.short(name))]
    more = len(names) - _IGNORED_MOST
    told = f" and {more:,} more" if more > 0 else ""
    return [html.P(["Ignored, as nothing is stored of it: ", *shown, f"{told}."], className="ignored")]


def _told(metric: str, frame: pd.DataFrame, everything: pd.DataFrame) -> str:
    lines = frames.lines(frame)
    told = f"{metric}: {_count(int(frame['value'].notna().sum()), 'value')} on {_count(len(lines), 'line')}"
    told += f", {_count(frame['run'].nunique(), 'run')}."
    _, common = line_names(lines)
    if common:
        told += f" All of {common}."
    if frame["low"].notna().any():
        told += " A bar spans where the true value is expected."
    if frame["dirty"].eq(True).any():
        told += " A hollow point: its run's folder had changes that no commit holds."
    if frame["value"].isna().any():
        told += " A × marks a run with a session that ended without this value."
    if len(frame) < len(everything):
        told += (
            f" Only the newest {len(frame):,} values are shown: choose fewer boards or models for older ones."
        )
    return told


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _choices(data: SeriesData, choice: Choice) -> list[Component]:
    return [
        pills(
            "Metric",
            [pill(name, choice.of_metric(name).href(), name == data.metric) for name in data.metrics],
        ),
        _filter("Model", "model", data.models, choice),
        _filter("Board", "board", data.boards, choice),
        _filter("Precision", "precision", data.precisions, choice),
        pills(
            "Newest runs",
            [pill(str(runs), choice.of_runs(runs).href(), runs == choice.runs) for runs in RUNS],
        ),
    ]


def _filter(title: str, which: Filter, names: Iterable[str], choice: Choice) -> Component:
    chosen = choice.names(which)
    offered = [pill("all", choice.cleared(which).href(), not chosen)]
    offered += [pill(name, choice.toggled(which, name).href(), name in chosen) for name in names]
    return pills(title, offered)


def _nothing(metric: str) -> Component:
    return html.Section(
        [
            html.H2("Nothing to plot"),
            html.P(
                [
                    "No stored session of this choice has a value of ",
                    html.Code(metric),
                    ". Widen the choice above.",
                ]
            ),
        ],
        className="notice card",
    )


def _shown(metric: str, frame: pd.DataFrame) -> list[Child]:
    """A plot and a table; a pair for each method: no axis and no column holds values of two."""
    methods = sorted(frame["method"].dropna().unique(), key=_place)
    if len(methods) <= 1:
        return _of_method(metric, frame)
    parts: list[Child] = []
    for place, method in enumerate(methods):
        parts.append(html.H2(f"{str(method).capitalize()} values", className="method"))
        parts += _of_method(metric, _rows_of(frame, str(method), first=place == 0))
    return parts


def _place(method: object) -> tuple[int, str]:
    known = list(text.METHODS)
    return (known.index(str(method)) if method in known else len(known)), str(method)


def _rows_of(frame: pd.DataFrame, method: str, *, first: bool) -> pd.DataFrame:
    """What was obtained so, with the sessions without a value of what has such values elsewhere.

    Those of which nothing was ever obtained are told in the ``first`` part.
    """
    cases = pd.MultiIndex.from_frame(frame[frames.CASE])
    lost = frame["value"].isna()
    of_it = frame["method"].eq(method) & ~lost
    elsewhere = cases.isin(cases[of_it.to_numpy()])
    never = ~cases.isin(cases[(~lost).to_numpy()])
    return frame[of_it | lost & (elsewhere | (never & first))]


def _of_method(metric: str, frame: pd.DataFrame) -> list[Child]:
    figure = series_figure(metric, frame)
    plot = dcc.Graph(
        figure=figure,
        config=_CONFIG,
        responsive=True,
        className="plot",
        style={"height": f"{plot_height(len(figure['data']))}px"},
    )
    return [html.Section(plot, className="card plot-card"), _table(metric, frame)]


def plot_height(lines: int) -> int:
    """Pixels that a plot of so many lines needs: its legend must not take the values' room."""
    return _VALUES_HEIGHT + _LEGEND_ROW * -(-lines // _LEGEND_COLUMNS)


def _table(metric: str, frame: pd.DataFrame) -> Component:
    every: pd.DataFrame = pd.concat([frames.with_value(frame), frames.without_value(frame)])
    every = every.sort_values("session", ascending=False, kind="stable")
    rows = [_row(metric, record) for record in frames.records(every)]
    columns = [
        column("Run", "run", rows),
        column("Time, UTC", "time", rows),
        column("Board", "board", rows),
        column("Model", "model", rows),
        column("Value", "value", rows, "Amount", cellClass=["ag-right-aligned-cell", "strong"]),
        *([column("Band", "band", rows, cellClass="muted")] if any(row["band"] for row in rows) else []),
        column("Change", "change", rows, "Amount"),
        column("Obtained", "obtained", rows, "Badge"),
        column("Vectors", "vectors", rows, "Amount"),
        column("Commit", "commit", rows, "Commit", cellClass="mono"),
        column("Image", "image", rows, cellClass="mono"),
    ]
    return html.Section([html.H2("Values, newest first"), table(columns, rows)], className="card grid-card")


def _row(metric: str, record: dict[str, Any]) -> dict[str, Any]:
    row = {
        "run": record["run"],
        "time": text.moment(record["time"]).removesuffix(" UTC"),
        "board": record["board"],
        "model": f"{record['model']} {record['precision']}",
        "vectors": None if record["vectors"] is None else _amount(record["vectors"]),
        "commit": text.commit(record["commit"], record["dirty"]),
        "note": record["note"],
        "image": text.image(record["image"]),
        "band": "",
    }
    if record["value"] is None:
        return {**row, "failure": _failure(row, record)}
    ends = frames.band(record)
    before = record["before"]
    return {
        **row,
        "value": amount(record["value"], text.amount(metric, record["value"], record["unit"])),
        "band": text.band(metric, record["value"], ends) if ends is not None else "",
        "change": None
        if before is None
        else amount(record["value"] - before, text.change(metric, record["value"], before)),
        "obtained": f"{record['method']} {record['technique']}",
        "method": record["method"],
        "technique": record["technique"],
        "conditions": record["conditions"],
    }


def _failure(row: dict[str, Any], record: dict[str, Any]) -> dict[str, str]:
    of_what = f"{text.moment(record['time'])}, {row['model']} on {row['board']}"
    return {
        "what": f"Run {row['run']} {record['status']}",
        "why": f", {of_what}: {record['error'] or 'no reason was stored'}",
        "kept": f"{text.of_commit(record['commit'], record['dirty'], record['note'])}, image {row['image']}",
    }


def _amount(number: float) -> dict[str, Any]:
    return amount(number, f"{number:,.0f}")
