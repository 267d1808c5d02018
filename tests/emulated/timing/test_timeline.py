"""The timing plug-in's timeline: edges, inferences, sleeps and resets, at the cycles that the trace tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hil.board import Board, open_board
from hil.image import Image, prebuilt_images
from hil.lab.boards import builtin_lab
from hil.measure.windows import windows
from hil.models.vectors import VectorSet, load_vectors
from hil.power.emulated.timeline import BEGINS, ENDS, PIN, RESETS, SLEEPS, Follower
from hil.qemu import runtime
from hil.qemu.timeline import TIMELINE_NAME
from hil.session import Session, first
from hil.values import Method, Precision

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("each_qemu")]

SPANS, WINDOW_S = 3, 0.1


@pytest.fixture(scope="module")
def board(each_qemu: None) -> Iterator[Board]:
    with open_board(replace(builtin_lab().boards[0], name="timed")) as opened:
        yield opened


@pytest.fixture(scope="module")
def vectors() -> VectorSet:
    return first(load_vectors("fastgrnn_digits", Precision.Q15), 5)


@pytest.fixture(scope="module")
def image(board: Board) -> Image:
    (elf,) = [one for one in prebuilt_images(board.kind.name) if one.stem == "fastgrnn_digits-q15"]
    return Image.load(elf)


def path_of(board: Board) -> Path:
    (running,) = [one for one in runtime.running() if one.name == board.name]
    return running.folder / TIMELINE_NAME


def followed(board: Board) -> Follower:
    return Follower(str(path_of(board)))


def test_regions_cost_what_the_trace_says(board: Board, image: Image, vectors: VectorSet) -> None:
    follower = followed(board)
    with Session(board, image) as session:
        follower.fresh()
        report = session.measure(vectors)
    events = follower.fresh()
    assert {one.event for one in events} == {PIN, BEGINS, ENDS, SLEEPS}
    cycles = next(one.values for one in report.samples if one.metric == "latency_cycles")
    begins = [one for one in events if one.event == BEGINS]
    ends = [one for one in events if one.event == ENDS]
    mark = 1  # an instruction, which is a NOP
    assert [end.cycles - begin.cycles - mark for begin, end in zip(begins, ends, strict=True)] == [*cycles]
    assert [one.value for one in events if one.event == PIN] == [1, 0] * len(vectors.inputs)
    assert [one.event for one in events if one.event != SLEEPS] == [PIN, BEGINS, ENDS, PIN] * len(cycles)
    assert all(np.diff([one.cycles for one in events]) >= 0)
    assert all(np.diff([one.instructions for one in events]) >= 0)


def test_time_goes_on_over_a_reset(board: Board, image: Image) -> None:
    follower = followed(board)
    with Session(board, image):
        before = follower.fresh()
    with Session(board, image):
        after = follower.fresh()
    assert before[-1].cycles <= after[0].cycles
    assert RESETS in {one.event for one in after}


def test_energy_of_a_repeat_is_what_its_cycles_took(board: Board, image: Image, vectors: VectorSet) -> None:
    """Through the kit, its driver, windows and the board's own time."""
    power, currents, clock_hz = board.power, board.kind.currents, board.kind.clock_hz
    assert power is not None
    assert currents is not None
    assert (power.method, power.technique) == (Method.MODELLED, "ppk2 model of STM32G431 currents")
    with Session(board, image) as session:
        cycles = session.measure(vectors).value("latency_cycles")
        count = int(WINDOW_S * clock_hz / cycles) + 1
        with power.probe() as probe:
            probe.supply(power.supply_v)
            probe.power(True)
            probe.start()
            (result,) = session.infer([vectors.inputs[0]], macs=vectors.macs)
            ticks = session.repeat(result.wire_number, count, SPANS, 60.0)
            trace = probe.stop()
    spans_s = power.spans_s(ticks)
    found = windows(trace, 0, spans_s, 1, power.clock_share)
    assert [one.invalid for one in found.windows] == [None] * SPANS
    for one, seconds in zip(found.windows, spans_s, strict=True):
        assert one.energy_j == pytest.approx(seconds * currents.run_a * power.supply_v, rel=1e-3)
        assert seconds == pytest.approx(count * cycles / clock_hz, rel=1e-3)


def test_a_board_without_a_probe_writes_none() -> None:
    with open_board(replace(builtin_lab().boards[0], name="bare", power=None)) as opened:
        assert opened.power is None
        assert opened.power_missing == "no power probe: the lab file says power = false"
        assert not path_of(opened).exists()
