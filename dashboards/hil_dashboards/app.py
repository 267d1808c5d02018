"""The Dash app: an address in, a page out; the database is read anew at every load."""

from __future__ import annotations

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component
from flask import Response

from hil.errors import StoreError
from hil_dashboards import frames, queries
from hil_dashboards.choice import parse_profile, parse_search
from hil_dashboards.pages import notice
from hil_dashboards.pages.matrix import matrix_page
from hil_dashboards.pages.parts import Child, shell
from hil_dashboards.pages.profile import profile_page
from hil_dashboards.pages.series import series_page
from hil_dashboards.queries import RunHead
from hil_db import engine

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<meta name="color-scheme" content="light dark">
<title>{%title%}</title>
<link rel="icon" type="image/svg+xml" href="assets/icon.svg">
{%css%}
</head>
<body>
{%app_entry%}
<footer class="scripts">{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>"""

# Nothing comes from elsewhere. Dash and Plotly write scripts and styles into the page, hence unsafe-inline.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'self'; form-action 'none'"
)


def create_app(url: str | None = None) -> Dash:
    """The dashboard of one database (None: the one in the user's data folder), which need not exist yet.

    StoreError when ``url`` is no database URL.
    """
    place = engine.shown(engine.parse(url))
    app = Dash("hil_dashboards", title="HIL lab", update_title="", serve_locally=True)
    app.index_string = _PAGE
    app.layout = html.Div([dcc.Location(id="address"), html.Div(id="page")])

    @app.callback(Output("page", "children"), Input("address", "pathname"), Input("address", "search"))
    def show(path: str | None, search: str | None) -> Component:
        return render(url, place, path or "/", search or "")

    @app.server.after_request  # type: ignore[untyped-decorator]
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return app


def render(url: str | None, place: str, path: str, search: str) -> Component:
    """The page at an address, or one that says why there is nothing to show and what to do."""
    page = path.rstrip("/") or "/"
    newest: RunHead | None = None
    body: list[Child]
    try:
        if page not in ("/", "/series", "/profile"):
            body = [notice.unknown_page(path)]
        elif not queries.exists(url):
            body = [notice.no_results(place, made=False)]
        elif page == "/":
            newest, body = _matrix(url, place)
        elif page == "/profile":
            newest, body = _profile(url, search)
        else:
            newest, body = _series(url, place, search)
    except StoreError as error:
        body = [notice.unreadable(error)]
    return shell(page, body, newest=newest, place=place)


def _matrix(url: str | None, place: str) -> tuple[RunHead | None, list[Child]]:
    data = queries.read_matrix(url)
    if not data.sessions:
        return data.newest, [notice.no_results(place, made=True)]
    return data.newest, matrix_page(frames.matrix(data))


def _profile(url: str | None, search: str) -> tuple[RunHead | None, list[Child]]:
    choice = parse_profile(search)
    data = queries.read_profile(url, choice)
    return data.newest, profile_page(data, choice)


def _series(url: str | None, place: str, search: str) -> tuple[RunHead | None, list[Child]]:
    choice = parse_search(search)
    data = queries.read_series(url, choice)
    if not data.models:
        return data.newest, [notice.no_results(place, made=True)]
    return data.newest, series_page(data, choice)
