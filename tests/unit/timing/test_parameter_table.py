"""The page about the cycle model has the model's own numbers."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

from hil.qemu.plugin import SOURCES

PAGE = Path(__file__).parents[3] / "docs" / "cycle-model.md"
_ROW = re.compile(r"\|\s*`(\w+)`\s*\|\s*`?(-?\d+)`?\s*\|")


def _numbers() -> dict[str, int]:
    """What parameters.h gives each of its names."""
    found = re.findall(r"\bX\((\w+), (-?\d+),", (SOURCES / "parameters.h").read_text())
    return {name: int(value) for name, value in found}


def _tables(page: str) -> list[list[tuple[str, int]]]:
    """The rows of a name and a number in each table of a page."""
    tables = [
        list(lines) for is_table, lines in groupby(page.splitlines(), lambda x: x.startswith("|")) if is_table
    ]
    rows = [[_ROW.match(line) for line in lines] for lines in tables]
    return [[(row[1], int(row[2])) for row in table if row is not None] for table in rows]


def test_the_page_lists_every_number_of_the_model_and_no_other() -> None:
    numbers = _numbers()
    assert numbers
    listed = [
        row
        for table in _tables(PAGE.read_text())
        if any(name in numbers for name, _ in table)
        for row in table
    ]
    assert sorted(listed) == sorted(numbers.items())
