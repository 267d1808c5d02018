"""Parts of a whole as Plotly draws them: a treemap or an icicle; each part's value holds those within it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from hil_dashboards.figures.look import LAYOUT

# White letters are readable on each, and each stands out from white and from near-black.
WHOLE_COLOUR = "#5b6675"
PART_COLOURS = ("#2f6db5", "#8a5a00", "#1c7a55", "#8650b5", "#b0406f", "#a8482f", "#0f7484", "#5f7414")

_EDGE = "rgba(255, 255, 255, 0.6)"
_LETTERS_LEAST = 10  # pixels; a name that needs smaller ones is not written


@dataclass(frozen=True)
class Node:
    """One part: ``parent`` is the id of what it is within, empty for the whole.

    ``value`` is all that it takes, with the parts within it. ``told`` are lines shown beside the pointer.
    """

    id: str
    parent: str
    label: str
    value: int
    told: tuple[str, ...]
    colour: str = WHOLE_COLOUR


def tree_figure(kind: Literal["treemap", "icicle"], nodes: Sequence[Node], **more: Any) -> dict[str, Any]:
    """Plotly's JSON of the nodes, each below its parent; the whole comes first. ``more`` are of the trace."""
    return {
        "data": [
            {
                "type": kind,
                "ids": [node.id for node in nodes],
                "parents": [node.parent for node in nodes],
                "labels": [escape(node.label) for node in nodes],
                "values": [node.value for node in nodes],
                "branchvalues": "total",
                "sort": kind == "treemap",
                "hovertext": ["<br>".join(map(escape, node.told)) for node in nodes],
                "hoverinfo": "text",
                "texttemplate": "%{label}",
                "marker": {"colors": [node.colour for node in nodes], "line": {"width": 1, "color": _EDGE}},
                "textfont": {"color": "#ffffff"},
                "outsidetextfont": {"color": "#ffffff"},
                "insidetextfont": {"color": "#ffffff"},
                "leaf": {"opacity": 1},
                "pathbar": {"textfont": {"color": "#ffffff"}, "thickness": 24},
                **more,
            }
        ],
        "layout": {
            "margin": {"l": 0, "r": 0, "t": 28, "b": 0},
            **LAYOUT,
            "uniformtext": {"minsize": _LETTERS_LEAST, "mode": "hide"},
        },
    }
