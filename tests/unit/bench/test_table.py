from dataclasses import replace

import pytest

from hil.bench.table import Row, table_lines
from hil.values import Measure, Method

GOOD = Row(
    "qemu",
    "fastgrnn_digits",
    "q15",
    (
        Measure("accuracy", 0.9722, "1", Method.COUNTED, "labels", 0.002),
        Measure("golden_exact", 1.0, "1", Method.COUNTED, "bit-exact"),
        Measure("vectors", 540.0, "1", Method.COUNTED, "link"),
        Measure("instructions", 12_345.0, "instructions", Method.COUNTED, "timer", 40.0),
        Measure("stack_bytes", 600.0, "B", Method.MEASURED, "painted", 4.0),
    ),
)
FAILED = Row("nucleo-1", "fastgrnn_digits", "f32", (), error="nucleo-1: no frame in 2.0 s")


def test_each_figure_stands_under_its_head_and_says_how_it_was_obtained() -> None:
    lines = table_lines([GOOD, FAILED])
    head, _, good, failed = lines[:4]
    heads = "board model precision accuracy instructions stack B golden"
    assert " ".join(head.split()) == heads
    assert " ".join(good.split()) == "qemu fastgrnn_digits q15 97.22% 12,345 600 540/540 bit-exact"
    assert good.index("12,345") + len("12,345") == head.index("instructions") + len("instructions")
    assert failed.split() == ["nucleo-1", "fastgrnn_digits", "f32", "-", "-", "-", "failed"]
    assert "instructions (counted, timer, steps of 40)" in lines[-1]
    assert "stack_bytes (measured, painted, steps of 4)" in lines[-1]


def test_an_accuracy_below_all_is_not_shown_as_all() -> None:
    nearly = replace(GOOD, measures=(replace(GOOD.measures[0], value=0.99997),))
    assert table_lines([nearly])[2].split()[3] == "99.99%"


def test_a_regression_shows_its_errors_with_how_they_were_obtained() -> None:
    errors = (
        Measure("mean_absolute_error", 0.0123, "1", Method.COUNTED, "targets"),
        Measure("r_squared", 0.9641, "1", Method.COUNTED, "targets"),
    )
    head, _, row = table_lines([Row("qemu", "level", "q15", errors)])[:3]
    assert head.split()[3:] == ["mean", "abs.", "error", "R²", "golden"]
    assert row.split()[3:5] == ["0.0123", "0.964"]
    lines = table_lines([Row("qemu", "level", "q15", errors)])
    assert lines[-1] == "obtained: mean_absolute_error (counted, targets); r_squared (counted, targets)"


PLUGIN = (
    Measure("instructions", 12_321.0, "instructions", Method.COUNTED, "plugin"),
    Measure("stack_bytes", 608.0, "B", Method.COUNTED, "tracked"),
)
CLOCK = {"clock_hz": 25e6, "wait_states": 0.0}


def cycles(value: float, band: tuple[float, float] | None) -> Measure:
    return Measure("latency_cycles", value, "cycles", Method.ESTIMATED, "cycle-model-1", None, band, CLOCK)


def test_values_of_two_techniques_never_share_a_column() -> None:
    other = Row("b", "m", "f32", (Measure("instructions", 1.0, "instructions", Method.COUNTED, "other"),))
    heads, ways, _, good, second = table_lines([GOOD, other])[:5]
    assert heads.split()[3:] == ["accuracy", "instructions", "instructions", "stack", "B", "golden"]
    assert ways.split() == ["timer", "other"]
    assert good.split()[3:7] == ["97.22%", "12,345", "-", "600"]
    assert second.split()[3:7] == ["-", "-", "1", "-"]
    assert "instructions (counted, timer, steps of 40 | counted, other)" in table_lines([GOOD, other])[-1]


