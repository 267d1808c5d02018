"""What stands below a plot: a sign for each kind of line and mark, and buttons that know what they hide."""

from __future__ import annotations

import json
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from dash import html

from component_tree import nodes, words
from hil_dashboards.figures.series import DASHES, SYMBOLS
from hil_dashboards.pages.plot_key import plot_key, sign


def test_a_key_names_what_is_drawn_and_knows_a_line_with_its_band() -> None:
    group = {"legendgroup": "line 0"}
    line = {"name": "a &amp; b", **group, "mode": "lines+markers", "line": {"color": "#123456"}}
    area = {**group, "mode": "lines", "line": {"width": 0}, "fill": "toself"}
    lost = {"name": "no value", "mode": "markers", "marker": {"symbol": "x-thin", "color": "#d64545"}}
    key = plot_key({"data": [area, line, lost]}, toggles=True)
    buttons = [one for one in nodes(key) if isinstance(one, html.Button)]
    assert [words(one) for one in buttons] == ["a & b", "no value"]
    assert [json.loads(getattr(one, "data-traces")) for one in buttons] == [[0, 1], [2]]
    assert {getattr(one, "aria-pressed") for one in buttons} == {"true"}
    assert "%23123456" in sign(line)
    assert not [one for one in nodes(plot_key({"data": [line]})) if isinstance(one, html.Button)]


@pytest.mark.parametrize("symbol", [*SYMBOLS, *(f"{one}-open" for one in SYMBOLS), "x-thin", "circle-x-open"])
@pytest.mark.parametrize("dash", DASHES)
def test_every_mark_and_dash_has_a_sign_of_its_own(symbol: str, dash: str) -> None:
    def of(symbol: str, dash: str) -> str:
        trace = {"mode": "lines+markers", "line": {"dash": dash}, "marker": {"symbol": symbol}}
        picture = unquote(sign(trace).removeprefix("data:image/svg+xml,"))
        assert ElementTree.fromstring(picture).tag.endswith("svg")
        return picture

    assert of(symbol, dash) not in {of(other, dash) for other in [*SYMBOLS, "x-thin"] if other != symbol}
    assert of(symbol, dash) not in {of(symbol, other) for other in DASHES if other != dash}
