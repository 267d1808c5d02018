"""The driver against an emulated PowerShield, a process that speaks its shell on a pseudo-terminal."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from hil.errors import PowerProbeError
from hil.power.base import Flaw, PowerTrace
from hil.power.drivers import ProbeSpec, opened
from hil.power.files import load, save
from hil.power.lpm01a.driver import Lpm01a
from power_probes import VOLTS, currents, emulated_lpm01a


def measured(port: str, samples: int) -> PowerTrace:
    """A trace of about so many samples, unless the board goes away or ends it."""
    with Lpm01a(port, board="bench-1") as probe:
        probe.supply(VOLTS)
        probe.power(True)
        probe.start()
        give_up = time.monotonic() + 20
        taken = probe._port.taken
        while (
            len(taken.data) < 2 * samples and taken.failed is None and b"\xf0\xf4\xff\xff" not in taken.data
        ):
            assert time.monotonic() < give_up
            time.sleep(0.01)
        return probe.stop()


def test_a_trace_is_what_the_board_took(tmp_path: Path) -> None:
    with emulated_lpm01a(tmp_path) as port:
        trace = measured(port, 30_000)
    current_a, _ = currents(1.0, 0.1)
    assert [one for one in trace.breaks if one.flaw is not Flaw.STALLED] == []
    assert len(trace) % 1_000 == 0
    assert np.abs(trace.current_a[:29_000] / current_a[:29_000] - 1).max() < 0.002
    assert (trace.driver, trace.supply_v) == ("lpm01a", VOLTS)
    assert trace.calibration["firmware"] == "1.0.6"
    assert trace.calibration["funcmode"] == "high"
    save(trace, tmp_path / "t.parquet")
    found = load(tmp_path / "t.parquet")
    assert np.array_equal(found.current_a, trace.current_a)
    assert found.raw.dtype == trace.raw.dtype


def test_it_measures_again(tmp_path: Path) -> None:
    with emulated_lpm01a(tmp_path) as port:
        first, second = measured(port, 3_000), measured(port, 3_000)
    assert np.array_equal(first.raw[:2_000], second.raw[:2_000])


@pytest.mark.parametrize(
    ("fault", "flaw", "told"),
    [
        ("drop:3000:1", Flaw.MISALIGNED, "1,999 bytes between two time stamps"),
        ("add:3000:4", Flaw.LOST, "2,004 bytes between two time stamps"),
        ("lose:3000:100", Flaw.LOST, "1,800 bytes between two time stamps"),
        ("skip:3000:300", Flaw.LOST, "13 ms between two time stamps"),
        ("overcurrent:3000", Flaw.CLIPPED, "more than the probe can supply"),
        ("error:3000", Flaw.FAULT, "voltage drop"),
    ],
)
def test_a_fault_breaks_the_trace(tmp_path: Path, fault: str, flaw: Flaw, told: str) -> None:
    with emulated_lpm01a(tmp_path, "--fault", fault) as port:
        trace = measured(port, 8_000)
    one = next(one for one in trace.breaks if one.flaw is not Flaw.STALLED)
    assert (one.at, one.flaw) == (3_000, flaw)
    assert told in one.evidence
    assert trace.wrong_within(2_900, 3_100) is not None


def test_a_buffer_that_runs_over_ends_the_trace(tmp_path: Path) -> None:
    with emulated_lpm01a(tmp_path, "--fault", "overrun:5500") as port:
        trace = measured(port, 50_000)
    assert len(trace) == 5_000
    assert trace.breaks[-1].flaw is Flaw.STALLED
    assert trace.breaks[-1].evidence.startswith("it ended the measurement by itself")


def test_one_that_is_unplugged_keeps_what_came_before(tmp_path: Path) -> None:
    with emulated_lpm01a(tmp_path, "--fault", "unplug:5500") as port:
        trace = measured(port, 50_000)
    assert len(trace) == 5_000
    assert "went away" in trace.breaks[-1].evidence


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("silent", "does not answer as an X-NUCLEO-LPM01A (no answer)"),
        ("other", "does not answer as an X-NUCLEO-LPM01A (b'unknown command"),
        ("refuse:freq", "the power probe refuses 'freq 100k' (error freq 100k)"),
    ],
)
def test_what_is_another_model_is_refused(tmp_path: Path, fault: str, told: str) -> None:
    with (
        emulated_lpm01a(tmp_path, "--fault", fault) as port,
        pytest.raises(PowerProbeError) as caught,
        Lpm01a(port, board="bench-1"),
    ):
        pass
    assert str(caught.value).startswith("bench-1: ")
    assert told in str(caught.value)


def test_a_supply_that_it_cannot_be_is_not_set(tmp_path: Path) -> None:
    with emulated_lpm01a(tmp_path) as port, Lpm01a(port) as probe:
        with pytest.raises(PowerProbeError, match=r"cannot supply 5 V \(it can from 1\.8 to 3\.3 V\)"):
            probe.supply(5.0)
        with pytest.raises(PowerProbeError, match="supply is not set"):
            probe.power(True)
        with pytest.raises(PowerProbeError, match="supply is not set"):
            probe.start()
        with pytest.raises(PowerProbeError, match="does not measure"):
            probe.stop()


def test_it_is_no_ampere_meter() -> None:
    with pytest.raises(PowerProbeError, match="is always the board's supply"):
        opened("lpm01a", ProbeSpec("/dev/none", source=False))


def test_what_is_watched_is_what_came(tmp_path: Path) -> None:
    with emulated_lpm01a(tmp_path) as port, Lpm01a(port) as probe:
        probe.supply(VOLTS)
        probe.start()
        seen: list[PowerTrace] = []
        give_up = time.monotonic() + 20
        while sum(map(len, seen)) < 20_000:
            assert time.monotonic() < give_up
            if (piece := probe.watched()) is not None:
                seen.append(piece)
            time.sleep(0.01)
        probe.stop()
    assert not [one for piece in seen for one in piece.breaks]
    found = np.concatenate([one.current_a for one in seen])[:20_000]
    assert np.abs(found / currents(1.0, 0.1)[0][:20_000] - 1).max() < 0.002
