"""The kit of an emulated board, a process, through the driver: what its timeline says is what is measured."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hil.errors import PowerProbeError
from hil.kinds import KINDS
from hil.lab.boards import builtin_lab
from hil.measure.windows import Windows, windows
from hil.power.base import Flaw, PowerProbe, PowerTrace
from hil.power.board import BoardPower
from hil.power.emulated.process import EmulatedKit
from hil.power.opening import kit_of, of_emulator
from timelines import CLOCK_HZ, Timeline

KIND = KINDS["qemu_mps2_an386"]
CURRENTS = KIND.currents
SPANS = [2_500_000, 2_600_000, 2_499_999]  # a tenth of a second each


@dataclass
class Kit(AbstractContextManager["Kit"]):
    """The kit, as a board has it."""

    process: EmulatedKit
    power: BoardPower

    def __exit__(self, *_: object) -> None:
        self.process.close()


def kit(folder: Path, fault: str | None = None, channel: int | None = 0) -> Kit:
    (board,) = builtin_lab().boards
    assert board.power is not None
    assert CURRENTS is not None
    spec = replace(board.power, fault=fault, channel=channel)
    made = kit_of(spec, KIND, CURRENTS, folder, folder / "timeline", "q")
    return Kit(made, of_emulator(spec, KIND, CURRENTS, made, "q", "plugin", lambda ticks: [*ticks]))


@contextlib.contextmanager
def measuring(made: Kit) -> Iterator[PowerProbe]:
    with made.power.probe() as probe:
        probe.supply(made.power.supply_v)
        probe.power(True)
        yield probe


def measured(made: Kit, board: Timeline, *, asleep: bool = True) -> PowerTrace:
    """Of a vector that is computed, and then repeated."""
    with measuring(made) as probe:
        probe.start()
        board.infer(30_000)
        board.sleep()
        board.repeat(SPANS)
        if asleep:
            board.sleep()
        return probe.stop()


def repeated(trace: PowerTrace) -> Windows:
    """The spans of the repeat, which come behind the two edges of the vector that is computed once."""
    return windows(trace, 0, [one / CLOCK_HZ for one in SPANS], 1, 1e-4)


@pytest.mark.parametrize("asleep", [True, False])
def test_energy_is_what_the_board_took(tmp_path: Path, asleep: bool) -> None:
    board = Timeline(tmp_path / "timeline")
    board.infer(30_000)
    board.sleep()
    with kit(tmp_path) as made:
        trace = measured(made, board, asleep=asleep)
    assert CURRENTS is not None
    found = repeated(trace)
    assert [one.invalid for one in found.windows] == [None] * len(SPANS)
    for one, cycles in zip(found.windows, SPANS, strict=True):
        assert one.energy_j == pytest.approx(cycles / CLOCK_HZ * CURRENTS.run_a * 3.0, rel=2e-4)
    assert len(trace.edges(0)[0]) == 2 + len(SPANS) + 1
    assert not trace.breaks


def test_a_long_pass_comes_whole_and_in_order(tmp_path: Path) -> None:
    """As fast as it is read: the host's clock tells nothing of it."""
    board = Timeline(tmp_path / "timeline")
    with kit(tmp_path) as made, measuring(made) as probe:
        probe.start()
        board.repeat([125_000_000] * 5)
        board.sleep()
        trace = probe.stop()
    assert trace.breaks == ()
    at, _ = trace.edges(0)
    assert [int(one) for one in at[1:] - at[:-1]] == [500_000] * 5


def test_a_board_that_waits_takes_what_idle_is(tmp_path: Path) -> None:
    with kit(tmp_path) as made, measuring(made) as probe:
        probe.start()
        give_up = time.monotonic() + 60
        while probe.taken < 6_400:
            assert time.monotonic() < give_up
            time.sleep(0.01)
        trace = probe.stop()
    assert CURRENTS is not None
    assert float(trace.current_a[:6_400].astype(float).mean()) == pytest.approx(CURRENTS.idle_a, rel=1e-4)
    assert len(trace.edges(0)[0]) == 0


