"""Which pages there are, in the order of the bar; each reads what it shows, and makes it.

A new page is a module each in ``choices`` (what is asked for), ``reading`` (what it asks the database) and
``pages``, and a line in PAGES.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from hil_dashboards import frames
from hil_dashboards.choices.compare import parse_compare
from hil_dashboards.choices.matrix import parse_matrix
from hil_dashboards.choices.pareto import parse_pareto
from hil_dashboards.choices.places import HOW_TO_READ
from hil_dashboards.choices.profile import parse_profile
from hil_dashboards.choices.run import parse_run, parse_runs
from hil_dashboards.choices.series import parse_search
from hil_dashboards.choices.session import parse_session
from hil_dashboards.choices.trace import parse_trace
from hil_dashboards.choices.triage import parse_triage
from hil_dashboards.pages import notice
from hil_dashboards.pages.boards import boards_page
from hil_dashboards.pages.compare import compare_page
from hil_dashboards.pages.how_to_read import how_to_read_page
from hil_dashboards.pages.live import live_page
from hil_dashboards.pages.matrix import matrix_page
from hil_dashboards.pages.pareto import pareto_page
from hil_dashboards.pages.parts import Child
from hil_dashboards.pages.profile import profile_page
from hil_dashboards.pages.run import run_page
from hil_dashboards.pages.runs import runs_page
from hil_dashboards.pages.series import series_page
from hil_dashboards.pages.session import session_page
from hil_dashboards.pages.trace import trace_page
from hil_dashboards.pages.triage import triage_page
from hil_dashboards.reading import traces
from hil_dashboards.reading.boards import read_boards
from hil_dashboards.reading.compare import read_compare
from hil_dashboards.reading.database import RunHead, newest_run, reading
from hil_dashboards.reading.keeping import Keeper
from hil_dashboards.reading.live import read_live
from hil_dashboards.reading.matrix import read_matrix, state_of_matrix
from hil_dashboards.reading.pareto import read_pareto
from hil_dashboards.reading.profile import read_profile
from hil_dashboards.reading.regressions import read_triage
from hil_dashboards.reading.run import read_run
from hil_dashboards.reading.runs import read_runs
from hil_dashboards.reading.series import read_series
from hil_dashboards.reading.session import read_session
from hil_dashboards.reading.trace import read_trace
from hil_dashboards.serving.access import Person


class Asked(NamedTuple):
    """A database, its name in messages, a query such as ``?metric=accuracy``, who asks, the lab file.

    Who is not ``patient`` is given a page without what takes long, also where the query waits for it.
    """

    url: str | None
    place: str
    search: str
    person: Person | None = None
    lab: Path | None = None
    patient: bool = True


Shown = tuple[RunHead | None, list[Child]]  # the newest run, and the page below the bar


class Page(NamedTuple):
    """What stands at an address; if it has no tab ``in_bar``, other pages lead to it."""

    name: str
    show: Callable[[Asked], Shown]  # StoreError when the database cannot be read
    in_bar: bool = True


_matrices: Keeper[tuple[list[Child], bool]] = Keeper(8)


def _matrix(asked: Asked) -> Shown:
    """Made once for all who look at it, until anything is stored."""
    choice = parse_matrix(asked.search)
    choice = replace(choice, judged=choice.judged and asked.patient)
    newest, state = state_of_matrix(asked.url, asked.lab)

    def made() -> tuple[list[Child], bool]:
        data = read_matrix(asked.url, choice, asked.lab, wait=False)
        if not data.known["model"]:
            return [notice.no_results(asked.place, made=True)], True
        return matrix_page(data, frames.matrix(data)), not data.compared.pending

    body, _ = _matrices.get((state, asked.place, asked.lab, choice), made, keeps=lambda found: found[1])
    return newest, body


def _series(asked: Asked) -> Shown:
    data = read_series(asked.url, parse_search(asked.search))
    if not data.models:
        return data.newest, [notice.no_results(asked.place, made=True)]
    return data.newest, series_page(data)


def _runs(asked: Asked) -> Shown:
    data = read_runs(asked.url, parse_runs(asked.search))
    if not data.found and data.choice.every:
        return data.newest, [notice.no_results(asked.place, made=True)]
    return data.newest, runs_page(data)


def _run(asked: Asked) -> Shown:
    data = read_run(asked.url, parse_run(asked.search))
    if data.run is None:
        return data.newest, [notice.no_results(asked.place, made=True)]
    return data.newest, run_page(data)


def _triage(asked: Asked) -> Shown:
    data = read_triage(asked.url, parse_triage(asked.search), at_once=True)
    if data.newest is None:
        return None, [notice.no_results(asked.place, made=True)]
    return data.newest, triage_page(data, asked.person)


def _compare(asked: Asked) -> Shown:
    data = read_compare(asked.url, parse_compare(asked.search))
    if data.newest is None:
        return None, [notice.no_results(asked.place, made=True)]
    return data.newest, compare_page(data)


def _boards(asked: Asked) -> Shown:
    data = read_boards(asked.url, asked.lab)
    if not data.boards:
        return data.newest, [notice.no_results(asked.place, made=True)]
    return data.newest, boards_page(data, asked.lab is not None)


def _profile(asked: Asked) -> Shown:
    choice = parse_profile(asked.search)
    data = read_profile(asked.url, choice)
    return data.newest, profile_page(data, choice)


def _session(asked: Asked) -> Shown:
    choice = parse_session(asked.search)
    data = read_session(asked.url, choice)
    return data.newest, session_page(data, choice)


def _trace(asked: Asked) -> Shown:
    choice = parse_trace(asked.search)
    data = read_trace(asked.url, choice)
    return data.newest, trace_page(data, choice, traces.look(data.shelf, traces.chosen(data, choice)))


def _pareto(asked: Asked) -> Shown:
    data = read_pareto(asked.url, parse_pareto(asked.search))
    if not data.images:
        return data.newest, [notice.no_results(asked.place, made=True)]
    return data.newest, pareto_page(data)


def _live(asked: Asked) -> Shown:
    data = read_live(asked.url)
    return data.newest, live_page(data)


def _how_to_read(asked: Asked) -> Shown:
    with reading(asked.url) as connection:
        return newest_run(connection), how_to_read_page()


PAGES: Mapping[str, Page] = {
    "/": Page("Matrix", _matrix),
    "/series": Page("Series", _series),
    "/runs": Page("Runs", _runs),
    "/compare": Page("Compare", _compare),
    "/triage": Page("Triage", _triage),
    "/pareto": Page("Pareto", _pareto),
    "/boards": Page("Boards", _boards),
    "/live": Page("Live", _live),
    HOW_TO_READ: Page("How to read", _how_to_read),
    "/run": Page("Run", _run, in_bar=False),
    "/session": Page("Session", _session, in_bar=False),
    "/profile": Page("Profile", _profile, in_bar=False),
    "/trace": Page("Power trace", _trace, in_bar=False),
}
