"""The Dash app: an address in, a page out; the database is read anew at every load."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from secrets import token_hex

from dash import ALL, ClientsideFunction, Dash, Input, Output, html
from dash.development.base_component import Component
from flask import Response, request
from plotly.utils import PlotlyJSONEncoder

from hil.errors import HilError, StoreError
from hil_dashboards.choices.matrix import parse_matrix
from hil_dashboards.crowd import Crowd
from hil_dashboards.pages import notice
from hil_dashboards.pages.parts import Child, shell
from hil_dashboards.reading import comparing, traces
from hil_dashboards.reading.database import RunHead, exists
from hil_dashboards.scripts import Needs, keep_versions, parted, versioned
from hil_dashboards.serving.access import Access, Person, Proxied, chosen
from hil_dashboards.serving.deciding import add_deciding
from hil_dashboards.serving.entrance import guard_entrance, person
from hil_dashboards.serving.guard import guard
from hil_dashboards.views import PAGES, Asked
from hil_db import engine

# What stands for one person's name and guard in a page that others are given, too: nothing else reads so.
_NAME, _GUARD = token_hex(16), token_hex(16)

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<meta name="color-scheme" content="light dark">
<style>html { font-family: system-ui, sans-serif; }</style>
<title>{%title%}</title>
<link rel="icon" type="image/svg+xml" href="assets/icon.svg">
<script>
  const address = "/content" + location.pathname + location.search;
  window.hilFirst = { address, answer: fetch(address) };
  window.hilLater = {later};
  window.hilSoon = {soon};
</script>
{%css%}
</head>
<body>
{%app_entry%}
<footer class="scripts">
{%config%}
{%scripts%}
{%renderer%}
</footer>
</body>
</html>"""


class _App(Dash):
    needs: Needs

    def interpolate_index(self, **parts: str) -> str:  # type: ignore[override]
        """The index without scripts that no page uses, or not every one."""
        parts["scripts"], later = parted(parts["scripts"])
        address = _page(request.path)
        # The content, which may take longer, says more: which run, which metric.
        parts["title"] = f"{PAGES[address].name if address in PAGES else 'No such page'} · {parts['title']}"
        page = versioned(super().interpolate_index(**parts))  # type: ignore[no-untyped-call]
        soon = self.needs.of(address)
        return page.replace("{later}", json.dumps(later), 1).replace("{soon}", json.dumps(soon), 1)


def create_app(
    url: str | None = None,
    host: str = "127.0.0.1",
    names: Iterable[str] = (),
    access: Access | None = None,
    lab: Path | None = None,
) -> Dash:
    """The dashboard of one database (None: the one in the user's data folder), which need not exist yet.

    ``host`` is what its server listens on; browsers may know it by that, by this machine's name and by
    ``names``. ``access`` says who is let in; None: who is on this machine. ``lab`` is a file that is read
    whenever boards are shown.
    A page's content is JSON of its own, which the index asks for before its scripts: the server makes it
    while the browser reads those.
    StoreError when ``url`` is no database URL, HilError when log-ins cannot be kept.
    """
    place = engine.shown(engine.parse(url))
    app = _App("hil_dashboards", title="HIL lab", update_title="", serve_locally=True)
    app.needs = Needs(PAGES)
    app.index_string = _PAGE
    app.layout = html.Div([html.Data(id="address"), html.Data(id="chosen"), html.Div(id="page")])

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("hil", "page"), Output("page", "children"), Input("address", "value")
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("hil", "pointed"), Input({"plot": ALL}, "clickData"), prevent_initial_call=True
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("hil", "choose"),
        Output("chosen", "value"),
        Input({"chooser": ALL, "base": ALL, "chosen": ALL, "label": ALL}, "value"),
    )

    crowd = Crowd()

    def content(page: str = "") -> Response:
        query = request.query_string.decode(errors="replace")
        # Before others who want the same page, as those wait for it, too.
        with crowd.patient(waits=not page and parse_matrix(query).judged) as patient:
            text = answered(crowd, f"/{page}", Asked(url, place, query, person(), lab, patient))
        app.needs.note(_page(f"/{page}"), text)
        # A browser that goes back would otherwise show what it once kept.
        return Response(text, mimetype="application/json", headers={"Cache-Control": "no-store"})

    def samples() -> Response:
        status, body = traces.answer(url, request.query_string.decode(errors="replace"))
        return Response(body, status, mimetype="application/json", headers={"Cache-Control": "no-store"})

    def comparison() -> Response:
        make = comparing.worse if request.path == "/worse" else comparing.answer
        status, body = make(url, request.query_string.decode(errors="replace"))
        return Response(body, status, mimetype="application/json", headers={"Cache-Control": "no-store"})

    app.server.add_url_rule("/samples", view_func=samples)
    app.server.add_url_rule("/comparing", view_func=comparison)
    app.server.add_url_rule("/worse", view_func=comparison)
    app.server.add_url_rule("/content/", view_func=content)
    app.server.add_url_rule("/content/<path:page>", view_func=content)
    access = access if access is not None else chosen()
    guard(app.server, host, names)
    guard_entrance(app.server, access)
    keep_versions(app.server)
    add_deciding(app.server, url)
    app.server.after_request(partial(_forget_when_changed, crowd))
    app.server.wsgi_app = Proxied(app.server.wsgi_app, access.proxies)
    return app


