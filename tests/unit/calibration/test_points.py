"""Two sides of one image: compared where that means something, and never summed up across what differs."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from calibrated import point
from hil.calibration.points import Point, merged
from hil.calibration.told import NONE_YET, markdown_lines, table_lines
from hil.errors import CalibrationError


def with_conditions(one: Point, **conditions: str | float) -> Point:
    return replace(one, measured=replace(one.measured, conditions=conditions))


@pytest.mark.parametrize(
    ("cycles", "where"), [(929, "below"), (930, "in"), (1000, "in"), (1070, "in"), (1070.5, "above")]
)
def test_a_point_is_in_the_band_or_beside_it(cycles: float, where: str) -> None:
    one = point(cycles)
    assert (one.where, one.ratio, one.unjudged) == (where, cycles / 1000, None)


def test_other_wait_states_are_not_judged() -> None:
    four = with_conditions(point(1300), wait_states=4.0)
    assert four.unjudged == "measured at 4 wait states, estimated for 0"
    untold = with_conditions(point(1300), caches="off")
    assert untold.unjudged == "the board does not tell its wait states"


def test_points_merge_into_one_order_whoever_comes_first() -> None:
    points = [point(1100, session=f"s{number}", model=model) for number, model in enumerate("cab")]
    older = replace(points[0].estimated, date=points[0].estimated.date - timedelta(days=1), session="e0")
    same = replace(points[0], estimated=older)
    for order in itertools.permutations([*points, same]):
        assert merged(*[[one] for one in order]) == (points[1], points[2], same), "the older estimate stays"


def test_points_that_contradict_are_refused() -> None:
    one = point(1100)
    other = replace(one, estimated=replace(one.estimated, cycles=990))
    with pytest.raises(CalibrationError, match=r"1,100 measured, 1,000 estimated and 1,100 .* 990 estimated"):
        merged([one], [other])


def test_nothing_is_summed_up_across_conditions_chips_or_techniques() -> None:
    first = point(1100, session="s0")
    others = [
        with_conditions(point(1300, session="s1"), wait_states=4.0),
        replace(first, measured=replace(first.measured, session="s2", chip="another")),
        replace(first, measured=replace(first.measured, session="s3", clock_hz=8e6)),
        replace(first, measured=replace(first.measured, session="s4", technique="timer")),
        replace(
            first,
            measured=replace(first.measured, session="s5"),
            estimated=replace(first.estimated, technique="cycle-model-3"),
        ),
        point(1100, session="s6", synthetic=True),
    ]
    rows = markdown_lines(merged([first, *others]))[2:]
    assert len(rows) == 7
    assert all("| 1 | " in row for row in rows)
    tables = table_lines(merged([first, *others]))
    assert len([line for line in tables if line.startswith("1 image: ")]) == 7


def test_the_table_names_either_side_above_its_figures() -> None:
    points = merged([point(1050.5, session="s0", model="a"), point(1200, session="s1", model="b")])
    lines = table_lines(points)
    assert lines[0].startswith(
        "measured on b_l475e_iot01a, CPUID 0x410fc241, DBGMCU_IDCODE 0x10076415: dwt, "
    )
    assert lines[0].endswith("clock 16 MHz, wait states 0, caches off")
    assert lines[1] == "estimated: cycle-model-2, wait states 0, by QEMU 10.0.13"
    names = ["a", "q15", "inference", "100"]
    assert lines[6].split()[:4] == names
    assert lines[6].split()[4:] == ["1,050.5", "1,040.5", "to", "1,060.5", "1,000", "-7/+7%", "1.050", "yes"]
    assert lines[7].split()[-2:] == ["1.200", "above"]
    assert lines[-1] == "2 images: measured / estimated 1.050 to 1.200, median 1.125; in the band: 1 of 2"


def test_a_tiers_vectors_do_not_count_twice() -> None:
    whole = point(1100)
    tier = replace(point(500), region="lower tier alone")
    assert table_lines(merged([whole, tier]))[-1].startswith("1 image: measured / estimated 1.100;")


def test_made_up_points_say_so() -> None:
    assert table_lines([point(synthetic=True)])[0] == "synthetic: made up, nothing of it was measured"
    assert "synthetic, dwt" in markdown_lines([point(synthetic=True)])[2]
    assert "synthetic" not in "\n".join([*table_lines([point()]), *markdown_lines([point()])])


def test_without_points_the_page_says_that_there_are_none() -> None:
    assert markdown_lines([]) == [NONE_YET]
    assert table_lines([]) == []


def test_names_that_would_steer_a_terminal_or_a_table_are_escaped() -> None:
    one = replace(point(), model="m\x1b[2J")
    one = replace(one, measured=replace(one.measured, chip="a | b\x07"))
    text = "\n".join(table_lines([one]))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "a \\| b" in markdown_lines([one])[2]
