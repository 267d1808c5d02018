"""What an emulated board did, as samples: by its timeline, whose every cycle has its current."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.power.emulated.board import BoardKit
from hil.power.emulated.encode import Encoder
from hil.power.emulated.kit import CALIBRATION
from hil.power.emulated.play import Takes, played
from hil.power.emulated.timeline import (
    BEGINS,
    ENDS,
    PIN,
    RECORD,
    RESETS,
    SLEEPS,
    Event,
    Follower,
    Pass,
    passes,
)
from hil.power.ppk2 import wire
from hil.power.ppk2.decode import Decoder, Samples, aligned

VOLTS = 3.0
RUN_A, IDLE_A = 3.6e-3, 1.15e-3
TAKES = Takes(RUN_A, IDLE_A, 250.0)  # 25 MHz at 100 kS/s
MASK = 1 << 2


def samples(one: Pass, takes: Takes = TAKES, level: int = 0, first: int = 0) -> Samples:
    found = aligned(played(one, takes, MASK, level, Encoder(CALIBRATION, VOLTS), first))
    assert found.breaks == ()
    return Decoder(CALIBRATION, VOLTS).samples(found.words)


@pytest.mark.parametrize("ampere", [59e-6, 1.15e-3, 3.6e-3, 11.5e-3, 0.4])
def test_a_steady_current_is_told_to_a_few_millionths(ampere: float) -> None:
    told = aligned(Encoder(CALIBRATION, VOLTS).samples(ampere, MASK, 7, 6_400))
    assert told.breaks == ()
    found = Decoder(CALIBRATION, VOLTS).samples(told.words)
    assert not found.flaws.any()
    assert (found.digital == MASK).all()
    assert float(found.current_a.astype(float).mean()) == pytest.approx(ampere, rel=2e-5)


def test_one_formula_gives_a_value_and_the_table() -> None:
    table = CALIBRATION.amperes(VOLTS)
    for index, adc in ((0, 1), (2, 8_000), (4, 16_382)):
        assert CALIBRATION.ampere(index, adc, VOLTS) == pytest.approx(table[index << 14 | adc], rel=1e-6)


def test_an_edge_lies_in_the_sample_that_begins_before_it() -> None:
    found = samples(Pass(2_500, ((600, 1), (1_750, 0))))
    assert list(np.flatnonzero(found.digital)) == [2, 3, 4, 5, 6]
    assert set(found.digital) == {0, MASK}
    assert found.current_a == pytest.approx(RUN_A, rel=1e-3)


def test_the_last_sample_is_a_mean() -> None:
    found = samples(Pass(1_100, ((600, 1),)), level=0)
    assert len(found.current_a) == 5
    assert found.current_a[4] == pytest.approx(0.4 * RUN_A + 0.6 * IDLE_A, rel=1e-3)


@settings(deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.integers(1, 100_000), min_size=1, max_size=8),
    st.sampled_from([250.0, 800.0, 251.3, 816.32]),
    st.integers(0, 200),
)
def test_no_cycle_is_lost_between_samples(gaps: list[int], per_sample: float, first: int) -> None:
    at, edges = 0, []
    for number, gap in enumerate(gaps):
        at += gap
        edges.append((at, 1 - number % 2))
    takes = Takes(RUN_A, 0.0, per_sample)
    found = samples(Pass(at + 500, tuple(edges)), takes, first=first)
    assert len(found.current_a) == -(-(at + 500) // per_sample)
    charge = float(found.current_a.astype(float).sum()) * per_sample
    assert charge == pytest.approx(RUN_A * (at + 500), rel=1e-3, abs=2e-6 * per_sample)


def test_a_file_that_grows_is_read_in_whole_records(tmp_path: Path) -> None:
    path = tmp_path / "timeline"
    follower = Follower(str(path))
    assert follower.fresh() == []
    one, other = RECORD.pack(5, 4, PIN, 1), RECORD.pack(1 << 40, 6, SLEEPS, 0)
    path.write_bytes(one + other[:10])
    assert follower.fresh() == [Event(5, 4, PIN, 1)]
    path.write_bytes(one + other)
    assert follower.fresh() == [Event(1 << 40, 6, SLEEPS, 0)]
    assert follower.fresh() == []


def test_edges_that_no_sleep_parts_are_a_pass() -> None:
    events = [
        Event(1_000, 0, SLEEPS, 0),
        Event(5_000, 0, PIN, 1),
        Event(5_010, 0, BEGINS, 0),
        Event(9_000, 0, ENDS, 0),
        Event(9_010, 0, PIN, 0),
        Event(9_500, 0, SLEEPS, 0),
        Event(9_800, 0, SLEEPS, 0),
        Event(20_000, 0, PIN, 1),
        Event(30_000, 0, PIN, 0),
        Event(40_000, 0, PIN, 1),
    ]
    first, second = passes(events, margin=2_000)
    assert first == Pass(2_000 + 4_010 + 490, ((2_000, 1), (6_010, 0)))
    assert second == Pass(22_000, ((2_000, 1), (12_000, 0), (22_000, 1)))


def test_a_command_that_was_there_before_the_core_slept_is_a_pass_of_its_own() -> None:
    vector = [Event(5_000, 0, PIN, 1), Event(5_010, 0, BEGINS, 0), Event(9_000, 0, ENDS, 0)]
    vector.append(Event(9_010, 0, PIN, 0))
    repeats = [Event(12_000, 0, BEGINS, 0), Event(12_100, 0, PIN, 1), Event(14_000, 0, PIN, 0)]
    repeats.append(Event(14_010, 0, ENDS, 0))
    sleeps, later = Event(9_600, 0, SLEEPS, 0), Event(14_500, 0, SLEEPS, 0)
    (_, asleep), (first, awake) = (
        passes(events, 2_000) for events in ([*vector, sleeps, *repeats, later], [*vector, *repeats, later])
    )
    assert first.edges == ((2_000, 1), (6_010, 0))
    assert awake.edges == asleep.edges == ((2_000, 1), (3_900, 0))
    assert awake.cycles == asleep.cycles


def test_before_the_first_edge_a_pass_is_as_long_as_any_other() -> None:
    (one,) = passes([Event(700, 0, PIN, 1), Event(900, 0, RESETS, 0)], 2_000, Event(600, 0, SLEEPS, 0))
    assert one == Pass(2_200, ((2_000, 1),), idle=1_900)


def test_where_samples_fall_does_not_depend_on_when_the_board_woke() -> None:
    def told(woke: int) -> Samples:
        edges = [Event(5_130, 0, PIN, 1), Event(9_040, 0, PIN, 0)]
        (one,) = passes([*edges, Event(9_100, 0, SLEEPS, 0)], 2_000, Event(woke, 0, SLEEPS, 0))
        return samples(one)

    early, late = told(4_000), told(4_900)
    assert list(early.digital) == list(late.digital)
    first = int(np.flatnonzero(early.digital)[0])
    assert list(early.current_a[first:]) == list(late.current_a[first:])
    assert early.current_a[: first - 1].mean() > late.current_a[: first - 1].mean()  # it ran for longer


def told_by_a_kit(path: Path, waits: int, at: int) -> Samples:
    """What a kit tells of a board that wakes after so many samples, of which it is asked in two turns."""
    kit = BoardKit(str(path), 25e6, RUN_A, IDLE_A, 2, None)
    kit.take(wire.POWER_ON + wire.START, 0.0)
    kit.go_on(waits / wire.RATE_HZ)
    events = [Event(at, 0, SLEEPS, 0), Event(at + 40, 0, BEGINS, 0), Event(at + 90, 0, PIN, 1)]
    events += [Event(at + 70_021, 0, PIN, 0), Event(at + 70_100, 0, SLEEPS, 0)]
    path.write_bytes(b"".join(RECORD.pack(*one) for one in events))
    kit.go_on(waits / wire.RATE_HZ)
    found = aligned(bytes(kit.out))
    assert found.breaks == ()
    return Decoder(CALIBRATION, VOLTS).samples(found.words)


def test_a_command_is_told_alike_whenever_it_comes_and_however_much_nobody_has_read(tmp_path: Path) -> None:
    passes_told = []
    for number, (waits, at) in enumerate(((0, 900), (17, 900), (63, 12_345), (30_000, 40))):
        found = told_by_a_kit(tmp_path / str(number), waits, at)
        high = np.flatnonzero(found.digital)
        passes_told.append((len(high), float(found.current_a[high].astype(float).sum())))
    assert len(set(passes_told)) == 1
