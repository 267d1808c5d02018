"""Measures of a traced session: each vector's own region, or nothing and the reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hil.errors import ProbeError
from hil.kinds import KINDS
from hil.measure.cycles import KindCost, RegionCost, calibration
from hil.measure.latency import cost_samples
from hil.measure.profile import PathCost
from hil.measure.traced import Traced, check_agreement, traced
from hil.values import Measure, Method

KIND = KINDS["qemu_mps2_an386"]
TECHNIQUE = calibration().technique


def _region(sequence: int, instructions: int, **more: object) -> RegionCost:
    cycles = 2 * instructions
    region = RegionCost(
        sequence=sequence,
        complete=True,
        instructions=instructions,
        low=cycles,
        nominal=cycles,
        high=cycles + 10,
        stack_bytes=100 + sequence,
        stack_exact=True,
        sp_read=False,
        stack_total_bytes=300,
        unknown=0,
        unknown_example=None,
        kinds={"alu": KindCost(instructions, cycles, cycles, cycles + 10)},
        paths=(PathCost(("run",), 1, instructions, cycles),),
    )
    return replace(region, **more)  # type: ignore[arg-type]


def _of(regions: list[RegionCost], numbers: list[int], ticks: list[int] | None = None) -> Traced:
    found = traced(regions, numbers, KIND, TECHNIQUE)
    if ticks is not None:
        counted = cost_samples(np.array(ticks, dtype=np.uint32), KIND.counter)
        check_agreement(found.samples[0], counted, KIND.counter.per_tick)
    return found


def _measures(found: Traced) -> dict[str, Measure]:
    return {measure.metric: measure for measure in found.measures}


def test_vectors_find_their_regions_by_number() -> None:
    found = _of([_region(9, 400), _region(7, 1000), _region(8, 200)], [7, 8, 9], [25, 5, 10])
    assert found.notes == ()
    assert [list(one.values) for one in found.samples] == [
        [1000, 200, 400], [80.0, 16.0, 32.0], [2000, 400, 800]
    ]  # fmt: skip
    measures = _measures(found)
    instructions, cycles, latency = (
        measures[name] for name in ("instructions", "latency_cycles", "latency_us")
    )
    assert (instructions.value, instructions.method, instructions.technique) == (
        400,
        Method.COUNTED,
        "plugin",
    )
    assert instructions.resolution is None
    assert (cycles.value, cycles.method, cycles.technique) == (800, Method.ESTIMATED, TECHNIQUE)
    assert cycles.conditions == {"wait_states": 0}
    assert latency.value == 800 / 25
    assert latency.conditions == {"clock_hz": 25e6, "wait_states": 0}
    error = calibration().integer
    assert cycles.band == pytest.approx((800 * (1 - error), 810 * (1 + error)))
    assert latency.band == pytest.approx(tuple(end / 25 for end in cycles.band or ()))
    assert (measures["stack_model_bytes"].value, measures["stack_model_bytes"].technique) == (109, "tracked")
    assert measures["stack_bytes"].value == 300
    assert found.profile is not None
    assert (found.profile.regions, found.profile.cycles) == (3, 3200)


def test_a_vector_computed_again_counts_once() -> None:
    found = _of([_region(0, 400), _region(1, 200), _region(0, 400)], [0, 1])
    assert list(found.samples[0].values) == [400, 200]
    assert found.profile is not None
    assert found.profile.regions == 2


@pytest.mark.parametrize(
    ("regions", "note"),
    [
        ([_region(0, 400)], "no cycles: the trace holds 1 of 2 inferences"),
        ([_region(0, 400), _region(1, 400, complete=False)], "no cycles: the trace holds 1 of 2 inferences"),
        ([], "no cycles: the trace holds none of 2 inferences"),
    ],
)
def test_a_vector_without_a_region_leaves_no_figure(regions: list[RegionCost], note: str) -> None:
    assert _of(regions, [0, 1]) == Traced(notes=(note,))


@pytest.mark.parametrize("ticks", [8, 9, 10, 11])
def test_a_counter_may_differ_by_its_resolution(ticks: int) -> None:
    within = abs(ticks * 40 - 380) <= 40
    if within:
        assert _of([_region(0, 380)], [0], [ticks]).measures
        return
    with pytest.raises(
        ProbeError, match=f"inference 0: {ticks * 40} instructions by its timer, 380 by the trace"
    ):
        _of([_region(0, 380)], [0], [ticks])


def test_a_stack_that_is_not_known_exactly_is_of_another_technique() -> None:
    found = _measures(_of([_region(0, 10, stack_exact=False), _region(1, 10)], [0, 1]))
    assert found["stack_model_bytes"].technique == "tracked-at-least"


def test_a_stack_pointer_that_had_to_be_read_is_a_condition() -> None:
    plain = _measures(_of([_region(0, 10), _region(1, 10)], [0, 1]))
    read = _measures(_of([_region(0, 10), _region(1, 10, sp_read=True)], [0, 1]))
    assert plain["stack_model_bytes"].conditions == {}
    assert read["stack_model_bytes"].conditions == {"sp": "read"}
    assert read["stack_model_bytes"].value == plain["stack_model_bytes"].value
    assert read["latency_cycles"].conditions == plain["latency_cycles"].conditions


def test_unknown_instructions_are_told() -> None:
    found = _of([_region(0, 10, unknown=3, unknown_example="b650 at 0x00000040"), _region(1, 10)], [0, 1])
    (note,) = found.notes
    assert note.startswith("cycles hold 3 instructions that the model does not know")
    assert note.endswith("b650 at 0x00000040")
