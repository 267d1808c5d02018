"""The page that explains: its examples are what they say, and what others link to is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from dash import html

import hil_dashboards
from hil.gate.marks import MARKS, TOLERATED, mark_of
from hil.measure.verdicts import Outcome
from hil.values import Method
from hil_dashboards import examples
from hil_dashboards.app import written
from hil_dashboards.pages.how_to_read import how_to_read_page


@pytest.fixture(scope="module")
def told() -> str:
    return written(html.Div(how_to_read_page()))


def test_there_is_an_example_of_each_verdict(told: str) -> None:
    marks = {mark_of(one.verdict) for one in examples.judged()}
    assert marks == {*MARKS.values(), TOLERATED}
    assert {one.verdict.outcome for one in examples.judged()} == set(Outcome)
    for _, word, _ in marks:
        assert f'"{word}"' in told


def test_there_is_an_example_of_each_method() -> None:
    assert [one.method for one in examples.measured()] == list(Method)


def test_the_change_is_found_where_it_is() -> None:
    (found,) = examples.shifted().found
    assert found.index == 30
    assert found.after / found.before == pytest.approx(1.03, abs=0.005)


def test_the_windows_count_and_their_energy_is_right(told: str) -> None:
    _, found, inferences = examples.traced()
    assert [one.invalid for one in found.windows] == [None] * 3
    for energy in examples.traced().energies_uj:
        assert energy == pytest.approx(1e6 * 9e-3 * 3.3 * 0.2 / inferences, rel=0.01)
    assert "3 windows of 126 inferences each, at 3.3 V" in told


def test_what_pages_link_to_is_there(told: str) -> None:
    there = {one["props"]["id"] for one in json.loads(told)["props"]["children"] if "id" in one["props"]}
    code = "".join(path.read_text() for path in Path(hil_dashboards.__file__).parent.rglob("*.py"))
    linked = set(re.findall(r"HOW_TO_READ\}#([\w-]+)", code))
    assert "methods" in linked
    assert linked <= there
    assert {"methods", "techniques", "bands", "verdicts"} <= there, "by the names that others know"
