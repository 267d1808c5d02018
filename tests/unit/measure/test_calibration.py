"""The calibration table holds what it says of itself."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hil.measure import cycles
from hil.measure.cycles import calibration
from hil.qemu.plugin import SOURCES

TABLE = tomllib.loads((Path(cycles.__file__).parent / "calibration.toml").read_text())
PAGE = Path(__file__).parents[3] / "docs" / "cycle-model.md"


def _errors(code: str) -> list[float]:
    return [point["estimated"] / point["published"] - 1 for point in TABLE["point"] if point["code"] == code]


def test_the_band_holds_every_point_of_the_same_code() -> None:
    assert len(_errors("same")) >= 20
    assert max(map(abs, _errors("same"))) <= calibration().integer < calibration().floating


def test_every_point_says_where_it_is_from() -> None:
    assert {point["code"] for point in TABLE["point"]} == {"same", "compiled"}
    assert all("@" in point["source"] and point["board"] for point in TABLE["point"])
    assert len({point["program"] for point in TABLE["point"]}) == len(TABLE["point"])


def test_it_is_of_the_present_model() -> None:
    version = re.search(r'MODEL_VERSION "(.*)"', (SOURCES / "parameters.h").read_text())
    assert version is not None
    assert TABLE["model_version"] == version[1]
    assert f"`{calibration().technique}`" in PAGE.read_text()


# The rows of the page, by how they begin.
_ROWS = {
    "assembler (": "assembler",
    "four functions": "small",
    "soft-float library": "library",
    "crypto in C": "c",
    "Embench in C": "c embench",
}


def _row(begins: str) -> list[str]:
    line = next(line for line in PAGE.read_text().splitlines() if line.startswith(f"| {begins}"))
    return [cell.strip() for cell in line.split("|")[2:6]]


def _summed(points: list[dict[str, Any]]) -> list[str]:
    errors = [point["estimated"] / point["published"] - 1 for point in points]
    mean, absolute = sum(errors) / len(errors), sum(map(abs, errors)) / len(errors)
    shown = (f"{one:.1%}".replace("%", " %") for one in (mean, absolute, max(errors, key=abs)))
    return [str(len(points)), *shown]


@pytest.mark.parametrize("begins", _ROWS)
def test_the_page_sums_a_group_up(begins: str) -> None:
    assert _row(begins) == _summed([point for point in TABLE["point"] if point["group"] == _ROWS[begins]])


def test_every_group_has_a_row() -> None:
    assert {point["group"] for point in TABLE["point"]} == set(_ROWS.values())


def test_the_page_sums_up_what_no_rule_was_made_by() -> None:
    assert _row("of these, held out") == _summed([point for point in TABLE["point"] if point.get("held_out")])


def test_assembler_is_near() -> None:
    points = [point for point in TABLE["point"] if point["group"] in ("assembler", "small")]
    errors = [abs(point["estimated"] / point["published"] - 1) for point in points]
    assert sum(errors) / len(errors) <= 0.015
    assert max(errors) <= 0.05


def test_the_page_lists_every_point_held_out() -> None:
    rows = re.findall(r"^\| [^|]*\((\d+)\) \| [^|]* \| [^|]* \| [^|]* % \|$", PAGE.read_text(), re.MULTILINE)
    assert sum(map(int, rows)) == sum(point.get("held_out", False) for point in TABLE["point"]) >= 10
