"""Scripts in the index: of every page, and of what not every page has; and our files, which browsers keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from flask import Flask, Response, request

# Dash's own table, which no page has.
_UNUSED = re.compile(r'<script src="[^"]*/dash_table/[^"]*"></script>\s*')
# Components that pages with plots or choosers have: their namespace, and the script elements they come with.
_LATER = {
    namespace: re.compile(rf'<script src="([^"]*/{folder}/[^"]*)"></script>\s*')
    for namespace, folder in (
        ("dash_core_components", "dcc"),
        ("dash_mantine_components", "dash_mantine_components"),
    )
}
# What Dash's components ask for once they are drawn, when nothing else is left to do: asked for before.
_SUITES = "/_dash-component-suites/"
_CHUNKS = {
    "dash_core_components": (
        ("dash", "dash/dcc/async-graph.js"),
        ("plotly", "plotly/package_data/plotly.min.js"),
    ),
    "dash_ag_grid": (("dash-ag-grid", "dash_ag_grid/async-community.js"),),
}
_OWN = "/assets/"
_ASSETS = Path(__file__).parent / "assets"
_ASSET = re.compile(r'(?P<start>(?:src|href)="/assets/(?P<name>[\w.-]+))\?m=[^"]*')
_KEPT = "private, max-age=31536000, immutable"  # a year: what has another content has another address


def parted(scripts: str) -> tuple[str, dict[str, list[str]]]:
    """The script elements of every page; and of the others the addresses, by the namespace they are of."""
    kept = _UNUSED.sub("", scripts)
    later: dict[str, list[str]] = {}
    for namespace, element in _LATER.items():
        later[namespace] = element.findall(kept) + _chunks(namespace)
        kept = element.sub("", kept)
    grids = [f'<script defer src="{one}"></script>' for one in _chunks("dash_ag_grid")]
    return "\n".join([*grids, kept]), later


def _chunks(namespace: str) -> list[str]:
    """The addresses of the scripts that components of a namespace are drawn with, by their versions."""
    return [f"{_SUITES}{path}?v={_installed(name)}" for name, path in _CHUNKS.get(namespace, ())]


class Needs:
    """Which of those scripts pages had a use for when they were last asked for.

    The index of such a page asks for them at once, while the server makes the content.
    """

    def __init__(self, pages: Mapping[str, object]) -> None:
        self._pages = pages
        self._had: dict[str, list[str]] = {}

    def note(self, page: str, content: str) -> None:
        """What a page's content has; an address that is no page's is forgotten."""
        if page in self._pages:
            self._had[page] = [one for one in _LATER if f'"namespace":"{one}"' in content]

    def of(self, page: str) -> list[str]:
        """The namespaces that a page had."""
        return self._had.get(page, [])


def versioned(index: str) -> str:
    """The index with addresses of our own files that say what is in them."""
    return _ASSET.sub(lambda one: f"{one['start']}?v={_changed(one['name'])}", index)


def keep_versions(server: Flask) -> None:
    """Let browsers keep a file that they asked for by such an address, and not ask for it at every load."""

    @server.after_request
    def tell(response: Response) -> Response:
        asked = request.args.get("v")
        if asked and response.status_code == 200 and asked == _version(request.path):
            response.headers["Cache-Control"] = _KEPT
        return response


def _version(path: str) -> str:
    """What such an address of a file says; nothing for one that has none."""
    for name, installed in (one for some in _CHUNKS.values() for one in some):
        if path == _SUITES + installed:
            return _installed(name)
    name = path.removeprefix(_OWN)
    return _changed(name) if name != path else ""


@lru_cache
def _installed(name: str) -> str:
    return version(name)


def _changed(name: str) -> str:
    try:
        changed = (_ASSETS / name).stat().st_mtime_ns
    except OSError:
        return ""
    return _digest(name, changed)


@lru_cache
def _digest(name: str, _changed: int) -> str:
    return sha256((_ASSETS / name).read_bytes()).hexdigest()[:12]
