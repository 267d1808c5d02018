"""What may be chosen on the matrix page: each choice is a link, and so it is in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dash import html
from dash.development.base_component import Component

from hil.gate.marks import MARKS
from hil.measure.verdicts import Outcome
from hil.metrics import MATRIX, lookup
from hil_dashboards import text
from hil_dashboards.choices.matrix import USUAL, MatrixChoice, Show
from hil_dashboards.choices.series import Filter
from hil_dashboards.frames import Row
from hil_dashboards.pages.parts import Child, pill
from hil_dashboards.reading.matrix import MatrixData

_FILTERS: tuple[tuple[Filter, str], ...] = (
    ("board", "Board"),
    ("model", "Model"),
    ("precision", "Precision"),
)
_SIGNS = {
    Show.WORSE: MARKS[Outcome.REGRESSION][0],
    Show.BETTER: MARKS[Outcome.IMPROVEMENT][0],
    Show.FAILED: "!",
    Show.UNFIT: "∅",
    Show.STALE: "◷",
    Show.NEVER: "∅",
}
_WORDS = {Show.UNFIT: "too large", Show.STALE: "not in the newest run", Show.NEVER: "never run"}


def chooser(data: MatrixData) -> list[Component]:
    """Menus that name what is chosen, of links to what else may be."""
    choice = data.choice
    made = [_metrics(data), *([_columns(data)] if choice.metric is None else [])]
    if data.baselines:
        taken = data.baseline.run.name if data.baseline.run is not None else "nothing"
        offered = [
            pill(name, replace(choice, baseline=name).href(), name == taken) for name in data.baselines
        ]
        made.append(_menu("Against", text.short(taken), offered))
    for which, title in _FILTERS:
        if len(data.known[which]) > 1:
            made.append(_filter(choice, which, title, data.known[which]))
    return [*made, _more(choice)]


def is_such(row: Row, show: Show) -> bool:
    """Whether a row, or a value of it, is such as is to be shown."""
    if show is Show.FAILED:
        return row.status != "finished" and row.fits
    if show is Show.UNFIT:
        return not row.fits
    values = [value for held in row.values.values() for value in held]
    if show is Show.STALE:
        return row.age > 0 or any(value.age for value in values)
    return any(value.judged is not None and value.judged.mark[1] == show for value in values)


def counts(data: MatrixData, rows: Sequence[Row]) -> list[Component]:
    """How many images are such, each a link that shows them alone."""
    choice = data.choice
    told = [_count(choice, Show.ALL, "all", "")]
    for show, sign in _SIGNS.items():
        if data.compared.pending and show in (Show.WORSE, Show.BETTER):
            continue
        count = len(data.never) if show is Show.NEVER else sum(is_such(row, show) for row in rows)
        if count or show in (choice.show, Show.WORSE):
            told.append(_count(choice, show, f"{count:,} {_WORDS.get(show, show)}", sign))
    return [html.Div(told, className="pills matrix-counts")]


def _count(choice: MatrixChoice, show: Show, words: str, sign: str) -> Component:
    on = choice.show is show
    held: list[Child] = [html.Span(sign, className=f"sign {show}"), " "] if sign else []
    return html.A(
        [*held, words], href=replace(choice, show=show).href(), className="pill on" if on else "pill"
    )


def _metrics(data: MatrixData) -> Component:
    choice = data.choice
    usual = pill("several, a row an image", choice.of_columns((USUAL,)).href(), choice.metric is None)
    offered = [
        pill(_title(name), choice.of_metric(name).href(), name == choice.metric) for name in data.metrics
    ]
    return _menu("Metric", _title(choice.metric) if choice.metric else "several", [usual, *offered])


def _columns(data: MatrixData) -> Component:
    choice = data.choice
    usual = tuple(metric.name for metric in MATRIX if metric.name in data.metrics)
    offered = [pill("usual", choice.of_columns((USUAL,)).href(), choice.columns == usual)]
    for name in data.metrics:
        on = name in choice.columns
        columns = tuple(one for one in data.metrics if (one in choice.columns) != (one == name))
        offered.append(pill(_title(name), choice.of_columns(columns or (USUAL,)).href(), on))
    return _menu("Columns", f"{len(choice.columns)}", offered)


def _filter(choice: MatrixChoice, which: Filter, title: str, known: Sequence[str]) -> Component:
    names = choice.names(which)
    offered = [pill("all", choice.cleared(which).href(), not names)]
    offered += [pill(name, choice.toggled(which, name).href(), name in names) for name in known]
    taken = "all" if not names else names[0] if len(names) == 1 else f"{len(names)} of {len(known)}"
    return _menu(title, text.short(taken), offered)


def _more(choice: MatrixChoice) -> Component:
    """How the table is laid out."""
    rows = [
        pill("rows of one line", replace(choice, roomy=False).href(), not choice.roomy),
        pill("rows with notes", replace(choice, roomy=True).href(), choice.roomy),
    ]
    ways = [
        pill("finest techniques", replace(choice, coarse=False, sort=None).href(), not choice.coarse),
        pill("all techniques", replace(choice, coarse=True, sort=None).href(), choice.coarse),
    ]
    taken = "with notes" if choice.roomy else "one line"
    return _menu("Rows", f"{taken}, all techniques" if choice.coarse else taken, [*rows, *ways])


def _menu(title: str, taken: str, offered: Sequence[Component]) -> Component:
    told = html.Summary([html.Span(f"{title} ", className="choice"), html.Span(taken, className="taken")])
    return html.Details([told, html.Div(list(offered), className="pills menu-pills")], className="menu")


def _title(metric: str) -> str:
    found = lookup(metric)
    unit = text.unit(metric, found.unit)
    return f"{found.title} {unit}".strip()
