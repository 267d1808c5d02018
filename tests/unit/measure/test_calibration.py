"""The calibration table holds what it says of itself."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

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


def test_the_page_sums_it_up() -> None:
    same = _errors("same")
    assemblers = [
        point["estimated"] / point["published"] - 1
        for point in TABLE["point"]
        if point["code"] == "same" and point["published"] > 200
        and point["program"] not in ("cubic", "minver", "nbody", "st")
    ]  # fmt: skip
    assert len(same) - len(assemblers) == 4 + 4
    row = next(line for line in PAGE.read_text().splitlines() if line.startswith("| crypto in assembler"))
    mean, absolute = sum(assemblers) / len(assemblers), sum(map(abs, assemblers)) / len(assemblers)
    worst = max(assemblers, key=abs)
    assert row.split("|")[2:6] == [
        f" {len(assemblers)} ", f" {mean:.1%} ".replace("%", " %"), f" {absolute:.1%} ".replace("%", " %"),
        f" {worst:.1%} ".replace("%", " %"),
    ]  # fmt: skip
