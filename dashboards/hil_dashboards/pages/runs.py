"""The page of runs: a row for each, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil_dashboards import text
from hil_dashboards.choices.places import compare_place, run_place, worse_place
from hil_dashboards.choices.run import RunsChoice, Sort
from hil_dashboards.pages.choosers import Offered, choose_one, choosers
from hil_dashboards.pages.grid import amount, column, least, table
from hil_dashboards.pages.parts import Child, heading
from hil_dashboards.reading.comparisons import Summary
from hil_dashboards.reading.runs import RUNS_A_PAGE, RunFacts, RunsData, Worse
from hil_db.records import Status

SORTS = {Sort.BENCH: "bench", Sort.TRIAL: "bisect trial", Sort.IMPORTED: "imported"}
_WORSE_TOLD = (
    "Images in which something is worse than in the run before on the branch, or in the chosen baseline: by "
    "the verdicts of hil check on all that images do. What the bench itself takes is judged on a run's page."
)
_WORSE: dict[str, Any] = {
    "width": 160,
    "flex": 0,
    "type": [],
    "comparator": {"function": "byNumber"},
    "headerTooltip": _WORSE_TOLD,
}
_NONE = {"branch": "", "board": "", "status": None, "sort": None, "host": "", "baseline": ""}
_BRIEF_COMMAND = 90  # letters
_COMMAND, _BRANCH = 200, 116  # pixels that they have at least


def runs_page(data: RunsData) -> list[Child]:
    """Choices as links, then the runs."""
    return [
        html.Div(
            [
                heading("Runs", "Runs", *_of(data.choice)),
                html.P(_told(data), className="muted"),
                *ignored(data.ignored),
            ],
            className="page-head",
        ),
        html.Section(_choices(data), className="card runs-choices"),
        _listed(data) if data.runs else _nothing(data.choice),
    ]


def _of(choice: RunsChoice) -> list[str]:
    """What limits a choice."""
    chosen = (choice.branch, choice.board, choice.status, choice.sort and SORTS[choice.sort], choice.host)
    return [str(one) for one in chosen if one]


def _told(data: RunsData) -> str:
    found = f"{data.found:,} run{'' if data.found == 1 else 's'}"
    if not data.choice.every:
        found += " of this choice"
    against = data.choice.baseline or "the run before on the branch"
    if data.pages > 1:
        first = (data.choice.page - 1) * RUNS_A_PAGE + 1
        found = f"{first:,} to {first + len(data.runs) - 1:,} of {found}"
    return f"{found}, the newest first. Worse: images in which something is worse than in {against}."


def ignored(names: Sequence[str], why: str = "nothing is stored of it") -> list[Component]:
    """What was asked for in vain."""
    if not names:
        return []
    shown: list[Child] = []
    for name in names:
        shown += [", " if shown else "", html.Code(text.short(name))]
    return [html.P([f"Ignored, as {why}: ", *shown, "."], className="ignored")]


def _choices(data: RunsData) -> Component:
    choice = data.choice
    baselines = dict.fromkeys([*data.baselines, *([choice.baseline] if choice.baseline else [])])
    sorts = [(str(one), name) for one, name in SORTS.items()]

    def one(label: str, field: str, offered: Offered, chosen: str | None, none: str = "all") -> Component:
        without = "sort" if field == "of" else field
        return choose_one(label, field, offered, chosen, choice.of(**{without: _NONE[without]}).href(), none)

    return choosers(
        one("Branch", "branch", data.branches, choice.branch),
        one("Board", "board", data.boards, choice.board),
        one("Status", "status", map(str, Status), choice.status),
        one("Kind", "of", sorts, choice.sort),
        one("Host", "host", data.hosts, choice.host),
        one("Worse than", "baseline", baselines, choice.baseline, "the run before"),
    )


def _listed(data: RunsData) -> Component:
    rows = [{**_row(one), **_worse(one, data.worse.get(one.id))} for one in data.runs]
    sorts = {one.sort for one in data.runs}
    # In a window of 1,280 pixels stands what tells runs apart, up to how long they took.
    columns = [
        column("Run", "run", rows, "Link", pinned="left", width=62, flex=0),
        column("Status", "status", rows, "Status", width=124, flex=0),
        column("Worse", "worse", rows, "Worse", **_WORSE),
        least(column("Command", "command", rows, cellClass="mono"), _COMMAND),
        column("Commit", "commit", rows, "Commit", cellClass="mono"),
        least(column("Branch", "branch", rows), _BRANCH),
        column("Started, UTC", "started", rows),
        column("Took", "took", rows, "Amount"),
        column("Failed", "failed", rows, "Trouble", more=12),
        column("Sessions", "sessions", rows, "Amount"),
        column("Does not fit", "not_fit", rows, "Amount", headerTooltip="images larger than their boards"),
        column("Tags", "tags", rows),
        *([column("Kind", "of", rows, "Sort", more=16)] if sorts != {Sort.BENCH} else []),
        column("Host", "host", rows),
        column("Boards", "boards", rows),
        column("Versions", "versions", rows),
    ]
    return html.Section(
        [
            html.H2(f"{len(data.runs):,} run{'' if len(data.runs) == 1 else 's'}"),
            table(columns, rows),
            *_turn(data),
        ],
        className="card grid-card",
    )


def _row(one: RunFacts) -> dict[str, Any]:
    command = " ".join(one.command.split())
    return {
        "run": str(one.id),
        "href": run_place(one.id),
        "started": text.moment(one.started).removesuffix(" UTC"),
        "status": str(one.status),
        "took": None if one.seconds is None else amount(one.seconds, text.duration(one.seconds)),
        "sessions": amount(one.sessions, f"{one.sessions:,}"),
        "failed": amount(one.failed, f"{one.failed:,}"),
        "not_fit": amount(one.not_fit, f"{one.not_fit:,}"),
        "branch": one.branch,
        "commit": text.commit(one.commit, one.dirty),
        "note": one.note,
        "tags": ", ".join([*one.names, *one.tags]),
        "of": SORTS[one.sort] + (f" from {one.origin}" if one.origin is not None else ""),
        "sort": str(one.sort),
        "command": command if len(command) <= _BRIEF_COMMAND else f"{command[:_BRIEF_COMMAND]}…",
        "host": one.host,
        "boards": ", ".join(board.board for board in one.boards),
        "versions": ", ".join(f"{name} {version}" for name, version in one.versions.items()),
    }


def _worse(run: RunFacts, worse: Worse | None) -> dict[str, Any]:
    """What of a run's images is worse, or the address that tells it, or why nothing does."""
    if worse is None:
        if run.sort is Sort.TRIAL:
            return {"unjudged": "a trial of a bisection is judged by the bisection alone"}
        still = run.status is Status.RUNNING
        return {"unjudged": "it has not ended" if still else "there is no run before it on its branch"}
    summary = worse.summary
    return {
        "against": f"against run {worse.before}",
        "compare": compare_place(worse.before, run.id),
        **({"asks": worse_place(worse.before, run.id)} if summary is None else {"worse": _summed(summary)}),
    }


def _summed(summary: Summary) -> dict[str, Any]:
    return {
        "number": summary.worse,
        "worse": summary.worse,
        "better": summary.better,
        "told": list(summary.told),
        "text": f"{summary.worse} worse, {summary.better} better",
    }


def _turn(data: RunsData) -> list[Component]:
    """The way to newer and older runs."""
    choice = data.choice
    if data.pages == 1:
        return []
    ways: list[Child] = []
    if choice.page > 1:
        ways.append(html.A("← newer", href=choice.of(page=choice.page - 1).href(), className="pill"))
    ways.append(html.Span(f"page {choice.page:,} of {data.pages:,}", className="muted"))
    if choice.page < data.pages:
        ways.append(html.A("older →", href=choice.of(page=choice.page + 1).href(), className="pill"))
    named: Any = {"aria-label": "Pages of runs"}
    return [html.Nav(ways, className="turn", **named)]


def _nothing(choice: RunsChoice) -> Component:
    return html.Section(
        [
            html.H2("No such run"),
            html.P(
                [
                    "No stored run is of this choice. ",
                    html.A("Show all", href=RunsChoice().href(), className="more"),
                ]
            ),
        ],
        className="notice card",
    )
