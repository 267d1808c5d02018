"""Which values stand in one line of a chart, and where it is said that they changed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hil.metrics import LATENCY_CYCLES, REFERENCE_S, STREAM_S, VECTORS
from hil.report.chart import chart, steps
from hil.report.data import RunPoint, Series
from hil.report.reading import read_report
from hil.values import Measure, Method
from hil_db.comparing import Case
from hil_db.records import SessionRecord, Status
from report_runs import BEGAN, Add, record

CASE = Case("qemu", "qemu_mps2_an386", "m", "q15")


def history(
    url: str, metric: str, run: str = "latest", baseline: str | None = None, runs: int = 300
) -> Series:
    return read_report(url, run, baseline, None, Path.cwd(), runs).series[CASE, metric]


def timed(seconds: float, reference: float | None) -> SessionRecord:
    """A session of a host whose reference workload took so long."""
    measures = [STREAM_S.measure(seconds, Method.MEASURED, "host-clock", conditions={"link": "ram"})]
    if reference is not None:
        measures.append(REFERENCE_S.measure(reference, Method.MEASURED, "host-clock"))
    return replace(record(), measures=tuple(measures))


def test_values_are_those_of_the_runs_up_to_this_on_its_branch(add: Add, url: str) -> None:
    for cycles in (100, 200, 300, 400):
        add(record(cycles))
    add(record(999), git_branch="other")
    found = history(url, "latency_cycles", run="3")
    assert (found.places, found.values) == ((0, 1, 2), (100, 200, 300))
    assert found.baseline == 200
    assert history(url, "latency_cycles", run="4", runs=2).values == (300, 400)
    assert history(url, "latency_cycles", run="4", baseline="other").values == (100, 200, 300, 400)


def test_trials_of_old_commits_are_in_no_chart(add: Add, url: str) -> None:
    for cycles in (100, 200):
        add(record(cycles), git_branch=None)
        add(record(999), git_branch=None, command="hil bisect v1 main --model m --metric latency_cycles")
    assert history(url, "latency_cycles").values == (100, 200)
    assert history(url, "latency_cycles", run="4").values == (100, 200, 999), "but the one that is asked for"


def test_the_last_session_of_a_run_that_finished_counts(add: Add, url: str) -> None:
    failed = replace(record(7), status=Status.FAILED, error="hung")
    add(record(100), record(200))
    add(record(300), failed)
    add(failed)
    add(record(400))
    found = history(url, "latency_cycles")
    assert found.values == (200, 300, 400)
    assert found.lost == (2,)


@pytest.mark.parametrize(
    "other",
    [
        replace(record().measures[0], technique="cycle-model-1"),
        replace(record().measures[0], method=Method.MEASURED),
        replace(record().measures[0], conditions={"wait_states": 5.0}),
        replace(record().measures[0], unit="kcycles"),
    ],
)
def test_what_was_obtained_otherwise_is_not_in_the_line(add: Add, url: str, other: Measure) -> None:
    add(replace(record(), measures=(other,)))
    add(record(1100))
    add(record(1200))
    found = history(url, "latency_cycles")
    assert (found.places, found.values, found.others) == ((1, 2), (1100, 1200), 1)


def test_a_quick_look_at_a_few_vectors_is_not_in_the_line(add: Add, url: str) -> None:
    for count in (10, 540, 540):
        vectors = VECTORS.measure(count, Method.COUNTED, "link")
        add(replace(record(), measures=(*record().measures, vectors)))
    assert history(url, "latency_cycles").places == (1, 2)
    assert history(url, "flash_bytes").places == (0, 1, 2)


def test_times_are_those_of_a_host_as_fast_as_this_runs(add: Add, url: str) -> None:
    add(timed(2.0, None))
    add(timed(2.0, 0.01))
    add(timed(4.0, 0.02))
    add(timed(6.0, 0.03))
    found = history(url, "stream_s")
    assert found.scaled
    assert found.values == pytest.approx((6.0, 6.0, 6.0))
    assert found.baseline == pytest.approx(6.0)
    assert found.others == 1
    plain = history(url, "reference_s")
    assert not plain.scaled
    assert plain.values == (0.01, 0.02, 0.03)


def series(values: list[float], measure: Measure) -> Series:
    return Series(CASE, measure, tuple(range(len(values))), tuple(values), False, None, (), 0)


EXACT = LATENCY_CYCLES.measure(1, Method.ESTIMATED, "cycle-model-2")
NOISY = STREAM_S.measure(1, Method.MEASURED, "host-clock")


def test_an_exact_series_changes_with_every_other_value() -> None:
    found = steps(series([5, 5, 6, 6, 4], EXACT))
    assert [(one.place, one.before, one.after) for one in found] == [(2, 5, 6), (4, 6, 4)]


def test_a_noisy_series_changes_at_its_change_points() -> None:
    noise = np.random.default_rng(1).normal(0, 0.01, 60)
    values = list(np.exp(noise + np.log(np.where(np.arange(60) < 40, 2.0, 2.4))))
    (one,) = steps(series(values, NOISY))
    assert one.place == 40
    assert one.after / one.before == pytest.approx(1.2, rel=0.02)
    assert steps(series(values[:12], NOISY)) == ()
    assert steps(series([0.0, *values], NOISY)) == ()


@pytest.mark.parametrize("values", [[0.0, 0.0], [3.0], [1e-9, 2e-9], [1e12, 1e12 + 1], [-1.0, 1.0]])
def test_any_values_are_drawn_within_the_plot(values: list[float]) -> None:
    runs = [RunPoint(place + 1, BEGAN, None) for place in range(len(values))]
    drawn = chart(series(values, EXACT), runs, (), "of a test")
    line = re.search(r'class="line" d="([^"]*)"', drawn)
    assert line is not None
    assert "nan" not in drawn
    heights = [float(one) for one in re.findall(r"(?:M\d+ |V)([-\d.]+)", line[1])]
    assert all(0 <= one <= 100 for one in heights)