def test_a_row_shows_the_finer_of_two_techniques_and_the_legend_tells_of_the_other() -> None:
    both = replace(GOOD, measures=(*PLUGIN, *GOOD.measures))
    lines = table_lines([both, FAILED])
    assert lines[0].split()[4:] == ["instructions", "stack", "B", "golden"]
    assert lines[2].split()[4:6] == ["12,321", "608"]
    obtained, beside = lines[-2:]
    assert obtained.endswith("instructions (counted, plugin); stack_bytes (counted, tracked)")
    assert beside == (
        "stored beside them: instructions (counted, timer, steps of 40); "
        "stack_bytes (measured, painted, steps of 4)"
    )


def test_a_board_that_has_only_the_coarser_technique_keeps_it_in_a_column_of_its_own() -> None:
    both = replace(GOOD, measures=(*GOOD.measures, *PLUGIN))
    board = replace(GOOD, board="nucleo-1")
    lines = table_lines([both, board])
    assert lines[0].split()[4:10] == ["instructions", "instructions", "stack", "B", "stack", "B"]
    assert lines[1].split() == ["timer", "plugin", "painted", "tracked"]
    assert lines[3].split()[4:8] == ["12,345", "12,321", "600", "608"]
    assert lines[4].split()[4:8] == ["12,345", "-", "600", "-"]


@pytest.mark.parametrize(
    ("value", "band", "shown"),
    [
        (61_200.0, (58_752.0, 63_600.0), "61,200 ±4%"),
        (61_200.0, (59_364.0, 74_664.0), "61,200 -3/+22%"),
        (61_200.0, (61_200.0, 61_400.0), "61,200 -0/+0.3%"),
        (61_200.0, None, "61,200"),
        (0.0, (0.0, 5.0), "0 (0 to 5)"),
        (61.24, (58.79, 63.69), "61.2 ±4%"),
    ],
)
def test_a_band_stands_beside_its_value(value: float, band: tuple[float, float] | None, shown: str) -> None:
    (_, _, line, *_) = table_lines([Row("qemu", "m", "q15", (cycles(value, band),))])
    assert line == f"qemu   m      q15        {shown.rjust(len('cycles'))}  -"


def test_digits_line_up_under_each_other_whatever_their_bands() -> None:
    bands = ((58_752.0, 63_648.0), (59_364.0, 74_664.0), None)
    rows = [Row("qemu", f"m{place}", "q15", (cycles(61_200.0, band),)) for place, band in enumerate(bands)]
    ends = {line.index("61,200") for line in table_lines(rows)[2:5]}
    assert len(ends) == 1


def test_estimates_stand_after_instructions_and_tell_what_they_hold_for() -> None:
    latency = Measure(
        "latency_us", 2448.0, "us", Method.ESTIMATED, "cycle-model-1", None, (2374.6, 2986.6), CLOCK
    )
    row = replace(GOOD, measures=(cycles(61_200.0, (59_364.0, 74_664.0)), latency, *GOOD.measures))
    lines = table_lines([row])
    heads = "board model precision accuracy instructions latency us cycles stack B golden"
    assert " ".join(lines[0].split()) == heads
    assert " ".join(lines[2].split()[4:9]) == "12,345 2,448 -3/+22% 61,200 -3/+22%"
    how = "(estimated, cycle-model-1, clock 25 MHz, wait states 0)"
    assert f"latency_us {how}; latency_cycles {how}" in lines[-1]


def test_estimates_of_two_models_never_share_a_column() -> None:
    newer = replace(cycles(60_000.0, None), technique="cycle-model-2")
    rows = [Row("a", "m", "q15", (cycles(61_200.0, None),)), Row("b", "m", "q15", (newer,))]
    heads, ways, _, one, other = table_lines(rows)[:5]
    assert heads.split().count("cycles") == 2
    assert ways.split() == ["cycle-model-1", "cycle-model-2"]
    assert (one.split()[3:5], other.split()[3:5]) == (["61,200", "-"], ["-", "60,000"])


def test_conditions_that_differ_name_their_boards() -> None:
    fast = replace(cycles(61_200.0, None), conditions={"clock_hz": 168e6})
    rows = [Row(board, "m", "q15", (fast,)) for board in ("b", "c")]
    told = table_lines([Row("a", "m", "q15", (cycles(61_200.0, None),)), *rows])[-1]
    how = "estimated, cycle-model-1, clock"
    assert told == f"obtained: latency_cycles ({how} 25 MHz, wait states 0 on a | {how} 168 MHz on b, c)"


