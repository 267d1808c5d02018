"""MLPerf Tiny's definition of energy per inference, against a runner's own arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from hil.measure.energy import Pass
from hil.measure.mlperf import mlperf, mlperf_windows
from hil.measure.windows import Windows, idle_samples
from hil.power.base import PowerTrace
from hil.values import Method
from power_traces import CRYSTAL, IDLE_S, RATE_HZ, RUN_A, VOLTS, traced

SPAN = 123_457  # samples: no whole number of milliseconds
SPANS = 9  # eight of them are 9.9 s, so a little more is needed


def by_a_runner(trace: PowerTrace, inferences: int) -> float:
    """uJ per inference: samples of a kilohertz are added from one falling edge's place to another's."""
    each = int(trace.rate_hz // 1000)
    whole = len(trace) // each * each
    samples_j = (trace.current_a[:whole].astype(float) * trace.supply_v / trace.rate_hz).reshape(-1, each)
    samples_j = samples_j.sum(axis=1)
    at, rises = trace.edges(0)
    falls = at[~rises]
    first, last = falls[0] // each, falls[-1] // each
    return float(samples_j[first:last].sum()) / inferences * 1e6


def passed(span: int = SPAN, seed: int = 0, spans: int = SPANS) -> Pass:
    lengths = [span] * spans
    rng = np.random.default_rng(seed)
    trace = traced(lengths, (RUN_A * rng.uniform(0.9, 1.1, spans)).tolist(), noise_a=2e-4, seed=seed)
    found = mlperf_windows(trace, 0, [count / RATE_HZ for count in lengths], CRYSTAL)
    return Pass(trace, found, (spans - 1) * 10, idle_samples(trace, 0, IDLE_S))


def figures(passes: list[Pass]) -> tuple[dict[str, float], tuple[str, ...]]:
    found = mlperf(passes, method=Method.MEASURED, technique="ppk2", conditions={}, gain_share=0.0)
    assert {one.technique for one in found.measures} <= {"ppk2 mlperf"}
    return {one.metric: one.value for one in found.measures}, found.notes


def test_five_windows_come_to_what_a_runner_says() -> None:
    passes = [passed(SPAN + 2_000, seed) for seed in range(5)]
    told, notes = figures(passes)
    runner = sorted(by_a_runner(one.trace, one.inferences) for one in passes)
    assert told["energy_per_inference"] == pytest.approx(runner[2], rel=1e-9)
    assert set(told) == {"energy_per_inference", "power_avg"}, "nothing is subtracted"
    assert told["power_avg"] == pytest.approx(RUN_A * VOLTS * 1e3, rel=0.1)
    assert notes == ()


def test_a_window_shorter_than_ten_seconds_does_not_count() -> None:
    one = passed()
    assert [window.invalid for window in one.windows.windows] == ["it lasts 9.877 s, less than 10 s"]
    told, notes = figures([passed(SPAN + 2_000)] * 4 + [one])
    assert told == {}
    assert notes == (
        "no energy by MLPerf Tiny's rules: 4 of 5 windows count: it lasts 9.877 s, less than 10 s",
    )


def test_more_than_five_are_the_first_five() -> None:
    five = [passed(SPAN + 2_000, seed) for seed in range(5)]
    assert figures([*five, passed(SPAN + 30_000, 9)])[0] == figures(five)[0]


def test_samples_lost_in_one_span_of_a_window_show() -> None:
    trace = passed(SPAN + 2_000).trace
    keep = np.r_[0:500_000, 500_064 : len(trace)]
    lossy = PowerTrace(RATE_HZ, trace.current_a[keep], trace.digital[keep], trace.flaws[keep], trace.supply_v)
    found = mlperf_windows(lossy, 0, [(SPAN + 2_000) / RATE_HZ] * SPANS, CRYSTAL)
    assert found.windows[0].invalid == "125,393 samples, where the board counted 125,457 ± 3"


def test_no_edges_are_no_window() -> None:
    trace = passed(5_000).trace
    assert mlperf_windows(trace, 3, [0.05] * SPANS, CRYSTAL).missing is not None


@pytest.mark.parametrize("spans", [1, 2, 8])
def test_windows_begin_and_end_with_falling_edges(spans: int) -> None:
    with pytest.raises(ValueError, match=r"no even number between two falling edges"):
        mlperf_windows(passed(5_000).trace, 0, [0.05] * spans, CRYSTAL)


def test_no_passes_are_told() -> None:
    assert figures([])[1] == ("no energy by MLPerf Tiny's rules: 0 of 5 windows count",)
    empty = Pass(passed(5_000).trace, Windows((), "logic input 0 never changes"), 80)
    assert figures([empty])[1] == (
        "no energy by MLPerf Tiny's rules: 0 of 5 windows count: logic input 0 never changes",
    )
