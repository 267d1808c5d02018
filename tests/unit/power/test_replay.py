"""Recorded traces played in place of a probe."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numpy as np
import pytest

from hil.errors import PowerProbeError
from hil.power.base import Break, Flaw, PowerTrace
from hil.power.drivers import ProbeSpec, opened
from hil.power.emulated.kit import CALIBRATION
from hil.power.files import save
from hil.power.ppk2.decode import Decoder
from hil.power.ppk2.wire import RATE_HZ
from hil.power.replay import Replay, part
from power_probes import VOLTS, currents, words

BREAKS = (Break(700, Flaw.LOST, "the counter jumps by 4", 3), Break(4_000, Flaw.STALLED, "for 1.00 s"))


def trace(window_s: float = 0.01) -> PowerTrace:
    raw = words(*currents(0.1, window_s))
    return PowerTrace.of(
        Decoder(CALIBRATION, VOLTS).samples(raw),
        raw,
        driver="ppk2",
        rate_hz=RATE_HZ,
        supply_v=VOLTS,
        breaks=BREAKS,
        calibration=CALIBRATION.stored(),
    )


def played(probe: Replay) -> PowerTrace:
    probe.supply(VOLTS)
    probe.power(True)
    probe.start()
    return probe.stop()


def test_a_trace_is_played_as_it_was_recorded(tmp_path: Path) -> None:
    meant = trace()
    save(meant, tmp_path / "t.parquet")
    with opened("replay", ProbeSpec(port=str(tmp_path / "t.parquet"))) as probe:
        assert isinstance(probe, Replay)
        assert probe.capabilities.rate_hz == RATE_HZ
        for found in (played(probe), played(probe)):
            assert np.array_equal(found.current_a, meant.current_a)
            assert np.array_equal(found.digital, meant.digital)
            assert (found.breaks, found.driver, found.supply_v) == (BREAKS, "ppk2", VOLTS)
            assert found.wrong_within(600, 800) == "samples are lost (the counter jumps by 4)"


def test_a_folder_is_played_in_order_of_names(tmp_path: Path) -> None:
    for name, window_s in (("2.parquet", 0.02), ("1.parquet", 0.01)):
        save(trace(window_s), tmp_path / name)
    with Replay(tmp_path) as probe:
        assert [len(played(probe).edges(0)[0]) for _ in range(2)] == [9, 4]
        with pytest.raises(PowerProbeError, match=r"has no more power traces \(all 2 are played\)"):
            probe.start()


def test_what_is_watched_is_what_came(tmp_path: Path) -> None:
    meant = trace()
    save(meant, tmp_path / "t.parquet")
    with Replay(tmp_path / "t.parquet") as probe:
        assert probe.watched() is None
        probe.start()
        seen = []
        give_up = time.monotonic() + 20
        while sum(map(len, seen)) < len(meant):
            assert time.monotonic() < give_up
            if (piece := probe.watched()) is not None:
                seen.append(piece)
            time.sleep(0.001)
    assert np.array_equal(np.concatenate([one.current_a for one in seen]), meant.current_a)
    assert sum(len(one.breaks) for one in seen) == len(BREAKS)


def test_a_part_keeps_the_breaks_in_it() -> None:
    found = part(trace(), 600, 800)
    assert len(found) == 200
    assert found.breaks == (dataclasses.replace(BREAKS[0], at=100),)


def test_another_supply_is_refused(tmp_path: Path) -> None:
    save(trace(), tmp_path / "t.parquet")
    with (
        Replay(tmp_path / "t.parquet", "desk") as probe,
        pytest.raises(
            PowerProbeError, match=r"desk: what .*t\.parquet holds was recorded at 3 V, not 1\.8 V"
        ),
    ):
        probe.supply(1.8)


@pytest.mark.parametrize("name", ["none.parquet", "."])
def test_nothing_to_play_is_said(tmp_path: Path, name: str) -> None:
    with (
        pytest.raises(PowerProbeError, match="desk: there is no power trace at"),
        Replay(tmp_path / name, "desk"),
    ):
        pass


def test_a_damaged_file_names_the_board(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with (
        pytest.raises(PowerProbeError, match=r"desk: .*t\.parquet is no power trace"),
        Replay(tmp_path, "desk"),
    ):
        pass