def test_tiers_of_a_cascade_tell_the_finer_technique_and_estimates_with_their_band() -> None:
    measures = (
        Measure("cascade_rate", 0.5, "1", Method.COUNTED, "path", 0.01),
        Measure("instructions_lower", 123_400.0, "instructions", Method.COUNTED, "timer", 40.0),
        Measure("instructions_lower", 123_391.0, "instructions", Method.COUNTED, "plugin"),
        replace(cycles(200.0, (190.0, 210.0)), metric="latency_cycles_lower"),
    )
    (line,) = (line for line in table_lines([Row("b", "m", "q7", measures)]) if "tier" in line)
    assert line == (
        "b m q7: the upper tier ran in 50.00%; 123,391 instructions without it, "
        "200 cycles ±5% without it by cycle-model-1 (medians)"
    )


def test_measured_and_estimated_tiers_of_two_boards_are_told_apart() -> None:
    tier = replace(cycles(200.0, (190.0, 210.0)), metric="latency_cycles_lower")
    counted = replace(tier, value=230.0, band=None, method=Method.MEASURED, technique="dwt", resolution=1.0)
    rate = Measure("cascade_rate", 0.5, "1", Method.COUNTED, "path", 0.01)
    rows = [Row("desk", "m", "q7", (rate, counted)), Row("twin", "m", "q7", (rate, tier))]
    desk, twin = (line for line in table_lines(rows) if "tier" in line)
    assert desk.endswith("; 230 cycles without it by dwt (medians)")
    assert twin.endswith("; 200 cycles ±5% without it by cycle-model-1 (medians)")


def test_the_tiers_of_a_cascade_are_told_apart() -> None:
    tiers = (
        Measure("cascade_rate", 2 / 3, "1", Method.COUNTED, "path", 0.01),
        Measure("instructions_lower", 123_400.0, "instructions", Method.COUNTED, "timer", 40.0),
        Measure("instructions_both", 456_000.0, "instructions", Method.COUNTED, "timer", 40.0),
    )
    cascade = Row("qemu", "msc_rnn_radar", "q7", (*GOOD.measures, *tiers))
    line = "qemu msc_rnn_radar q7: the upper tier ran in 66.67%; "
    line += "123,400 instructions without it, 456,000 instructions with it (medians)"
    assert line in table_lines([GOOD, cascade])
    never = Row(
        "qemu", "msc_rnn_radar", "q7", (Measure("cascade_rate", 0.0, "1", Method.COUNTED, "path"), tiers[1])
    )
    assert any(
        "ran in 0.00%; 123,400 instructions without it (medians)" in line for line in table_lines([never])
    )
    assert not any("tier" in line for line in table_lines([GOOD]))


def test_columns_stay_in_line_in_an_encoding_that_lacks_their_signs() -> None:
    rows = [
        Row("béta", "mod", "q15", (cycles(100, (90, 110)),)),
        Row("b", "mod", "q15", (cycles(100, (90, 120)),)),
    ]
    lines = table_lines(rows, "ascii")
    assert "100 +/-10%" in lines[2]
    assert lines[2].startswith(r"b\xe9ta  ")
    assert len({line.index("mod") for line in [lines[0], *lines[2:4]]}) == 1
    assert "100 ±10%     " in table_lines(rows)[2]


def test_no_name_leaves_its_line_or_column() -> None:
    lines = table_lines([GOOD, Row("qemu", "a\nb\x1b", "-", (), error="its name cannot be used")])
    assert [len(line.splitlines()) for line in lines[:4]] == [1] * 4
    assert lines[3].startswith(r"qemu   a\nb\x1b")
    assert lines[3].index("-") == lines[0].index("precision")


def test_nothing_ran_nothing_shown() -> None:
    assert table_lines([]) == []