def test_the_pin_stays_as_it_is(tmp_path: Path) -> None:
    """A repeat of an even number of spans leaves it high; a reset makes it low."""
    board = Timeline(tmp_path / "timeline")
    with kit(tmp_path) as made, measuring(made) as probe:
        probe.start()
        board.repeat([2_500_000, 2_500_000])
        board.sleep()
        assert [bool(one) for one in probe.stop().edges(0)[1]] == [True, False, True]
        probe.start()
        board.repeat([2_500_000, 2_500_000])
        board.sleep()
        second = probe.stop()
        assert second.digital[0] == 1
        assert [bool(one) for one in second.edges(0)[1]] == [False, True, False]


def test_a_pin_that_is_not_wired_never_changes(tmp_path: Path) -> None:
    with kit(tmp_path, channel=None) as made:
        trace = measured(made, Timeline(tmp_path / "timeline"))
    assert not trace.digital.any()


@pytest.mark.parametrize(
    ("fault", "flaw"),
    [
        ("drop:12000:1", Flaw.MISALIGNED),
        ("add:12000:3", Flaw.MISALIGNED),
        ("lose:12000:70", Flaw.LOST),
        ("stall:12000:60000", Flaw.STALLED),
    ],
)
def test_a_fault_breaks_the_second_window(tmp_path: Path, fault: str, flaw: Flaw) -> None:
    with kit(tmp_path, fault) as made:
        trace = measured(made, Timeline(tmp_path / "timeline"))
    assert flaw in {one.flaw for one in trace.breaks}
    assert [one.invalid is None for one in repeated(trace).windows] == [True, False, True]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("lose:12000:6400", "samples, where the board counted"),
        ("clip:12000:3", "beyond what the probe measures"),
        ("range:12000:3", "a measuring range that the probe does not have"),
        ("rate:0.98", "ppm of the probe's"),
    ],
)
def test_a_window_that_cannot_be_right_says_why(tmp_path: Path, fault: str, told: str) -> None:
    with kit(tmp_path, fault) as made:
        trace = measured(made, Timeline(tmp_path / "timeline"))
    assert told in str(repeated(trace).windows[1].invalid)


@pytest.mark.parametrize(("fault", "told"), [("unwired", "never changes"), ("bounce:12000:9", "changes")])
def test_a_sync_line_that_is_no_such_says_so(tmp_path: Path, fault: str, told: str) -> None:
    with kit(tmp_path, fault) as made:
        trace = measured(made, Timeline(tmp_path / "timeline"))
    assert told in str(repeated(trace).missing)


def test_a_kit_that_is_unplugged_is_another_one_the_next_time(tmp_path: Path) -> None:
    board = Timeline(tmp_path / "timeline")
    with kit(tmp_path, "unplug:12000") as made:
        first = measured(made, board)
        assert "went away" in first.breaks[-1].evidence
        assert made.process.killed() is None
        assert len(measured(made, board)) > 12_000


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("metadata", "calibration is damaged"),
        ("silent", "does not answer as a Power Profiler Kit II"),
        ("other", "b'Joulescope JS110"),
    ],
)
def test_what_is_no_kit_is_refused(tmp_path: Path, fault: str, told: str) -> None:
    with kit(tmp_path, fault) as made, pytest.raises(PowerProbeError) as caught, measuring(made):
        pass
    assert str(caught.value).startswith("q: ")
    assert told in str(caught.value)


def test_a_killed_kit_is_told_as_such(tmp_path: Path) -> None:
    with kit(tmp_path) as made:
        with measuring(made) as probe:
            probe.start()
            assert made.process.pid is not None
            os.kill(made.process.pid, signal.SIGKILL)
            with pytest.raises(PowerProbeError) as caught:
                probe.stop()
        assert str(caught.value).startswith("q: the emulated power probe is gone")
        assert "SIGKILL" in str(caught.value)
        assert len(measured(made, Timeline(tmp_path / "timeline"))) > 30_000  # of another one


def test_it_ends_with_the_board(tmp_path: Path) -> None:
    with kit(tmp_path) as made:
        made.process.start()
        pid = made.process.pid
        assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not (tmp_path / "power").exists()


def test_it_is_not_started_unless_it_is_asked_for(tmp_path: Path) -> None:
    with kit(tmp_path) as made:
        assert made.process.pid is None
