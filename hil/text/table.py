"""Tables in columns: names to the left, figures to the right."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import zip_longest


def table_lines(
    heads: Sequence[str],
    body: Sequence[Sequence[str]],
    *,
    rule: bool = True,
    left: Collection[int] = (0,),
) -> list[str]:
    """The lines of a table under its heads, with a ``rule`` between or not.

    A head may have several lines. Columns whose places are in ``left`` stand to the left, the others to the
    right; a negative place counts from the last.
    """
    titles = list(zip_longest(*(head.split("\n") for head in heads), fillvalue=""))
    widths = [max(map(len, column)) for column in zip(*titles, *body, strict=True)]
    to_left = {place % len(heads) for place in left}
    under = ["-" * width for width in widths]
    return [
        "  ".join(
            cell.ljust(width) if place in to_left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in [*titles, *([under] if rule else []), *body]
    ]