def _forget_when_changed(crowd: Crowd, response: Response) -> Response:
    if request.method != "GET":
        crowd.forget()
    return response


def written(tree: Component) -> str:
    """A tree of components as the browser takes it: JSON."""
    return json.dumps(tree, cls=PlotlyJSONEncoder, separators=(",", ":"))


def answered(crowd: Crowd, path: str, asked: Asked) -> str:
    """The same as ``answer``, made once for all of a crowd who may do the same, with each one's own name."""
    person = asked.person
    if person is None:
        return crowd.page((path, asked), lambda: answer(path, asked))
    by_anybody = asked._replace(person=replace(person, name=_NAME, guard=_GUARD))
    text = crowd.page((path, by_anybody), lambda: answer(path, by_anybody))
    return text.replace(_NAME, json.dumps(person.name)[1:-1]).replace(_GUARD, json.dumps(person.guard)[1:-1])


def answer(path: str, asked: Asked) -> str:
    """The page at an address as the browser takes it, also of rows that hold what no store put there."""
    told: HilError
    try:
        with engine.explained(engine.parse(asked.url)):
            return written(_shown(path, asked))
    except HilError as error:
        told = error
    except (LookupError, AttributeError, AssertionError) as error:  # rows that do not fit together
        logging.getLogger(__name__).exception("the page %s cannot be made", _page(path))
        told = StoreError(
            f"what is stored in {asked.place} cannot be understood",
            evidence=repr(error),
            remedy="`hil db check` looks at all of it",
        )
    return written(_framed(_page(path), [notice.unreadable(told)], asked))


def render(
    url: str | None,
    place: str,
    path: str,
    search: str,
    person: Person | None = None,
    lab: Path | None = None,
) -> Component:
    """The page at an address, or one that says why there is nothing to show and what to do."""
    return _shown(path, Asked(url, place, search, person, lab))


def _shown(path: str, asked: Asked) -> Component:
    page = _page(path)
    newest: RunHead | None = None
    body: list[Child]
    try:
        if page not in PAGES:
            body = [notice.unknown_page(path)]
        elif not exists(asked.url):
            body = [notice.no_results(asked.place, made=False)]
        else:
            newest, body = PAGES[page].show(asked)
    except HilError as error:
        body = [notice.unreadable(error)]
    return _framed(page, body, asked, newest)


def _page(path: str) -> str:
    return path.rstrip("/") or "/"


def _framed(page: str, body: list[Child], asked: Asked, newest: RunHead | None = None) -> Component:
    tabs = [(one.name, address) for address, one in PAGES.items() if one.in_bar]
    return shell(page, body, newest=newest, place=asked.place, tabs=tabs, person=asked.person)
