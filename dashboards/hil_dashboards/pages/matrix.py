"""The matrix page: the newest values of all boards, models and precisions, against a baseline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.gate.marks import MARKS, TOLERATED, UNJUDGED
from hil.measure.verdicts import Outcome
from hil.metrics import lookup
from hil_dashboards import text
from hil_dashboards.choices.matrix import MatrixChoice, Show
from hil_dashboards.choices.series import FILTERS, Choice
from hil_dashboards.frames import Row
from hil_dashboards.pages.matrix_cells import Setting
from hil_dashboards.pages.matrix_choices import chooser, counts, is_such
from hil_dashboards.pages.matrix_table import Table, Way, by_board, by_image
from hil_dashboards.pages.parts import Child, heading, legend, some
from hil_dashboards.reading.matrix import MatrixData
from hil_db.histories import Case

MEANINGS = (
    (MARKS[Outcome.REGRESSION], "changed for the worse, by more than its threshold allows"),
    (MARKS[Outcome.IMPROVEMENT], "changed for the better"),
    (MARKS[Outcome.UNCHANGED], "equal to the baseline's, or within the noise: the sign stands alone"),
    (TOLERATED, "changed, by no more than its threshold allows"),
    (MARKS[Outcome.NEW], "the baseline has none to compare with"),
    (MARKS[Outcome.NOT_COMPARABLE], "obtained in another way, or under other conditions"),
    (UNJUDGED, "there are two values, but its noise is not known yet"),
    (("◷", "3", "stale"), "three runs began after the one that has this value"),
    (("∅", "never run", "none"), "there is an image for the board, and no session of it"),
    (("∅", "does not fit", "none"), "the image is larger than the board's memory"),
    (
        ("!", "failed", "worse"),
        "its newest session did not finish: the value is of one before, if there is one",
    ),
)


def matrix_page(data: MatrixData, rows: Sequence[Row]) -> list[Child]:
    """One table of all boards, then what its signs and methods mean; ``rows`` are ordered by board."""
    choice = data.choice
    shown, never = _shown(data, rows)
    before = data.baseline.run
    setting = Setting(before.id if before is not None else None, data.compared.apart, choice.roomy)
    make = by_board if choice.metric is not None else by_image
    made = make(data, shown, never, setting)
    head = html.Div(
        [
            html.Div(
                [heading("Newest results", "Matrix", *_about(choice)), *chooser(data)],
                className="matrix-line",
            ),
            html.Div([*counts(data, rows), _told(data, rows)], className="matrix-line"),
            *_ignored(data),
        ],
        className="matrix-head",
    )
    table = html.Section(
        [made.grid, *_nothing(made, data), *_beside(made.others)], className="card grid-card matrix-card"
    )
    later: list[Component] = []
    if data.compared.pending:  # its script asks for each such once
        which: Any = {"data-pending": f"{choice.href()} {time.monotonic_ns()}"}
        later = [html.Span(**which)]
    return [html.Div([*later, head, table, _signs(), legend()], id="matrix-body")]


def _about(choice: MatrixChoice) -> list[str]:
    """What of the results is shown."""
    filters = [some(choice.names(which), f"{which}s") for which in FILTERS]
    return [choice.metric or some(choice.columns, "metrics"), *filters]


def _signs() -> Component:
    """What the marks of verdicts and ages mean."""
    entries: list[Component] = []
    for (sign, word, kind), meaning in MEANINGS:
        entries += [html.Dt([html.I(sign, className=f"mark {kind}"), f" {word}"]), html.Dd(meaning)]
    return html.Section([html.H2("What became of a value"), html.Dl(entries)], className="legend card")


def _shown(data: MatrixData, rows: Sequence[Row]) -> tuple[list[Row], list[Case]]:
    """What the choice lets through: by board all of a model and precision, where one board's has it."""
    show = data.choice.show
    if show is Show.ALL:  # of what never ran anywhere a number is told
        images = {(row.model, row.precision) for row in rows if data.choice.metric is not None}
        return list(rows), [one for one in data.never if (one.model, one.precision) in images]
    if show is Show.NEVER:
        wanted = {(one.model, one.precision) for one in data.never}
        beside = [row for row in rows if (row.model, row.precision) in wanted]
        return (beside if data.choice.metric is not None else []), list(data.never)
    found = [row for row in rows if is_such(row, show)]
    if data.choice.metric is None:
        return found, []
    images = {(row.model, row.precision) for row in found}
    return (
        [row for row in rows if (row.model, row.precision) in images],
        [one for one in data.never if (one.model, one.precision) in images],
    )


def _told(data: MatrixData, rows: Sequence[Row]) -> Component:
    boards = {(row.board, row.kind) for row in rows}
    board, kind = next(iter(boards)) if len(boards) == 1 else (f"{len(boards)} boards", "")
    count = f"{len(rows):,} row{'' if len(rows) == 1 else 's'}"
    named = html.H2(
        [board, html.Span(f"{kind}, {count}" if kind else count, className="kind")], className="rows-of"
    )
    if data.compared.pending:
        told = "Comparing…"
    elif data.baseline.run is not None:
        told = f"against {data.baseline.run.told}"
    else:
        told = f"nothing to compare with: {data.baseline.why or 'there is one run alone'}"
    return html.Div([named, html.Span(told, className="muted", id="matrix-told")], className="matrix-told")


def _ignored(data: MatrixData) -> list[Component]:
    names = [*data.ignored, *([data.baseline.ignored] if data.baseline.ignored is not None else [])]
    if not names:
        return []
    told: list[Child] = ["Ignored, as nothing is stored of it: "]
    for name in names[:5]:
        told += [html.Code(text.short(name)), " "]
    return [html.P([*told, f"and {len(names) - 5:,} more" if len(names) > 5 else ""], className="ignored")]


def _nothing(made: Table, data: MatrixData) -> list[Component]:
    if made.rows:
        return []
    waits = data.compared.pending and data.choice.show in (Show.WORSE, Show.BETTER)
    told = (
        "Comparing: which rows are such is not known yet."
        if waits
        else "No row is such. All are one click away."
    )
    return [html.P(told, className="muted beside")]


def _beside(others: Sequence[Way]) -> list[Child]:
    """What else is stored of the same, with the way to it."""
    if not others:
        return []
    told: list[Child] = []
    for metric in dict.fromkeys(way.metric for way in others):
        how = " and ".join(
            dict.fromkeys(f"{way.method}, {way.technique}" for way in others if way.metric == metric)
        )
        link = html.A(lookup(metric).title, href=Choice(metric).href(), className="more")
        told += ["; " if told else "", link, f" ({how})"]
    return [html.P(["Stored beside them, and coarser: ", *told, "."], className="beside muted")]
