"""Figures of energy, power and current, of the windows that count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emulated_energy import INFERENCES, modelled
from hil.measure.energy import EnergyFound, Pass, energy, peak_a
from hil.measure.windows import Window, Windows
from hil.values import Measure, Method
from power_probes import VOLTS as PROBE_VOLTS
from power_traces import IDLE_A, RUN_A, VOLTS, passed

SPAN = 10_000  # samples, 0.1 s
CONDITIONS = {"clock_hz": 80e6, "shunt": "VDD_MCU"}


def figures(*passes: Pass, method: Method = Method.MEASURED) -> EnergyFound:
    return energy(passes, method=method, technique="ppk2", conditions=CONDITIONS, gain_share=0.02)


def measures(found: EnergyFound) -> dict[str, Measure]:
    return {one.metric: one for one in found.measures}


def test_what_a_constant_current_comes_to() -> None:
    found = figures(*[passed([SPAN] * 5, per_window=1, inferences=10)] * 3)
    told = {name: one.value for name, one in measures(found).items()}
    uj = RUN_A * VOLTS * 0.1 / 10 * 1e6
    assert told == {
        "energy_per_inference": pytest.approx(uj),
        "energy_net_per_inference": pytest.approx(uj * (1 - IDLE_A / RUN_A)),
        "power_avg": pytest.approx(RUN_A * VOLTS * 1e3),
        "current_avg": pytest.approx(RUN_A * 1e3),
        "current_peak": pytest.approx(RUN_A * 1e3),
        "current_idle": pytest.approx(IDLE_A * 1e3),
    }
    assert found.notes == ()
    for one in found.measures:
        assert (one.method, one.technique) == (Method.MEASURED, "ppk2")
        assert one.band == (pytest.approx(one.value), pytest.approx(one.value))
        assert {**one.conditions, **CONDITIONS, "supply_v": VOLTS, "gain_share": 0.02} == one.conditions
    samples = {one.metric: one.values for one in found.samples}
    assert set(samples) == {"energy_per_inference", "energy_net_per_inference"}
    np.testing.assert_allclose(samples["energy_per_inference"], [uj] * 15)


def test_a_window_of_several_spans_counts_once_with_all_its_inferences() -> None:
    found = figures(passed([SPAN] * 12, per_window=4, inferences=40))
    energy_uj = measures(found)["energy_per_inference"]
    assert energy_uj.value == pytest.approx(RUN_A * VOLTS * 0.4 / 40 * 1e6)
    assert energy_uj.band is None, "of one reset nothing tells the spread over resets"
    assert len(found.samples[0].values) == 3


def test_the_value_is_the_median_of_windows_and_the_band_that_of_resets() -> None:
    resets = [passed([SPAN] * 3, [RUN_A * share] * 3) for share in (0.99, 1.0, 1.01)]
    held = measures(figures(*resets))["energy_per_inference"]
    uj = RUN_A * VOLTS * 0.1 / 10 * 1e6
    assert held.value == pytest.approx(uj)
    reach = 4.3027 * 0.01 / np.sqrt(3)  # Student's t of two degrees of freedom
    assert held.band == (pytest.approx(uj * (1 - reach)), pytest.approx(uj * (1 + reach)))


def test_how_uncertain_the_gain_is_does_not_widen_the_band() -> None:
    several = [passed([SPAN] * 3, [RUN_A * share] * 3) for share in (0.99, 1.01)]
    fine, coarse = (
        energy(several, method=Method.MEASURED, technique="ppk2", conditions={}, gain_share=share)
        for share in (0.0, 0.1)
    )
    assert [one.band for one in fine.measures] == [one.band for one in coarse.measures]
    assert {one.conditions["gain_share"] for one in coarse.measures} == {0.1}


def invalid(one: Pass, *places: int, reason: str = "samples are lost") -> Pass:
    held = [
        replace(window, invalid=reason) if place in places else window
        for place, window in enumerate(one.windows.windows)
    ]
    return replace(one, windows=Windows(tuple(held)))


def test_windows_that_do_not_count_are_told_and_left_out() -> None:
    spoiled = passed([SPAN] * 5, [RUN_A, RUN_A, 50 * RUN_A, 50 * RUN_A, RUN_A])
    found = figures(invalid(spoiled, 2, 3))
    assert measures(found)["current_peak"].value == pytest.approx(RUN_A * 1e3)
    assert len(found.samples[0].values) == 3
    assert found.notes == ("2 of 5 windows of energy do not count: samples are lost (2 times)",)


@pytest.mark.parametrize(
    ("passes", "note"),
    [
        ([], "no energy: 0 of 0 windows count"),
        ([passed([SPAN] * 2)], "no energy: 2 of 2 windows count"),
        (
            [invalid(passed([SPAN] * 8), 0, 1, 2, 3, 4)],
            "no energy: 3 of 8 windows count: samples are lost (5 times)",
        ),
        (
            [replace(passed([SPAN] * 3), windows=Windows((), "logic input 0 never changes"))] * 3,
            "no energy: 0 of 0 windows count: logic input 0 never changes (3 times)",
        ),
    ],
)
def test_too_few_windows_are_no_figure(passes: list[Pass], note: str) -> None:
    found = figures(*passes)
    assert (found.measures, found.samples, found.notes) == ((), (), (note,))


def test_a_pass_without_windows_lost_them_all() -> None:
    whole = passed([SPAN] * 5)
    lost = replace(whole, windows=Windows((), "logic input 0 never changes"))
    why = "logic input 0 never changes"
    assert figures(whole, lost).notes == (f"5 of 10 windows of energy do not count: {why}",)
    found = figures(whole, lost, lost)
    assert found.notes == (f"no energy: 5 of 15 windows count: {why} (2 times)",)
    assert found.measures == ()


def test_a_pass_without_a_rest_takes_that_of_the_others() -> None:
    restless = replace(passed([SPAN] * 3), idle=None)
    told = measures(figures(passed([SPAN] * 3), restless))
    assert told["energy_net_per_inference"].value == pytest.approx((RUN_A - IDLE_A) * VOLTS * 0.1 / 10 * 1e6)
    assert told["current_idle"].band is None
    assert "energy_net_per_inference" not in measures(figures(restless))
    assert "current_idle" not in measures(figures(restless))


def test_a_glitch_is_no_peak_but_what_lasts_is() -> None:
    one = passed([100_000] * 3)
    window = one.windows.windows[0]
    one.trace.current_a[window.begin + 500 : window.begin + 505] = 1.0
    assert peak_a(one.trace, window) == pytest.approx(RUN_A)
    one.trace.current_a[window.begin + 500 : window.begin + 1_000] = 0.02
    assert peak_a(one.trace, window) == pytest.approx(0.02)
    assert measures(figures(one))["current_peak"].value == pytest.approx(RUN_A * 1e3), (
        "in one window of three"
    )


def test_a_window_shorter_than_a_peak_has_one() -> None:
    one = passed([5] * 3)
    assert peak_a(one.trace, Window(one.windows.windows[0].begin, one.windows.windows[0].end, 0.0)) > 0


def test_supplies_differ_in_no_session() -> None:
    with pytest.raises(ValueError, match=r"passes at 1.8 and 3.3 V"):
        figures(passed([SPAN] * 3), passed([SPAN] * 3, volts=1.8))


def test_another_calibration_is_another_condition() -> None:
    held = passed([SPAN] * 3)
    other = replace(held, trace=replace(held.trace, calibration={"R0": 1001.0, "hardware": "9173"}))
    again = replace(held, trace=replace(held.trace, calibration={"hardware": "9173", "R0": 1001.0}))
    drifted = replace(held, trace=replace(held.trace, calibration={"R0": 1001.5, "hardware": "9173"}))
    digests = [figures(one).measures[0].conditions["calibration"] for one in (other, again, drifted)]
    assert digests[0] == digests[1] != digests[2]
    assert "calibration" not in figures(held).measures[0].conditions


def test_what_edges_cannot_tell_is_the_resolution() -> None:
    """So that modelled energy, which repeats, is equal although a window began between other samples."""
    for shift in (-1, 0, 1):
        first, second = (
            measures(figures(passed([SPAN + by] * 3), method=Method.MODELLED))["energy_per_inference"]
            for by in (0, shift)
        )
        assert first.resolution == pytest.approx(first.value * 2 / SPAN)
        assert abs(first.value - second.value) <= first.resolution


@pytest.mark.parametrize("per_window", [1, 3])
@pytest.mark.parametrize("run_a", [1.37e-3, 3.6e-3, 11.5e-3, 30.1e-3])
def test_modelled_figures_are_the_boards_and_repeat_up_to_their_resolution(
    per_window: int, run_a: float
) -> None:
    """Whatever the sample between whose neighbours the board begins: the kit's steps vary with it."""
    span = 2_512_345 // per_window
    board = (run_a, run_a / 3.1, 25e6, [span] * (3 * per_window), per_window)
    first = modelled(*board, 0)
    taken_uj = run_a * PROBE_VOLTS * span * per_window / 25e6 / INFERENCES * 1e6
    assert first["energy_per_inference"].value == pytest.approx(taken_uj, rel=1e-3)
    assert first["current_idle"].value == pytest.approx(run_a / 3.1 * 1e3, rel=1e-3)
    for phase in range(7, 1_500, 101):
        for name, one in modelled(*board, phase).items():
            assert one.resolution is not None
            assert abs(one.value - first[name].value) <= one.resolution, name
