"""Every key of a TOML text is found where it stands."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import examples
from hil.lab.places import nearest, places

TEXT = '''# a lab = [file]
title = "a # b"

[boards.x]
kind = "k" # probe = 1
notes = """
[boards.y]
kind = 1
"""
  tags = [ "a,]", 'b}', # ] here
    "c" ]
power = { uhubctl = "1-1", "po rt" = 2 }

[ boards . "a.b" ]
serial.path = 1
[[verdicts.threshold]]
metric = 1
[[verdicts.threshold]]
other = [ 2, { metric = 3 } ]
  [verdicts.threshold.more]
  metric = 4
'''


def paths(tree: Any, above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    if isinstance(tree, list):
        tables = {(*above, str(number)) for number, one in enumerate(tree) if isinstance(one, dict)}
        numbered = ((one, (str(number),) if isinstance(one, dict) else ()) for number, one in enumerate(tree))
        return tables.union(*(paths(one, (*above, *number)) for one, number in numbered))
    if not isinstance(tree, dict):
        return set()
    here = {(*above, name) for name in tree}
    return here.union(*(paths(value, (*above, name)) for name, value in tree.items()))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("title", (2, 1)),
        ("boards", (4, 2)),
        ("boards/x", (4, 9)),
        ("boards/x/kind", (5, 1)),
        ("boards/x/notes", (6, 1)),
        ("boards/x/tags", (10, 3)),
        ("boards/x/power/uhubctl", (12, 11)),
        ("boards/x/power/po rt", (12, 28)),
        ("boards/a.b", (14, 12)),
        ("boards/a.b/serial/path", (15, 8)),
        ("verdicts/threshold", (16, 12)),
        ("verdicts/threshold/0/metric", (17, 1)),
        ("verdicts/threshold/1", (18, 3)),
        ("verdicts/threshold/1/other/1/metric", (19, 16)),
        ("verdicts/threshold/1/more/metric", (21, 3)),
    ],
)
def test_a_key_is_where_it_stands(path: str, place: tuple[int, int]) -> None:
    assert places(TEXT)[tuple(path.split("/"))] == place


def test_no_key_is_missing_and_none_is_made_up() -> None:
    assert set(places(TEXT)) == paths(tomllib.loads(TEXT))


def test_what_is_missing_is_told_by_what_is_around_it() -> None:
    found = places(TEXT)
    assert nearest(found, ("boards", "x", "probe")) == (4, 9)
    assert nearest(found, ("nothing",)) is None


@examples(100)
@given(text=st.text(alphabet="ab.=[]{}\"'\\#,\n 1", max_size=60))
def test_any_text_ends_and_one_that_is_toml_is_followed(text: str) -> None:
    found = places(text)
    try:
        document = tomllib.loads(text)
    except ValueError:
        return
    assert set(found) == paths(document)


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "{a=" * 100_000, "a." * 100_000])
def test_depth_is_no_matter(text: str) -> None:
    places(text)
