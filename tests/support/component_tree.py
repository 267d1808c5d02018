"""What a page of the dashboard is made of, for tests that look into it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from dash.development.base_component import Component
from dash_ag_grid import AgGrid


def nodes(tree: Any) -> Iterator[Component]:
    if isinstance(tree, Component):
        yield tree
        yield from nodes(getattr(tree, "children", None))
    elif isinstance(tree, list | tuple):
        for part in tree:
            yield from nodes(part)


def grids(tree: Any) -> list[AgGrid]:
    """The tables of a page, those too that are drawn once they come near the view."""
    found = []
    for node in nodes(tree):
        later = json.loads(getattr(node, "data-deferred", '{"type": ""}'))
        if isinstance(node, AgGrid):
            found.append(node)
        elif later["type"] == "AgGrid":
            found.append(AgGrid(**later["props"]))
    return found


def words(tree: Any) -> str:
    if isinstance(tree, Component):
        return words(getattr(tree, "children", None))
    if isinstance(tree, list | tuple):
        return " ".join(filter(None, map(words, tree)))
    return "" if tree is None else str(tree).strip()
