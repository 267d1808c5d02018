"""The page on the cycle model says what the files of points say, and its example is one."""

from __future__ import annotations

import re
from pathlib import Path

from calibrated import point
from hil.calibration.file import read_points
from hil.calibration.points import Point, merged
from hil.calibration.told import NONE_YET, markdown_lines

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "cycle-model.md").read_text(encoding="utf-8")
FILES = sorted((DOCS / "points").glob("*.toml"))


def told_in(page: str) -> list[str]:
    """What stands between the page's two marks."""
    found = re.search(r"<!-- points -->\n(.*?)\n<!-- until here -->", page, re.DOTALL)
    assert found is not None
    return found[1].splitlines()


def points() -> tuple[Point, ...]:
    return merged(*(read_points(path) for path in FILES))


def test_the_page_sums_up_the_files() -> None:
    assert told_in(PAGE) == markdown_lines(points())


def test_a_page_that_says_something_else_is_told() -> None:
    row = markdown_lines([point()])
    page = PAGE.replace("\n".join(told_in(PAGE)), "\n".join(row))
    assert told_in(page) == row != [NONE_YET]
    assert told_in(page) != markdown_lines([point(1200)])


def test_no_file_there_is_made_up() -> None:
    assert not any(one.synthetic for one in points())


def test_the_example_is_a_file_and_says_that_it_is_made_up(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(format.*?)```", PAGE, re.DOTALL)
    assert example is not None
    path = tmp_path / "example.toml"
    path.write_text(example[1], encoding="utf-8")
    (one,) = read_points(path)
    assert one.synthetic
    assert set(one.image) == {"0"}
