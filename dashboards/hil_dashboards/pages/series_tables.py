"""The tables of the series page: where levels changed, what changed around them, and every value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil_dashboards import text
from hil_dashboards.changed import Around, Step
from hil_dashboards.choices.places import run_place
from hil_dashboards.choices.series import Way
from hil_dashboards.figures.series import Drawn
from hil_dashboards.lines import Point, band
from hil_dashboards.pages.deferred import deferred_grid
from hil_dashboards.pages.grid import amount, column, table
from hil_dashboards.pages.parts import Child, badge
from hil_dashboards.reading.series import SeenRun

_SURE = 1e9  # sorts a change that was compared exactly before all others


def steps_table(metric: str, steps: Sequence[Step]) -> Component:
    """Where levels changed, newest first."""
    rows = [_step(metric, one) for one in sorted(steps, key=lambda one: one.point["time"], reverse=True)]
    columns = [
        column("Run", "run", rows, "Link"),
        column("Model", "model", rows),
        column("Verdict", "verdict", rows),
        column("Before", "before", rows, "Amount"),
        column("After", "after", rows, "Amount", cellClass=["ag-right-aligned-cell", "strong"]),
        column("Change", "change", rows, "Amount"),
        column("Told by", "how", rows, "Amount"),
        column("Board", "board", rows),
        column("Time, UTC", "time", rows),
        column("Commit", "commit", rows, "Commit", cellClass="mono"),
    ]
    title = html.H2("Where the level changed, newest first")
    grid = deferred_grid("series-steps", table(columns, rows))
    return html.Section([title, grid], className="card grid-card level-steps")


def _step(metric: str, step: Step) -> dict[str, Any]:
    point, unit = step.point, step.line.unit
    mark = "▲" if step.after > step.before else "▼"
    return {
        **_where(point),
        "verdict": f"{mark} {step.verdict}",
        "before": amount(step.before, text.amount(metric, step.before, unit)),
        "after": amount(step.after, text.amount(metric, step.after, unit)),
        "change": amount(step.after - step.before, text.change(metric, step.after, step.before)),
        "how": amount(_SURE if step.errors is None else step.errors, step.how),
    }


def _where(point: Point) -> dict[str, Any]:
    run = point["run"]
    told = {
        "run": run,
        "href": run_place(run),
        "time": f"{point['time']:%Y-%m-%d %H:%M}",
        "board": point["board"],
        "model": f"{point['model']} {point['precision']}",
        "commit": text.commit(point["commit"], point["dirty"]),
    }
    return told if point["note"] is None else {**told, "note": point["note"]}


def around_table(around: Sequence[Around], runs: Sequence[SeenRun]) -> Component:
    """What changed around the values, newest first."""
    began = {run.id: run.started for run in runs}
    rows = [
        {
            "run": one.run,
            "href": run_place(one.run),
            "time": text.moment(began[one.run]).removesuffix(" UTC"),
            "what": one.what,
            "before": one.before,
            "after": one.after,
            "of": ", ".join(one.of) or "the whole run",
        }
        for one in reversed(around)
    ]
    columns = [
        column("From run", "run", rows, "Link"),
        column("What", "what", rows),
        column("Before", "before", rows),
        column("After", "after", rows),
        column("Of", "of", rows),
        column("Time, UTC", "time", rows),
    ]
    title = html.H2("What changed around the values, newest first")
    grid = deferred_grid("series-around", table(columns, rows))
    return html.Section([title, grid], className="card grid-card surroundings")


def values_table(way: Way | None, drawn: Drawn) -> Component:
    """Every value that is drawn with its run, and the sessions without one, newest first."""
    places = {run.id: place for place, run in enumerate(drawn.runs)}
    points = [*(point for line in drawn.lines for point in line.points), *drawn.lost]
    points.sort(key=lambda point: (places[point["run"]], point["session"]), reverse=True)
    rows = [_row(drawn.metric, point) for point in points]
    conditions = {row.get("conditions") for row in rows} - {None}
    columns = [
        column("Run", "run", rows, "Link"),
        column("Model", "model", rows),
        column("Value", "value", rows, "Amount", cellClass=["ag-right-aligned-cell", "strong"]),
        *([column("Band", "band", rows, cellClass="muted")] if any("band" in row for row in rows) else []),
        column("Change", "change", rows, "Amount"),
        *([column("Conditions", "conditions", rows)] if len(conditions) > 1 else []),
        column("Board", "board", rows),
        column("Time, UTC", "time", rows),
        column("Vectors", "vectors", rows, "Amount"),
        column("Commit", "commit", rows, "Commit", cellClass="mono"),
        column("Image", "image", rows, cellClass="mono"),
    ]
    told: list[Child] = [] if way is None else [" ", badge(*way)]
    head = html.H2(["Values, newest first", *told])
    grid = deferred_grid("series-values", table(columns, rows))
    return html.Section([head, grid], className="card grid-card all-values")


def _row(metric: str, point: Point) -> dict[str, Any]:
    row = _where(point)
    row["image"] = text.image(point["image"])
    if point["vectors"] is not None:
        row["vectors"] = amount(point["vectors"], f"{point['vectors']:,.0f}")
    value = point["value"]
    if value is None:
        return {**row, "failure": _failure(row, point)}
    row["value"] = amount(value, text.amount(metric, value, point["unit"]))
    ends, before = band(point), point["before"]
    if ends is not None:
        row["band"] = text.band(metric, value, ends)
    if before is not None:
        row["change"] = amount(value - before, text.change(metric, value, before))
    if point["conditions"]:
        row["conditions"] = point["conditions"]
    return row


def _failure(row: dict[str, Any], point: Point) -> dict[str, str]:
    of_what = f"{text.moment(point['time'])}, {row['model']} on {row['board']}"
    return {
        "what": f"Run {row['run']} {point['status']}",
        "why": f", {of_what}: {point['error'] or 'no reason was stored'}",
        "kept": f"{text.of_commit(point['commit'], point['dirty'], point['note'])}, image {row['image']}",
    }
