"""The passes in which energy is measured, and what a probe or a board that fails in one costs."""

from __future__ import annotations

import numpy as np
import pytest

from desk_power import IDLE_A, RUN_A, VOLTS, Desk
from hil.meters.base import Findings, Mishap
from hil.meters.power import Energy, Power, Profile
from hil.metrics import ENERGY_PER_INFERENCE, LATENCY_CYCLES
from hil.values import Method

COSTS_S = [0.002, 0.010, 0.0021, 0.004, 0.0039]


def metered(desk: Desk, wanted: Energy | None = None) -> Findings:
    cycles = LATENCY_CYCLES.samples(np.array(desk.costs_s) * 64e6, Method.MEASURED, "dwt")
    return Power(wanted or Energy()).after(desk.streamed(), Findings(samples=(cycles,)))


def values(found: Findings) -> dict[str, float]:
    return {one.metric: one.value for one in found.measures}


def test_energy_of_an_inference_is_what_the_board_took() -> None:
    desk = Desk(COSTS_S)
    found = metered(desk)
    assert (found.notes, found.mishaps) == ((), ())
    (energy,) = (one for one in found.measures if one.metric == ENERGY_PER_INFERENCE.name)
    assert energy.value == pytest.approx(RUN_A * VOLTS * 0.0039 * 1e6, rel=1e-3)
    assert (energy.method, energy.technique, energy.band) == (Method.MEASURED, "desk", None)
    assert [one.vector for one in found.passes] == [4]
    assert energy.conditions["gain_share"] == 0.01
    assert values(found)["current_idle"] == pytest.approx(IDLE_A * 1e3, rel=1e-3)
    assert values(found)["energy_net_per_inference"] == pytest.approx(
        (RUN_A - IDLE_A) * VOLTS * 0.0039 * 1e6, rel=1e-3
    )
    assert desk.asked == [(26, 3)], "three windows of a tenth of a second, a span each"
    assert desk.resets == 0
    assert len(found.passes) == 1


def test_a_window_of_a_second_has_an_edge_every_tenth() -> None:
    desk = Desk(COSTS_S, window_s=1.0, repeats=3, windows=5)
    found = metered(desk)
    assert desk.asked == [(26, 5 * 11)] * 3
    assert desk.resets == 2
    assert {one.inferences for one in found.passes} == {26 * 11}
    assert all(len(one.windows.valid) == 5 for one in found.passes)
    (energy,) = (one for one in found.measures if one.metric == ENERGY_PER_INFERENCE.name)
    assert energy.band is not None, "the interval over resets"


def test_windows_and_resets_are_as_many_as_are_asked_for() -> None:
    desk = Desk(COSTS_S)
    metered(desk, Energy(window_s=0.3, repeats=2))
    assert desk.asked == [(26, 3 * 3)] * 2
    assert desk.resets == 1


def test_a_pass_that_does_not_count_whole_is_taken_once_more() -> None:
    desk = Desk(COSTS_S, {0: "gap"})
    found = metered(desk)
    assert desk.resets == 1
    first, second = found.passes
    assert [one.invalid is None for one in first.windows.windows] == [False, True, True]
    assert len(second.windows.valid) == 3
    assert values(found)["energy_per_inference"] == pytest.approx(RUN_A * VOLTS * 0.0039 * 1e6, rel=1e-3)
    (note,) = found.notes
    assert note.startswith(
        "desk-1 fastgrnn_digits/q15: 1 of 6 windows of energy do not count: samples are lost"
    )


def test_passes_are_taken_again_once_and_no_more() -> None:
    desk = Desk(COSTS_S, dict.fromkeys(range(9), "gap"), repeats=2)
    assert len(metered(desk).passes) == 4
    assert desk.told == ["energy, 2 to go", "energy, 2 to go", "energy, 2 to go", "energy, 1 to go", ""]


