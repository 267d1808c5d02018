"""Verdicts: what is compared, how, and what is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hil.gate.wording import one_line
from hil.measure.vectors import signed_percent
from hil.measure.verdicts import Outcome, Series, Taken, Tolerance, judge, likeness
from hil.values import Measure, Method

CLOCK = {"clock_hz": 25e6}


def counted(value: float, technique: str = "plugin", **rest: object) -> Taken:
    measure = Measure("instructions", value, "instructions", Method.COUNTED, technique)
    return Taken(measure, **{"image": "a", "vectors": "v 10", **rest})


def measured(value: float, image: str = "a", reference: float | None = None) -> Taken:
    return Taken(
        Measure("latency_us", value, "us", Method.MEASURED, "dwt", conditions=CLOCK),
        image,
        "v 10",
        reference=reference,
    )


def series(runs: list[Taken], old: Taken) -> Series:
    assert len({likeness(one) for one in runs}) == 1
    place = next((place for place, one in enumerate(runs) if one is old), None)
    return Series(np.array([one.normal for one in runs]), [one.image for one in runs], place)


def history(runs: int, sigma: float = 0.01, seed: int = 0) -> list[Taken]:
    random = np.random.default_rng(seed)
    return [measured(float(100 * random.lognormal(0, sigma))) for _ in range(runs)]


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [(100, 100, Outcome.UNCHANGED), (100, 101, Outcome.REGRESSION), (100, 99, Outcome.IMPROVEMENT)],
)
def test_any_change_of_an_exact_metric_is_one(before: float, after: float, outcome: Outcome) -> None:
    verdict = judge("instructions", [counted(after)], [counted(before)])
    assert (verdict.outcome, verdict.tolerated) == (outcome, False)
    assert verdict.share == pytest.approx(after / before - 1)


def test_more_accuracy_is_better() -> None:
    def of(value: float) -> list[Taken]:
        return [Taken(Measure("accuracy", value, "1", Method.COUNTED, "labels"), "a", "v")]

    assert judge("accuracy", of(0.9), of(0.8)).outcome is Outcome.IMPROVEMENT
    assert judge("accuracy", of(0.8), of(0.9)).outcome is Outcome.REGRESSION
    assert judge("accuracy", of(0.1), of(0.0)).share is None


@pytest.mark.parametrize(
    ("tolerance", "tolerated"),
    [
        (Tolerance(share=0.01), True),
        (Tolerance(share=0.009), False),
        (Tolerance(amount=10), True),
        (Tolerance(amount=9), False),
    ],
)
def test_a_small_change_is_told_and_tolerated(tolerance: Tolerance, tolerated: bool) -> None:
    verdict = judge("instructions", [counted(1010)], [counted(1000)], tolerance)
    assert (verdict.outcome, verdict.tolerated) == (Outcome.REGRESSION, tolerated)


def test_the_finest_technique_of_both_is_compared() -> None:
    coarse, fine = counted(1040, "timer"), counted(1000)
    assert judge("instructions", [coarse, fine], [counted(1000), coarse]).before == fine.measure
    verdict = judge("instructions", [coarse, fine], [counted(1000, "timer")])
    assert verdict.after == coarse.measure


def test_a_tick_of_the_counter_is_no_change() -> None:
    def of(value: float) -> list[Taken]:
        one = counted(value, "timer")
        return [replace(one, measure=replace(one.measure, resolution=40.0))]

    assert judge("instructions", of(1040), of(1000)).outcome is Outcome.UNCHANGED
    assert judge("instructions", of(1080), of(1000)).outcome is Outcome.REGRESSION


def test_one_vector_that_went_the_other_way_is_a_change() -> None:
    def of(right: int) -> list[Taken]:
        return [Taken(Measure("accuracy", right / 540, "1", Method.COUNTED, "labels", 1 / 540), "a", "v")]

    assert judge("accuracy", of(530), of(531)).outcome is Outcome.REGRESSION


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (counted(9, "timer"), "other technique: counted by plugin now, counted by timer before"),
        (counted(9, vectors="v 20"), "over other vectors"),
        (
            replace(counted(9), measure=replace(counted(9).measure, unit="k")),
            "in instructions now, in k before",
        ),
        (
            replace(counted(9), measure=replace(counted(9).measure, conditions={"wait_states": 3.0})),
            "wait states not told now, 3 before",
        ),
    ],
)
def test_what_was_obtained_otherwise_is_not_compared(other: Taken, reason: str) -> None:
    verdict = judge("instructions", [counted(9)], [other])
    assert (verdict.outcome, verdict.reason) == (Outcome.NOT_COMPARABLE, reason)


def test_sizes_do_not_depend_on_vectors() -> None:
    def of(vectors: str) -> list[Taken]:
        return [Taken(Measure("flash_bytes", 9, "B", Method.COUNTED, "elf"), "a", vectors)]

    assert judge("flash_bytes", of("v 10"), of("v 20")).outcome is Outcome.UNCHANGED


def test_only_one_side() -> None:
    assert judge("instructions", [counted(1)], []).outcome is Outcome.NEW
    assert judge("instructions", [], [counted(1)]).outcome is Outcome.NO_DATA


def test_a_metric_without_a_better_way_is_never_worse() -> None:
    def of(value: float) -> list[Taken]:
        return [Taken(Measure("cascade_rate", value, "1", Method.COUNTED, "path"), "a", "v")]

    assert judge("cascade_rate", of(0.2), of(0.1)).outcome is Outcome.UNCHANGED


def test_noise_alone_is_no_verdict() -> None:
    old, new = measured(100), measured(130)
    verdict = judge("latency_us", [new], [old], history=series([old, new], old))
    assert verdict.outcome is Outcome.NO_DATA
    assert "noise is not known" in verdict.reason


def test_equal_values_need_no_noise() -> None:
    old, new = measured(0), measured(0)
    assert judge("latency_us", [new], [old]).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize(
    ("value", "outcome"), [(101, Outcome.UNCHANGED), (150, Outcome.REGRESSION), (60, Outcome.IMPROVEMENT)]
)
def test_a_short_history_of_one_image_tells_the_noise(value: float, outcome: Outcome) -> None:
    runs = history(8)
    new = measured(value, "b")
    assert judge("latency_us", [new], [runs[-1]], history=series([*runs, new], runs[-1])).outcome is outcome


def test_a_long_history_tells_a_change_point() -> None:
    runs = history(60)
    worse = [measured(one.measure.value * 1.05, "b") for one in history(8, seed=1)]
    verdict = judge("latency_us", [worse[-1]], [runs[-1]], history=series([*runs, *worse], runs[-1]))
    assert verdict.outcome is Outcome.REGRESSION
    assert verdict.share == pytest.approx(0.05, abs=0.01)
    assert "runs ago" in verdict.reason
    quiet = judge("latency_us", [runs[-1]], [runs[0]], history=series(runs, runs[0]))
    assert quiet.outcome is Outcome.UNCHANGED
    since = judge("latency_us", [worse[-1]], [worse[0]], history=series([*runs, *worse], worse[0]))
    assert since.outcome is Outcome.UNCHANGED  # the change lies before the baseline


def test_a_change_of_values_without_noise_says_so() -> None:
    before, after = measured(432.0), measured(561.0, "b")
    verdict = judge("latency_us", [after], [before], history=series([*[before] * 30, *[after] * 8], before))
    assert verdict.outcome is Outcome.REGRESSION
    assert verdict.reason == "its level changed by +29.9 % 8 runs ago, in values without noise"


def test_a_level_that_changed_by_another_percent_than_the_values_is_named() -> None:
    runs = history(60)
    worse = [measured(one.measure.value * 1.05, "b") for one in history(8, seed=1)]
    verdict = judge("latency_us", [worse[-1]], [runs[-1]], history=series([*runs, *worse], runs[-1]))
    assert verdict.share is not None
    told = signed_percent(verdict.share)
    assert told != signed_percent(worse[-1].measure.value / runs[-1].measure.value - 1)
    assert verdict.reason.startswith(f"its level changed by {told} 8 runs ago, ")
    assert one_line(verdict).endswith(f" (level {told})")
    twice = [*worse, *(measured(one.measure.value * 1.1, "c") for one in history(12, seed=2))]
    steps = judge("latency_us", [twice[-1]], [runs[-1]], history=series([*runs, *twice], runs[-1]))
    assert " in 2 steps, the last 12 runs ago, " in steps.reason


def test_a_reference_workload_takes_out_what_slows_everything() -> None:
    random = np.random.default_rng(0)
    drift = np.repeat([1.0, 1.3], 40)
    values = 100 * drift * random.lognormal(0, 0.005, 80)
    plain = [measured(float(value), f"image {place}") for place, value in enumerate(values)]
    normal = [
        measured(float(value), reference=float(slow)) for value, slow in zip(values, drift, strict=True)
    ]
    for runs, outcome in ((normal, Outcome.UNCHANGED), (plain, Outcome.REGRESSION)):
        told = judge("latency_us", [runs[-1]], [runs[0]], history=series(runs, runs[0]))
        assert told.outcome is outcome


def test_vectors_are_compared_with_themselves() -> None:
    costs = np.random.default_rng(0).uniform(10, 1000, 50)
    runs = [replace(one, samples=costs * one.measure.value) for one in history(8, sigma=0.001)]
    new = replace(measured(100, "b"), samples=costs * 102)
    verdict = judge("latency_us", [new], [runs[-1]], history=series([*runs, new], runs[-1]))
    assert verdict.outcome is Outcome.REGRESSION
    assert verdict.share == pytest.approx(0.02, abs=0.005)


def sampled(value: float, costs: np.ndarray, image: str) -> Taken:
    return replace(measured(value, image), samples=costs * value)


def test_a_long_history_does_not_hide_one_session_whose_vectors_all_changed() -> None:
    costs = np.random.default_rng(0).uniform(10, 1000, 50)
    runs = [sampled(one.measure.value, costs, f"image {place}") for place, one in enumerate(history(40))]
    for factor, outcome in ((1.2, Outcome.REGRESSION), (1.005, Outcome.UNCHANGED)):
        new = sampled(100 * factor, costs, "new")
        verdict = judge("latency_us", [new], [runs[-1]], history=series([*runs, new], runs[-1]))
        assert verdict.outcome is outcome, verdict.reason
    # A whole session's time alone may be an outlier: the next runs tell.
    alone, last = measured(120, "new"), measured(100)
    verdict = judge("latency_us", [alone], [last], history=series([*history(40), last, alone], last))
    assert verdict.outcome is Outcome.UNCHANGED


def test_what_went_and_came_back_is_no_change() -> None:
    runs = history(60)
    gone = [measured(one.measure.value * 1.1) for one in history(20, seed=1)]
    again = history(20, seed=2)
    told = judge("latency_us", [again[-1]], [runs[-1]], history=series([*runs, *gone, *again], runs[-1]))
    assert told.outcome is Outcome.UNCHANGED
    twice = [measured(one.measure.value * 1.2, "b") for one in history(20, seed=2)]
    told = judge("latency_us", [twice[-1]], [runs[-1]], history=series([*runs, *gone, *twice], runs[-1]))
    assert told.outcome is Outcome.REGRESSION
    assert told.share == pytest.approx(0.2, abs=0.02)


def test_a_step_of_the_clock_is_no_change() -> None:
    def of(value: float) -> list[Taken]:
        one = measured(value)
        return [replace(one, measure=replace(one.measure, resolution=1.0))]

    assert judge("latency_us", of(101), of(100)).outcome is Outcome.UNCHANGED
    assert judge("latency_us", of(102), of(100)).outcome is Outcome.NO_DATA


def test_a_session_without_a_reference_workload_is_not_compared_with_one_that_has_it() -> None:
    verdict = judge("latency_us", [measured(100, reference=2.0)], [measured(100)])
    assert (verdict.outcome, verdict.reason) == (
        Outcome.NOT_COMPARABLE,
        "without a reference workload before",
    )


def vectored(costs: list[float], resolution: float | None = None, image: str = "a") -> list[Taken]:
    """What a session counted of each vector, and the median of it."""
    one = counted(float(np.median(costs)), image=image, samples=np.array(costs))
    return [replace(one, measure=replace(one.measure, resolution=resolution))]


COSTS = [100.0 + number for number in range(20)]


def test_a_vector_alone_is_a_change() -> None:
    worse = [200.0 if place == 19 else cost for place, cost in enumerate(COSTS)]
    verdict = judge("instructions", vectored(worse), vectored(COSTS))
    assert (verdict.before, verdict.outcome) == (vectored(COSTS)[0].measure, Outcome.REGRESSION)
    assert verdict.after is not None
    assert verdict.after.value == np.median(COSTS), "the median does not tell it"
    assert verdict.vectors is not None
    assert (verdict.vectors.changed, verdict.vectors.count) == (1, 20)
    assert verdict.alone is not None
    assert (verdict.alone.vector, verdict.alone.before, verdict.alone.after) == (19, 119, 200)
    assert verdict.share == pytest.approx(81 / 119)
    assert verdict.reason == "1 of 20 vectors changed: +3.7 % in all, +68.1 % at most (vector 19)"
    assert judge("instructions", vectored(COSTS), vectored(worse)).outcome is Outcome.IMPROVEMENT
    assert judge("instructions", vectored(COSTS), vectored(COSTS)).outcome is Outcome.UNCHANGED


def test_what_the_median_and_the_mean_say_otherwise_is_worse() -> None:
    mixed = [cost - 1 if place < 12 else cost * 3 for place, cost in enumerate(COSTS)]
    verdict = judge("instructions", vectored(mixed), vectored(COSTS))
    assert np.median(mixed) < np.median(COSTS)
    assert verdict.outcome is Outcome.REGRESSION
    assert verdict.alone is not None
    assert verdict.alone.after > verdict.alone.before
    # The median is worse, the mean is better.
    before, after = [*COSTS[:19], 1000.0], [*(cost + 1 for cost in COSTS[:19]), 500.0]
    assert np.mean(after) < np.mean(before)
    verdict = judge("instructions", vectored(after), vectored(before))
    assert (verdict.outcome, verdict.alone) == (Outcome.REGRESSION, None)


def test_as_much_more_as_less_is_worse() -> None:
    turned = [COSTS[1], COSTS[0], *COSTS[2:]]
    verdict = judge("instructions", vectored(turned), vectored(COSTS))
    assert (verdict.outcome, verdict.tolerated) == (Outcome.REGRESSION, False)
    assert verdict.alone is not None
    assert verdict.alone.vector == 0
    micros = [[cost / 7 for cost in costs] for costs in (turned, COSTS)]  # whose sum is rounded
    assert judge("instructions", vectored(micros[0]), vectored(micros[1])).outcome is Outcome.REGRESSION


@pytest.mark.parametrize(
    ("tolerance", "tolerated"),
    [
        (Tolerance(share=0.038), True),  # of 109.5, the mean of all
        (Tolerance(share=0.036), False),
        (Tolerance(amount=4.1), True),
        (Tolerance(amount=4.0), False),
    ],
)
def test_what_vectors_changed_in_the_mean_may_be_tolerated(tolerance: Tolerance, tolerated: bool) -> None:
    worse = [*COSTS[:19], 200.0]
    verdict = judge("instructions", vectored(worse), vectored(COSTS), tolerance)
    assert (verdict.outcome, verdict.tolerated) == (Outcome.REGRESSION, tolerated)
    turned = [COSTS[1], COSTS[0], *COSTS[2:]]  # one more and one less, by 1 each: a tenth in the mean
    assert judge("instructions", vectored(turned), vectored(COSTS), Tolerance(amount=0.1)).tolerated
    assert not judge("instructions", vectored(turned), vectored(COSTS), Tolerance(amount=0.09)).tolerated


def test_a_tick_of_the_counter_is_no_change_of_a_vector() -> None:
    ticked = [cost + 40 * (place % 3 - 1) for place, cost in enumerate(COSTS)]
    assert judge("instructions", vectored(ticked, 40.0), vectored(COSTS, 40.0)).outcome is Outcome.UNCHANGED
    ticked[2] += 1
    found = judge("instructions", vectored(ticked, 40.0), vectored(COSTS, 40.0))
    assert found.vectors is not None
    assert (found.outcome, found.vectors.changed) == (Outcome.REGRESSION, 1)


def test_all_vectors_tell_no_more_than_the_value() -> None:
    verdict = judge("instructions", vectored([cost * 2 for cost in COSTS]), vectored(COSTS))
    assert verdict.alone is None
    assert verdict.share == pytest.approx(1.0)
    assert verdict.reason == "all 20 vectors changed: +100 % in all, +100 % at most (vector 19)"
    missing = judge(
        "instructions", vectored([*COSTS[:19], 200.0])[:1], [replace(vectored(COSTS)[0], samples=None)]
    )
    assert missing.outcome is Outcome.UNCHANGED, "there the values alone are compared"
