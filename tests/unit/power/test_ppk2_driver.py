"""The driver against an emulated kit, a process that speaks the wire protocol on a pseudo-terminal."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from hil.errors import PowerProbeError
from hil.power.base import Flaw, PowerTrace
from hil.power.ppk2.driver import Ppk2
from power_probes import VOLTS, currents, emulated_ppk2


def measured(port: str, samples: int) -> PowerTrace:
    """A trace of at least so many samples, unless the kit goes away."""
    with Ppk2(port, board="bench-1") as probe:
        probe.supply(VOLTS)
        probe.power(True)
        probe.start()
        give_up = time.monotonic() + 20
        while probe.taken < samples and probe._port.taken.failed is None:
            assert time.monotonic() < give_up
            time.sleep(0.01)
        return probe.stop()


def test_a_trace_is_what_the_board_took(tmp_path: Path) -> None:
    with emulated_ppk2(tmp_path) as port:
        trace = measured(port, 30_000)
    current_a, digital = currents(1.0, 0.1)
    assert not [one for one in trace.breaks if one.flaw is not Flaw.STALLED]
    assert np.abs(trace.current_a[:30_000] - current_a[:30_000]).max() < 1.0e-6
    assert np.array_equal(trace.digital[:30_000], digital[:30_000])
    assert trace.supply_v == VOLTS
    assert trace.calibration["hardware"] == "emulated"
    at, rises = trace.edges(0)
    assert list(at[:2]) == [10_000, 20_000]
    assert list(rises[:2]) == [True, False]


def test_what_comes_after_stop_belongs_to_the_trace(tmp_path: Path) -> None:
    """A pty takes 4 KB at a time: a kit that has more to tell does so while it is told to stop already."""
    with emulated_ppk2(tmp_path, "--fault", "stall:100:199900") as port, Ppk2(port) as probe:
        probe.supply(VOLTS)
        probe.start()
        give_up = time.monotonic() + 20
        while probe.taken <= 100 and probe._port.taken.failed is None:
            assert time.monotonic() < give_up
            time.sleep(0.001)
        trace = probe.stop()
    assert len(trace) >= 200_000
    assert trace.driver == "ppk2"
    assert {one.flaw for one in trace.breaks} == {Flaw.STALLED}


def test_a_kit_measures_again(tmp_path: Path) -> None:
    with emulated_ppk2(tmp_path) as port:
        first, second = measured(port, 5_000), measured(port, 5_000)
    assert np.array_equal(first.raw[:5_000], second.raw[:5_000])


@pytest.mark.parametrize(
    ("fault", "flaw"),
    [
        ("drop:3000:1", Flaw.MISALIGNED),
        ("add:3000:2", Flaw.MISALIGNED),
        ("lose:3000:5", Flaw.LOST),
        ("stall:3000:60000", Flaw.STALLED),
    ],
)
def test_a_fault_breaks_the_trace(tmp_path: Path, fault: str, flaw: Flaw) -> None:
    with emulated_ppk2(tmp_path, "--fault", fault) as port:
        trace = measured(port, 6_000)
    assert flaw in {one.flaw for one in trace.breaks}
    assert trace.wrong_within(2_900, 3_100) is not None
    assert flaw is Flaw.STALLED or flaw not in {one.flaw for one in trace.breaks if one.at < 2_900}


def test_a_kit_that_is_unplugged_keeps_what_came_before(tmp_path: Path) -> None:
    with emulated_ppk2(tmp_path, "--fault", "unplug:3000") as port:
        trace = measured(port, 6_000)
    assert len(trace) == 3_000
    assert "went away" in trace.breaks[-1].evidence


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("metadata", "calibration is damaged (R0 is out of bounds"),
        ("silent", "does not answer as a Power Profiler Kit II (no answer)"),
        ("other", "does not answer as a Power Profiler Kit II (b'Joulescope JS110"),
    ],
)
def test_what_is_no_kit_is_refused(tmp_path: Path, fault: str, told: str) -> None:
    with (
        emulated_ppk2(tmp_path, "--fault", fault) as port,
        pytest.raises(PowerProbeError) as caught,
        Ppk2(port, board="bench-1"),
    ):
        pass
    assert str(caught.value).startswith("bench-1: ")
    assert told in str(caught.value)


def test_a_supply_that_no_board_should_see_is_not_set(tmp_path: Path) -> None:
    with emulated_ppk2(tmp_path) as port, Ppk2(port) as probe:
        with pytest.raises(PowerProbeError, match=r"cannot supply 5\.5 V"):
            probe.supply(5.5)
        with pytest.raises(PowerProbeError, match="supply is not set"):
            probe.power(True)
        with pytest.raises(PowerProbeError, match="supply is not set"):
            probe.start()
        with pytest.raises(PowerProbeError, match="does not measure"):
            probe.stop()


def test_a_port_that_somebody_holds_is_named(tmp_path: Path) -> None:
    with (
        emulated_ppk2(tmp_path) as port,
        Ppk2(port),
        pytest.raises(PowerProbeError, match="cannot open the power probe's port"),
        Ppk2(port),
    ):
        pass


def test_a_port_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(PowerProbeError, match="cannot open"), Ppk2(str(tmp_path / "none")):
        pass
