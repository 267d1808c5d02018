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
    heads = "board model precision accuracy instructions flash B RAM B stack B golden"
    assert " ".join(head.split()) == heads
    assert " ".join(good.split()) == "qemu fastgrnn_digits q15 97.22% 12,345 - - 600 540/540 bit-exact"
    assert good.index("12,345") + len("12,345") == head.index("instructions") + len("instructions")
    assert failed.split() == ["nucleo-1", "fastgrnn_digits", "f32", "-", "-", "-", "-", "-", "failed"]
    assert "instructions (counted, timer, steps of 40)" in lines[-1]
    assert "stack_bytes (measured, painted, steps of 4)" in lines[-1]


def test_two_techniques_of_one_metric_are_both_named() -> None:
    other = Row("b", "m", "f32", (Measure("instructions", 1.0, "instructions", Method.COUNTED, "plugin"),))
    assert "instructions (counted, timer, steps of 40 | counted, plugin)" in table_lines([GOOD, other])[-1]


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


def test_nothing_ran_nothing_shown() -> None:
    assert table_lines([]) == []
