"""Two runs that are compared: every verdict, the worst first."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.gate.marks import MARKS
from hil.gate.result import ORDER, matters
from hil.gate.wording import summary, unlike_labs
from hil.measure.verdicts import Outcome, Verdict
from hil.metrics import METRICS, lookup
from hil_dashboards import text
from hil_dashboards.choices.compare import ALL, CHANGED, UNJUDGED, CompareChoice
from hil_dashboards.choices.places import run_place
from hil_dashboards.pages.choosers import choose_many, choose_one, choosers
from hil_dashboards.pages.compare_choices import run_options
from hil_dashboards.pages.grid import table
from hil_dashboards.pages.parts import Child, comparing, heading, pill, pills, sentence
from hil_dashboards.pages.verdicts import (
    Row,
    alone_row,
    case_columns,
    case_row,
    order_of,
    verdict_columns,
    verdict_row,
)
from hil_dashboards.reading.compare import RunsData
from hil_db.comparing import Compared, Comparison, outcome_of
from hil_db.references import StoredRun

ROWS_MOST = 500
_IGNORED_MOST = 3  # names

Found = tuple[Compared, Verdict | None]  # a case with one of its verdicts, or without any


def runs_page(data: RunsData) -> list[Child]:
    """The two runs, what to choose, what came of them in short, and the verdicts."""
    head = html.Div(
        [
            heading("Compare runs", _title(data)),
            *([html.P(_told(data.now, data.before), className="muted")] if data.now is not None else []),
            *(html.P(line, className="ignored") for line in data.ignored),
        ],
        className="page-head",
    )
    if data.now is None or data.before is None:
        return [head, _choices(data, []), _nothing(data)]
    if data.compared is None:
        waits = comparing(data.now.id, data.before.id)
        return [head, _choices(data, []), html.Section(waits, className="card")]
    every = _every(data.compared)
    choice, unknown = _known(data.choice, every)
    fitting = [one for one in every if _fits(one, choice)]
    shown = [one for one in fitting if _is_shown(one, choice.show)]
    return [
        head,
        *unknown,
        _choices(replace(data, choice=choice), every, _counts(fitting)),
        _summary(data.compared),
        _listed(shown, choice),
    ]


def _title(data: RunsData) -> str:
    numbers = [str(run.id) for run in (data.before, data.now) if run is not None]
    return f"Compare runs {' and '.join(numbers)}" if len(numbers) == 2 else "Compare runs"


def _told(now: StoredRun, before: StoredRun | None) -> list[Child]:
    told: list[Child] = [html.A(text.capital(now.told), href=run_place(now.id), className="more")]
    if before is not None:
        named = f", {before.name!r}" if before.name not in ("", str(before.id)) else ""
        told += [" against ", html.A(before.told, href=run_place(before.id), className="more"), named]
    return [*told, "."]


def _known(choice: CompareChoice, every: list[Found]) -> tuple[CompareChoice, list[Component]]:
    """The choice without names that nothing is compared of, and a line on those."""
    metrics = {verdict.metric.name for _, verdict in every if verdict is not None}
    boards = {one.case.board for one, _ in every}
    unknown = [board for board in choice.boards if board not in boards]
    kept = choice.on_boards(tuple(board for board in choice.boards if board in boards))
    if choice.metric is not None and choice.metric not in metrics:
        unknown.append(choice.metric)
        kept = kept.of_metric(None)
    if not unknown:
        return kept, []
    shown = ", ".join(text.short(name) for name in unknown[:_IGNORED_MOST])
    return kept, [html.P(f"Ignored, as nothing of it is compared: {shown}.", className="ignored")]


def _every(compared: Comparison) -> list[Found]:
    """All verdicts, the worst first; a case without any is told by itself."""
    found: list[tuple[Any, Found]] = []
    for one in compared.cases:
        if one.alone is not None:
            found.append(((ORDER.index(one.alone), 0.0, one.case, 0), (one, None)))
        found += [
            ((*order_of(verdict), one.case, place), (one, verdict))
            for place, verdict in enumerate(one.verdicts)
        ]
    return [one for _, one in sorted(found, key=lambda held: held[0])]


def _fits(one: Found, choice: CompareChoice) -> bool:
    """Whether it is on a chosen board and of the chosen metric."""
    compared, verdict = one
    if choice.boards and compared.case.board not in choice.boards:
        return False
    return choice.metric is None or (verdict is not None and verdict.metric.name == choice.metric)


def _outcome(one: Found) -> str:
    compared, verdict = one
    found = outcome_of(verdict) if verdict is not None else compared.alone
    assert found is not None, "a case without verdicts has an outcome"
    is_judged = verdict is None or verdict.outcome is not Outcome.NO_DATA or verdict.after is None
    return str(found) if is_judged else UNJUDGED


def _is_shown(one: Found, show: str) -> bool:
    if show == ALL:
        return True
    if show == CHANGED:
        return one[1] is None or matters(one[1])
    return _outcome(one) == show


def _counts(fitting: list[Found]) -> Counter[str]:
    counts = Counter(map(_outcome, fitting))
    counts[CHANGED] = sum(_is_shown(one, CHANGED) for one in fitting)
    counts[ALL] = len(fitting)
    return counts


def _choices(data: RunsData, every: list[Found], counts: Counter[str] | None = None) -> Component:
    choice = data.choice
    after = data.now.id if data.now is not None else None
    before = data.before.id if data.before is not None else None
    fields: list[Component] = []
    for title, field, chosen, other in (("Before", "before", before, after), ("Now", "after", after, before)):
        options = run_options(data.offered, other)
        if options:
            base = choice.without("baseline", field).href()
            fields.append(choose_one(title, field, options, str(chosen) if chosen else None, base))
    if counts is not None:
        fields += _filters(choice, every)
    parts: list[Component] = [choosers(*fields)] if fields else []
    groups: list[Component] = []
    if data.names:
        taken = data.before.name if data.before is not None else None
        named = [pill(name, choice.against(name).href(), name == taken) for name in data.names]
        groups.append(pills("Baseline", named))
    if after is not None and before is not None:
        groups.append(pills("Order", [pill("swap the two", choice.swapped().href(), False)]))
    if counts is not None:
        groups.append(_shows(choice, counts))
    if groups:
        parts.append(html.Div(groups, className="few"))
    return html.Section(parts, className="choices card compare-runs")


def _shows(choice: CompareChoice, counts: Counter[str]) -> Component:
    named = {CHANGED: "all but unchanged", ALL: "all"} | {str(one): MARKS[one][1] for one in MARKS}
    offered = [CHANGED, *(show for show in (*map(str, ORDER), UNJUDGED) if counts[show]), ALL]
    if choice.show not in offered:
        offered.append(choice.show)
    return pills(
        "Verdicts",
        [
            pill(
                f"{named.get(show, show)} ({counts[show]:,})",
                choice.showing(show).href(),
                show == choice.show,
            )
            for show in offered
        ],
    )


def _filters(choice: CompareChoice, every: list[Found]) -> list[Component]:
    places = list(METRICS)
    metrics = sorted(
        {verdict.metric.name for _, verdict in every if verdict is not None},
        key=lambda name: (places.index(name) if name in places else len(places), name),
    )
    boards = sorted({one.case.board for one, _ in every})
    titles = [(name, lookup(name).title) for name in metrics]
    return [
        choose_one("Metric", "metric", titles, choice.metric, choice.of_metric(None).href(), none="all"),
        choose_many("Board", "board", boards, choice.boards, choice.on_boards(()).href()),
    ]


def _nothing(data: RunsData) -> Component:
    why = text.capital(data.why or "there is one run alone")
    return html.Section(
        [
            html.H2("Nothing to compare with yet"),
            html.P(f"{why}. The next run is compared with this one."),
        ],
        className="notice card",
    )


def _summary(compared: Comparison) -> Component:
    unlike = unlike_labs(compared)
    told = [html.P([html.Span(summary(compared), className="strong"), "."])]
    if unlike is not None:
        told.append(html.P(f"{text.capital(unlike)}."))
    hint = "An image came out as the worst of its metrics. The same as a text: "
    assert compared.before is not None
    command = html.Code(f"hil check --run {compared.now.id} --baseline {compared.before.id}")
    told.append(html.P([*sentence(hint), command], className="muted"))
    return html.Section(told, className="summary card")


def _listed(shown: list[Found], choice: CompareChoice) -> Component:
    if not shown:
        told = "No verdict is of this choice: what is unchanged stands under “all”."
        return html.Section([html.H2("Nothing to show"), html.P(told)], className="notice card")
    rows = [_row(one, choice) for one in shown[:ROWS_MOST]]
    columns = verdict_columns(rows, case_columns(rows))
    head = f"{len(shown):,} verdict{'' if len(shown) == 1 else 's'}, the worst first"
    more: list[Child] = []
    if len(shown) > ROWS_MOST:
        told = f"The first {ROWS_MOST:,} are shown; choose a metric or a board for the others."
        more.append(html.P(told, className="muted beside"))
    return html.Section([html.H2(head), *more, table(columns, rows)], className="card grid-card")


def _row(one: Found, choice: CompareChoice) -> Row:
    compared, verdict = one
    about = case_row(compared.case, choice.of_case(compared.case).href())
    if verdict is not None:
        return about | verdict_row(verdict)
    assert compared.alone is not None, "a case without verdicts has an outcome"
    return about | alone_row(compared.alone, compared.reason or "")
