"""What a page of the dashboard is made of, for tests that look into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dash.development.base_component import Component


def nodes(tree: Any) -> Iterator[Component]:
    if isinstance(tree, Component):
        yield tree
        yield from nodes(getattr(tree, "children", None))
    elif isinstance(tree, list | tuple):
        for part in tree:
            yield from nodes(part)


def words(tree: Any) -> str:
    if isinstance(tree, Component):
        return words(getattr(tree, "children", None))
    if isinstance(tree, list | tuple):
        return " ".join(filter(None, map(words, tree)))
    return "" if tree is None else str(tree).strip()
