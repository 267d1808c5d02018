"""What pages have in common: the frame around them, badges, code in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil_dashboards import text
from hil_dashboards.choices.places import (
    HOW_TO_READ,
    RUNS,
    comparing_place,
    image_place,
    run_place,
    session_place,
)
from hil_dashboards.reading.database import RunHead
from hil_dashboards.serving.access import Person

Child = Component | str

# Pages without a tab, and the page that leads to each.
_WITHIN = {"/run": RUNS, "/session": RUNS, "/profile": "/", "/trace": "/"}


def shell(
    page: str,
    body: Sequence[Child],
    *,
    newest: RunHead | None,
    place: str,
    tabs: Sequence[tuple[str, str]] = (),
    person: Person | None = None,
) -> Component:
    """A whole page: bar, content, foot. ``page`` is the address the bar marks as the present one.

    ``tabs`` are the names and addresses in the bar; a page without one is marked at that which leads to it.
    The browser's tab is named after the first heading of the ``body``: page.js.
    """
    named: Any = {"aria-label": "Pages"}
    titled: Any = {"data-title": _title(body) or page}
    return html.Div(
        [
            html.Header(
                [
                    html.A("Skip to the content", href="#content", className="skip"),
                    html.Div(
                        [
                            html.A("HIL lab", href="/", className="brand"),
                            html.Nav([_tab(name, href, page) for name, href in tabs], **named),
                            *([run_note(newest)] if newest is not None else []),
                            *([_who(person)] if person is not None else []),
                        ],
                        className="wrap",
                    ),
                ]
            ),
            html.Main([*_note(newest), *body], className="wrap", id="content", tabIndex=-1),
            html.Footer(
                html.Div(
                    [f"{place} · read-only · read {text.now()}; reload for newer results"], className="wrap"
                )
            ),
        ],
        **titled,
    )


def heading(shown: Child | Sequence[Child], page: str, *about: str) -> Component:
    """What a page is headed with; the browser's tab says which ``page`` it is and what it is ``about``."""
    told = ", ".join(text.short(one) for one in about if one)
    titled: Any = {"data-title": f"{page}: {told}" if told else page}
    return html.H1(shown, **titled)


def some(names: Sequence[str], what: str) -> str:
    """Names in few words: one or two of them, or how many of ``what`` there are."""
    return ", ".join(names) if len(names) <= 2 else f"{len(names):,} {what}"


def _title(body: Sequence[Child]) -> str:
    """What the first heading says of the page, or says at all: that of an error is plain."""
    head = next(_headings(body), None)
    told: str = getattr(head, "data-title", None) or getattr(head, "children", None) or ""
    return told


def _headings(shown: Any) -> Iterator[Any]:
    if isinstance(shown, html.H1):
        yield shown
    elif isinstance(shown, list | tuple):
        for one in shown:
            yield from _headings(one)
    elif isinstance(shown, Component):
        yield from _headings(getattr(shown, "children", None))


def _tab(name: str, href: str, page: str) -> Component:
    if href not in (page, _WITHIN.get(page)):
        return html.A(name, href=href, className="place")
    current: Any = {"aria-current": "page" if href == page else "true"}
    return html.A(name, href=href, className="place present", **current)


def _who(person: Person) -> Component:
    """Who is logged in, and the way out: a form of the browser's own."""
    leave = html.Form(
        html.Button("Log out", name="guard", value=person.guard), method="post", action="/logout"
    )
    told = [html.Span(person.name, className="strong", title=f"role: {person.role}")]
    guard: Any = {"data-guard": person.guard}
    return html.Div([*told, *([leave] if person.logs_out else [])], className="who", **guard)


def _note(newest: RunHead | None) -> list[Child]:
    if newest is None:
        return []
    told = [newest.note] if newest.note else []
    if newest.incidents:
        told.append(f"on the bench itself {'; '.join(newest.incidents)}")
    return [html.P(sentence(f"Run {newest.id}: {one}."), className="warning") for one in told]


def run_note(run: RunHead) -> Component:
    """One line on the newest run: its number, status, time and commit."""
    return html.Div(
        [
            html.A(f"Run {run.id}", href=run_place(run.id), className="strong"),
            html.Span(str(run.status), className=f"status {run.status}"),
            html.Span(text.moment(run.started)),
            html.Span(
                text.commit(run.commit, run.dirty), className="mono", title="commit of the run's folder"
            ),
        ],
        className="run-note",
    )


def origin(session: Mapping[str, Any], runs: Sequence[int]) -> list[Child]:
    """Where a session's values come from, in a sentence: its run, itself and its commit lead to their pages.

    The commit leads to what changed since the run before among ``runs``, the newest first.
    """
    run = session["run"]
    older = runs[runs.index(run) + 1 :] if run in runs else ()
    commit = sentence(text.of_commit(session["commit"], session["dirty"], session["note"]))
    if older:
        case = {name: session[name] for name in ("board", "kind", "model", "precision")}
        since = f"what changed since run {older[0]}"
        commit = [html.A(commit, href=image_place(older[0], run, **case), className="more", title=since)]
    return [
        html.A(f"Run {run}", href=run_place(run), className="more"),
        ", ",
        html.A(f"session {session['session']}", href=session_place(session["session"]), className="more"),
        f", {text.moment(session['time'])}, ",
        *commit,
    ]


def badge(method: str, technique: str | None = None) -> Component:
    """How a value was obtained: the method by colour and word, the technique beside it."""
    told: list[Any] = [html.I(), method]
    if technique is not None:
        told.append(html.Span(technique, className="technique"))
    return html.Span(told, className=f"badge {method if method in text.METHODS else 'other'}")


def pills(title: str, offered: Sequence[Component]) -> Component:
    """Choices under one title."""
    return html.Div(
        [html.Div(title, className="choice"), html.Div(list(offered), className="pills")], className="group"
    )


def pill(name: str, href: str, on: bool) -> Component:
    """One choice: a link to the page that shows it."""
    return html.A(name, href=href, className="pill on" if on else "pill")


def legend() -> Component:
    """What the badges mean."""
    entries: list[Component] = []
    for method, meaning in text.METHODS.items():
        entries += [html.Dt(badge(method)), html.Dd(meaning)]
    return html.Section(
        [
            html.H2("How a value was obtained"),
            html.Dl(entries),
            html.P(
                [
                    "A column's head names the method and below it the technique. Values of another method "
                    "or technique are never compared with each other. Percents under a value, such as "
                    "−3/+22 %, are its band: where the true value is expected. ",
                    html.A("How to read this", href=f"{HOW_TO_READ}#methods", className="more"),
                ],
                className="muted",
            ),
        ],
        className="legend card",
    )


def sentence(words: str) -> list[Child]:
    """A sentence in which `backticks` mark code."""
    return [html.Code(part) if place % 2 else part for place, part in enumerate(words.split("`")) if part]


def comparing(now: int, before: int) -> Component:
    """Says that two runs are being compared, and has it done; the page is then shown anew (page.js)."""
    asks: Any = {"data-comparing": comparing_place(before, now), "role": "status"}
    told = f"Comparing run {now} with run {before}: of many images that takes some seconds…"
    return html.P(told, className="comparing muted", **asks)
