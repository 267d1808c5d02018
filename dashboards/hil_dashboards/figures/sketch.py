"""Small pictures in a text: SVG that an image element shows, in the colours of the system's theme."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

WIDTH = 640
_LOOKS = (
    "text{font:13px system-ui,sans-serif;fill:#5f6b79}path{fill:none;stroke:#2462bd;stroke-width:1.6}"
    "path.pin{stroke:#5f6b79}rect{fill:#147a5229;stroke:#147a52}line{stroke:#b3261e;stroke-width:1.5}"
    "@media(prefers-color-scheme:dark){text{fill:#97a3b1}path{stroke:#7fb0f5}path.pin{stroke:#97a3b1}"
    "rect{fill:#5cc59629;stroke:#5cc596}line{stroke:#f28b82}}"
)


def picture(parts: Sequence[str], height: int) -> str:
    """An address of a picture made of SVG elements, ``WIDTH`` by ``height``: it is its own content."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}"><style>{_LOOKS}</style>{"".join(parts)}</svg>'
    )
    return "data:image/svg+xml," + quote(svg, safe="/:=,;'()")


def path(values: Sequence[float], top: float, bottom: float, style: str = "") -> str:
    """A line through values, from the left to the right, the largest at the ``top``."""
    low, high = min(values), max(values)
    step = WIDTH / max(1, len(values) - 1)
    room = (bottom - top) / ((high - low) or 1.0)
    points = " ".join(f"{at * step:.1f},{bottom - (one - low) * room:.1f}" for at, one in enumerate(values))
    return f'<path class="{style}" d="M{points}"/>'


def words(x: float, y: float, told: str) -> str:
    """A text, from a place on."""
    return f'<text x="{x:.1f}" y="{y:.1f}">{escape(told)}</text>'


def box(begin: float, end: float, top: float, bottom: float) -> str:
    """A rectangle between two places from the left."""
    return f'<rect x="{begin:.1f}" y="{top:.1f}" width="{end - begin:.1f}" height="{bottom - top:.1f}"/>'


def upright(x: float, top: float, bottom: float) -> str:
    """A line that marks a place."""
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}"/>'