def test_a_probe_that_is_unplugged_costs_the_energy_alone() -> None:
    desk = Desk(COSTS_S, {0: "unplug"})
    found = metered(desk)
    assert found.measures == ()
    no_energy, why = found.notes
    assert no_energy.startswith(
        "desk-1 fastgrnn_digits/q15: no energy: 0 of 0 windows count: "
        "the probe sent nothing for a while (it went away: Input/output error)"
    )
    assert why == (
        "desk-1 fastgrnn_digits/q15: power probe failed, its other results stand: "
        "desk-1: the power probe at /dev/ttyACM7 went away (no such device)"
    )
    assert found.mishaps == (
        Mishap(
            "power probe failed",
            "its energy is not complete, its other results stand",
            "desk-1: the power probe at /dev/ttyACM7 went away (no such device)",
        ),
    )
    assert len(found.passes) == 1, "what it saw is stored"


def test_a_probe_that_is_not_there_costs_the_energy_alone() -> None:
    desk = Desk(COSTS_S, unplugged=True)
    found = metered(desk)
    assert (found.measures, found.passes) == ((), ())
    assert [one.kind for one in found.mishaps] == ["power probe failed"]
    (note,) = found.notes
    assert "cannot open the power probe's port" in note


def test_a_board_that_stops_costs_the_energy_alone() -> None:
    """Its last vector is answered already; and it may be its supply that went away."""
    found = metered(Desk(COSTS_S, {0: "hang"}))
    assert found.measures == ()
    (mishap,) = found.mishaps
    assert mishap.kind == "failed while energy was measured"
    assert mishap.evidence.startswith("desk-1: no frame in 10.0 s (after 1,204 bytes)")


def test_a_supply_that_goes_with_its_board_is_named() -> None:
    (mishap,) = metered(Desk(COSTS_S, {0: "hang and unplug"})).mishaps
    assert "its power probe: the probe sent nothing for a while (it went away" in mishap.evidence


def test_a_vector_with_another_output_than_before_gives_no_energy() -> None:
    found = metered(Desk(COSTS_S, {0: "other"}))
    assert found.measures == ()
    assert found.mishaps == (), "it is the model's fault, and not the bench's"
    (note,) = found.notes
    assert "vector 4 has another output when it is computed once more ([4] before, [104] now)" in note


@pytest.mark.parametrize("channel", [0, None])
def test_a_pass_in_which_the_counter_stands_is_none(channel: int | None) -> None:
    found = metered(Desk(COSTS_S, {0: "stands"}, channel=channel))
    assert "the board's counter stands: it counted no tick of a span" in found.notes[0]
    first, second = found.passes
    assert (first.windows.windows, len(second.windows.valid)) == ((), 3)


def test_without_a_wire_windows_go_by_the_shape_of_the_current() -> None:
    found = metered(Desk(COSTS_S, channel=None))
    (energy,) = (one for one in found.measures if one.metric == ENERGY_PER_INFERENCE.name)
    assert energy.technique == "desk by shape"
    assert energy.value == pytest.approx(RUN_A * VOLTS * 0.0039 * 1e6, rel=5e-3)


def test_mlperfs_windows_are_five_of_ten_seconds() -> None:
    desk = Desk([0.9])
    found = metered(desk, Energy(profile=Profile.MLPERF))
    assert desk.asked == [(1, 13)] * 5, "a span before a falling edge, and twelve of 0.9 s"
    assert desk.resets == 4
    (energy,) = (one for one in found.measures if one.metric == ENERGY_PER_INFERENCE.name)
    assert energy.technique == "desk mlperf"
    assert energy.value == pytest.approx(RUN_A * VOLTS * 0.9 * 1e6, rel=1e-3)
    assert set(values(found)) == {"energy_per_inference", "power_avg"}


def test_mlperfs_edges_need_a_wire() -> None:
    found = metered(Desk([0.9], channel=None), Energy(profile=Profile.MLPERF))
    assert found.measures == ()
    assert "no logic input sees the board's sync pin: wire one" in found.notes[0]


def test_without_the_time_of_an_inference_nothing_is_begun() -> None:
    desk = Desk(COSTS_S)
    found = Power(Energy()).after(desk.streamed(), Findings())
    assert found.notes == (
        "desk-1 fastgrnn_digits/q15: no energy: nothing tells how long an inference takes",
    )
    assert desk.asked == []
