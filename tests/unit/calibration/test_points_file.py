"""A file of points comes back as it was written, and every mistake in one is told by its line."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibrated import point
from fuzzing import examples
from hil.calibration.file import points_text, read_points, write_points
from hil.errors import CalibrationError

TEXT = points_text([point()])


def test_points_come_back_and_the_text_is_the_same_whatever_their_order(tmp_path: Path) -> None:
    points = [
        point(1100.5, session="s0"),
        replace(point(1200, session="s1", synthetic=True), region="both tiers"),
        replace(point(900, session="s2"), measured=replace(point(900).measured, session="s2", chip=None)),
    ]
    file = tmp_path / "points.toml"
    write_points(file, points)
    back = read_points(file)
    assert sorted(back, key=str) == sorted(points, key=str)
    assert points_text(reversed(back)) == file.read_text(encoding="utf-8")


def changed(old: str, new: str) -> str:
    assert TEXT.count(old) >= 1
    return TEXT.replace(old, new, 1)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(
    ("text", "at", "told"),
    [
        (changed("precision =", "percision ="), "percision =", "unknown key 'percision'.*'precision'"),
        (changed("clock_hz =", "clock ="), "clock =", "unknown key 'clock'"),
        (changed("region = ", "# "), "[[point]]", "a point has no region"),
        (changed("low = 930\n", ""), "[point.estimated]", "the estimated side of a point has no low"),
        (changed("vectors = 100", "vectors = 0"), "vectors = 0", "vectors must be a whole number from 1"),
        (changed("vectors = 100", "vectors = true"), "vectors = true", "vectors must be a whole number"),
        (changed("cycles = 1100", 'cycles = "1100"'), 'cycles = "', "cycles must be a number above 0"),
        (changed("cycles = 1100", "cycles = nan"), "cycles = nan", "cycles must be a number above 0"),
        (changed('image = "aa', 'image = "xa'), "image =", "image must be a SHA-256"),
        (
            changed("cycles = 1100", "cycles = 2000"),
            "cycles = 2000",
            "least, cycles, p99, most must not fall",
        ),
        (changed("high = 1070", "high = 990"), "cycles = 1000", "estimated: low, cycles, high must not fall"),
        (changed("03:00:07Z", "03:00:07"), "date =", "date must be a moment with its zone"),
        (changed("wait_states = 0", "wait_states = true"), "conditions =", "neither a text nor a number"),
        (changed('model = "m"', 'model = "m\\u001b"'), "model =", "model must be a text"),
        (changed("[point.measured]", "[point.weighed]"), "[point.weighed]", "unknown key 'weighed'"),
        (changed("format = 1", "format = 2"), "format =", "must have format = 1.*newer lab"),
        (TEXT.replace("[[point]]", "[other]\n[[point]]"), "[other]", "unknown key 'other'"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_column(tmp_path: Path, text: str, at: str, told: str) -> None:
    file = tmp_path / "points.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CalibrationError, match=told) as caught:
        read_points(file)
    assert f"{file}, line {line_of(text, at)}, column " in str(caught.value)


def test_a_mistake_in_a_later_point_is_told_where_it_is(tmp_path: Path) -> None:
    text = points_text([point(session="s0", model="a"), point(session="s1", model="b")])
    head, tail = text.rsplit("[point.estimated]", 1)
    text = f"{head}[point.estimated]{tail.replace('low = 930', 'low = -1')}"
    file = tmp_path / "points.toml"
    file.write_text(text)
    with pytest.raises(CalibrationError) as caught:
        read_points(file)
    assert f"line {line_of(text, 'low = -1')}, column 1" in str(caught.value)


def test_one_session_twice_in_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "points.toml"
    second = TEXT[TEXT.index("[[point]]") :]
    file.write_text(TEXT + second)
    with pytest.raises(CalibrationError, match="m/q15, inference of one session twice") as caught:
        read_points(file)
    assert f"line {TEXT.count(chr(10)) + 1}," in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff", b"a = ", b"x" * 10, b"format = " + b"1" * 5000])
def test_what_is_no_file_of_points_is_a_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "points.toml"
    file.write_bytes(content)
    with pytest.raises(CalibrationError, match="is no file of points"):
        read_points(file)


def test_a_folder_and_no_file_at_all_are_lines(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.toml"):
        with pytest.raises(CalibrationError, match="cannot read the points in"):
            read_points(path)


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "points.toml"
    file.write_text(TEXT)
    bad = replace(point(), model="m" * 300)
    with pytest.raises(CalibrationError, match="model must be a text of up to 256 letters"):
        write_points(file, [bad])
    assert file.read_text() == TEXT
    assert [one.name for one in tmp_path.iterdir()] == ["points.toml"]


@examples(150)
@given(at=st.integers(0, len(TEXT) - 1), cut=st.integers(0, 40), more=st.text(max_size=12))
def test_any_damage_is_a_line_or_still_makes_sense(
    tmp_path_factory: pytest.TempPathFactory, at: int, cut: int, more: str
) -> None:
    file = tmp_path_factory.mktemp("points") / "points.toml"
    file.write_text(TEXT[:at] + more + TEXT[at + cut :], encoding="utf-8", errors="replace")
    with suppress(CalibrationError):
        assert points_text(read_points(file)).startswith("# Cycles")
