"""The page of runs in progress; assets/progress.js reads it anew while it is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.text.progress import rate_text
from hil_dashboards import text
from hil_dashboards.choices.places import run_place
from hil_dashboards.pages.grid import HEAD_HEIGHT, amount, column, grid, table
from hil_dashboards.pages.parts import Child, heading
from hil_dashboards.reading.boards import IncidentRow
from hil_dashboards.reading.live import LiveData, LiveRun, OpenRun
from hil_db.histories import Case
from hil_db.progress import SKIPPED, Ended, Progress, Working
from hil_db.records import Status

FAILURES_MOST = 200
_FINE = (Status.FINISHED, SKIPPED)
# Pixels: a bar with its words, the first column, an image above its board.
_BAR, _FIRST, _IMAGE, _TWO_LINES = 164, 120, 166, 46


def live_page(data: LiveData) -> list[Child]:
    """Each run in progress, or when the last one ended.

    What changes has an id that begins with ``live-``, by which it is replaced where it stands.
    """
    runs = [_run(one) for one in data.runs]
    return [
        html.Div(
            [
                heading("Live", "Live"),
                html.P(
                    [
                        html.Span(_told(data), id="live-told"),
                        " Read at ",
                        html.Span(f"{datetime.now(UTC):%H:%M:%S}", id="live-read", className="mono"),
                        " UTC, and again every 2 s while this page is looked at.",
                        html.Span(id="live-trouble", className="warning"),
                    ],
                    className="muted",
                ),
                # What is read out, now and then: the script copies the words of the runs into it.
                html.Div(id="live-said", role="status", className="said"),
            ],
            className="page-head",
        ),
        *runs,
        *(_untold(one) for one in data.untold),
    ]


def _told(data: LiveData) -> str:
    going = [one for one in data.runs if one.told.status is Status.RUNNING]
    count = len(going) + len(data.untold)
    if count:
        return f"{_counted(count, 'run')} in progress."
    told = "No run is in progress."
    if data.runs:
        told += " One was, whose process is gone." if len(data.runs) == 1 else " Some were that are gone."
    if data.last is None:
        return f"{told} None has ended yet."
    return (
        f"{told} The last one, run {data.last.number}, {_how(data.last.status)} {_since(data.last.finished)}."
    )


def _how(status: Status) -> str:
    return {
        Status.FINISHED: "finished",
        Status.FAILED: "ended with failures",
        Status.RUNNING: "ended",
    }.get(status, f"was {status}")


def _since(time: datetime) -> str:
    seconds = (datetime.now(UTC) - time).total_seconds()
    ago = f", {_about(seconds)} ago" if 0 <= seconds < 86_400 else ""
    return f"at {text.moment(time)}{ago}"


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _about(seconds: float) -> str:
    """In no more digits than are known: ``under 10 s``, ``about 40 s``, ``about 4 min``, ``about 2.5 h``."""
    if seconds < 10:
        return "under 10 s"
    if seconds < 55:
        return f"about {round(seconds / 10) * 10} s"
    minutes = max(1, round(seconds / 60))
    return f"about {minutes} min" if minutes < 100 else f"about {seconds / 3600:.1f} h"


def _run(one: LiveRun) -> Component:
    told, key = one.told, f"live-{one.told.run_uid}"
    progress = told.progress
    over = [end for end in progress.ended if end.status not in _FINE]
    fares, words = _standing(one)
    named = f"Run {one.number}" if one.number is not None else "A run that has stored no session yet"
    head: Child = html.A(named, href=run_place(one.number), className="more") if one.number else named
    bar: Any = {"aria-label": f"Images of {named[:1].lower()}{named[1:]} that have ended"}
    return html.Section(
        [
            html.H2(
                [head, " ", html.Span(fares, className=f"status {fares}", id=f"{key}-status")],
                className="run-head",
            ),
            html.P(words, id=f"{key}-words", className="live-words"),
            html.Progress(
                id=f"{key}-bar",
                value=str(len(progress.ended)),
                max=str(max(1, len(progress.plan))),
                className="whole",
                **bar,
            ),
            html.P(_estimated(one), id=f"{key}-estimate", className="muted"),
            html.H3("Boards"),
            _boards(one, f"{key}-boards"),
            html.H3(f"{_counted(len(progress.working), 'image')} at work", id=f"{key}-busy"),
            _at_work(one, f"{key}-work"),
            *(_failures(progress, over, key) if over else []),
            *_incidents(one, key),
            html.H3("Where it comes from"),
            _facts(one),
        ],
        className="card live-run",
        id=f"{key}-card",
    )


def _standing(one: LiveRun) -> tuple[str, str]:
    """In a word how the run stands, and in a sentence how far it is."""
    told, progress = one.told, one.told.progress
    far = f"{len(progress.ended):,} of {_counted(len(progress.plan), 'image')} done"
    failed = sum(end.status not in _FINE for end in progress.ended)
    skipped = sum(end.status == SKIPPED for end in progress.ended)
    far += f", {failed:,} failed" if failed else ""
    far += f", {skipped:,} skipped" if skipped else ""
    seen = text.moment(told.updated)
    if told.status is not Status.RUNNING:
        why = f"Its process on {told.host} is gone, and did not say that it ended; last heard of it {seen}."
        return "interrupted", f"{why} By then {far}. The next run on that host clears this away."
    if told.silent:
        why = f"Nothing was heard of it since {seen}: whether it goes on, only its host {told.host} knows. "
        return "silent", f"{why}By then {far}."
    left = one.remaining.seconds
    return (
        "running",
        f"{far}; {'how long it still takes is not known' if left is None else f'{_about(left)} left'}.",
    )


def _estimated(one: LiveRun) -> str:
    """How the remaining time was come by."""
    left = one.remaining
    if not one.going:
        return "What is below is what it told last."
    if not left.left:
        return "Nothing is left to run."
    if not left.known:
        return (
            "None of the images that are left has ever finished before: their time is taken from those of "
            "this run that have, and from how fast vectors are answered."
        )
    told = (
        f"The remaining time is what each image took when it last finished ({left.known:,} of {left.left:,})"
    )
    if left.scaled:
        told += ", at the pace of its vectors then, for as many as are asked for now"
    if left.told:
        told += f", times {left.pace:.2f}: so much did the {left.told:,} take that have finished in this run"
    if left.known < left.left:
        told += "; the others are taken to need the mean of those"
    return f"{told}. Boards of one name share their images, boards of other names work beside them."


def _facts(one: LiveRun) -> Component:
    told = one.told
    pairs: list[tuple[str, Child]] = [
        ("Command", html.Code(told.command)),
        ("Host", told.host),
        ("Began", text.moment(told.started)),
        ("Commit", html.Span(text.commit(told.commit, told.dirty), className="mono")),
    ]
    shown: list[Component] = []
    for name, value in pairs:
        shown += [html.Dt(name), html.Dd(value)]
    return html.Dl(shown, className="values-list facts")


def _boards(one: LiveRun, key: str) -> Component:
    progress = one.told.progress
    kinds = {case.board: case.kind for case in progress.plan}
    of = [case.board for case in progress.plan]
    ended = [(of[end.place], end.status) for end in progress.ended]
    rows = []
    for board, kind in kinds.items():
        all_of = of.count(board)
        done = sum(name == board for name, _ in ended)
        failed = sum(name == board and status not in _FINE for name, status in ended)
        left = one.remaining.boards.get(board)
        share = (progress.boards or {}).get(board, 1)
        rows.append(
            {
                "key": board,
                "board": board if share == 1 else f"{board} × {share}",
                "done": _bar(done, all_of, f"{done:,} of {all_of:,}"),
                "left": amount(left, _about(left))
                if left is not None and done < all_of and one.going
                else None,
                "failed": amount(failed, f"{failed:,}"),
                "working": amount(n := _at(progress, board), f"{n:,}"),
                "kind": kind,
            }
        )
    columns = [
        column("Board", "board", rows, pinned="left", width=_FIRST, minWidth=_FIRST, flex=0),
        column("Images done", "done", rows, "Bar", width=_BAR, minWidth=_BAR),
        column("Time left", "left", rows, "Amount", minWidth=96),
        column("Failed", "failed", rows, "Trouble", more=12),
        column("At work", "working", rows, "Amount"),
        column("Kind", "kind", rows),
    ]
    return _kept(table(columns, rows), key)


def _at(progress: Progress, board: str) -> int:
    return sum(progress.plan[one.place].board == board for one in progress.working)


def _at_work(one: LiveRun, key: str) -> Component:
    """A row for each image that a board runs now."""
    progress = one.told.progress
    left = one.remaining.working if one.going else {}
    rows = [_working(progress.plan[at.place], at, left.get(at.place)) for at in progress.working]
    columns = [
        column("Image", "image", rows, "Where", pinned="left", width=_IMAGE, minWidth=_IMAGE, flex=0),
        column("Vectors answered", "vectors", rows, "Bar", width=_BAR, minWidth=_BAR),
        column("Rate", "rate", rows, minWidth=88),
        column("Time left", "left", rows, "Amount", minWidth=96),
        column("Since it began", "seconds", rows, "Amount", minWidth=88),
        column("Doing", "doing", rows, minWidth=190),
    ]
    rows = [{**row, "height": _TWO_LINES} for row in rows]
    return _kept(grid(columns, rows, head=HEAD_HEIGHT, style="grid values"), key)


def _working(case: Case, at: Working, left: float | None) -> dict[str, Any]:
    doing = "streams vectors" if at.done < at.total else at.beside or "takes what is left to measure"
    if not at.total:
        doing = "waits for a processor" if at.waits else "gets ready: flash, start, handshake"
    return {
        "key": str(at.place),
        **_image(case),
        "vectors": _bar(at.done, at.total, f"{at.done:,} of {at.total:,}") if at.total else None,
        "rate": rate_text(at.done, at.streaming_s) or None,
        "seconds": amount(at.seconds, text.duration(at.seconds)),
        "left": None if left is None else amount(left, _about(left)),
        "doing": doing,
    }


def _image(case: Case) -> dict[str, Any]:
    """Its model, and below it what else tells it from others."""
    return {"image": case.model, "under": f"{case.precision} on {case.board}"}


def _bar(done: int, total: int, told: str) -> dict[str, Any]:
    return {**amount(done, told), "total": total}


def _failures(progress: Progress, over: Sequence[Ended], key: str) -> list[Component]:
    rows = []
    for end in reversed(over[-FAILURES_MOST:]):
        case = progress.plan[end.place]
        rows.append(
            {
                "key": str(end.place),
                **_image(case),
                "status": str(end.status),
                "why": end.error or "no reason was told",
                "height": _TWO_LINES,
            }
        )
    columns = [
        column("Image", "image", rows, "Where", pinned="left", width=_IMAGE, minWidth=_IMAGE, flex=0),
        column("How", "status", rows, "Status", more=22, minWidth=104),
        column("Why", "why", rows, minWidth=420),
    ]
    return [
        html.H3(f"{_counted(len(over), 'failure')} so far", id=f"{key}-failed"),
        _kept(grid(columns, rows, head=HEAD_HEIGHT, style="grid values"), f"{key}-failures"),
    ]


def _incidents(one: LiveRun, key: str) -> list[Component]:
    """What befell the bench, and images that have not ended yet."""
    now = [
        {
            "key": f"now {place}",
            "time": "now",
            "board": mishap.board,
            "kind": mishap.kind,
            "action": mishap.action,
            "evidence": "",
        }
        for place, mishap in enumerate(one.told.progress.mishaps)
    ]
    rows = [*now, *(_incident(len(one.incidents) - place, held) for place, held in enumerate(one.incidents))]
    if not rows:
        return []
    columns = [
        column("Time, UTC", "time", rows, minWidth=150),
        column("Board", "board", rows, minWidth=96),
        column("What", "kind", rows, minWidth=150),
        column("Done about it", "action", rows, minWidth=240),
        column("Evidence", "evidence", rows, minWidth=300),
    ]
    return [
        html.H3(f"{_counted(len(rows), 'incident')} of the bench itself", id=f"{key}-befell"),
        _kept(table(columns, rows), f"{key}-incidents"),
    ]


def _incident(place: int, one: IncidentRow) -> dict[str, Any]:
    return {
        "key": str(place),
        "time": text.moment(one.time).removesuffix(" UTC"),
        "board": one.board,
        "kind": one.kind,
        "action": one.action,
        "evidence": one.evidence,
    }


def _kept(shown: Component, key: str) -> Component:
    """A grid whose rows are replaced where they stand, and no higher than they need."""
    made: Any = shown
    made.id = key
    made.getRowId = "params.data.key"
    made.className += " live-grid"
    made.style = {"height": None}
    quiet = {"domLayout": "autoHeight", "suppressNoRowsOverlay": True}
    made.dashGridOptions = {**made.dashGridOptions, **quiet}
    return shown


def _untold(one: OpenRun) -> Component:
    told = (
        f"It is stored as running on {one.host} since {text.moment(one.started)}, but tells nothing of how "
    )
    told += f"far it is. {_counted(one.sessions, 'session')} of it {'is' if one.sessions == 1 else 'are'} "
    told += f"stored, {one.failed:,} of them did not finish."
    key = f"live-untold-{one.number}"
    return html.Section(
        [
            html.H2([html.A(f"Run {one.number}", href=run_place(one.number), className="more")]),
            html.P(told, id=f"{key}-words"),
        ],
        className="card live-run",
        id=key,
    )
