"""Tables in columns: the first to the left, figures to the right."""

from __future__ import annotations

from collections.abc import Sequence


def table_lines(heads: Sequence[str], body: Sequence[Sequence[str]], *, rule: bool = True) -> list[str]:
    """The lines of a table under its heads, with a ``rule`` between or not."""
    widths = [max(map(len, column)) for column in zip(heads, *body, strict=True)]
    under = [["-" * width for width in widths]] if rule else []
    return [_line(cells, widths) for cells in [heads, *under, *body]]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    figures = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return "  ".join([cells[0].ljust(widths[0]), *figures]).rstrip()
