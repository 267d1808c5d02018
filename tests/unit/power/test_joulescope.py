"""What Jetperch's library calls back with, put together; and the library itself, without an instrument."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from hil.errors import PowerProbeError
from hil.power.base import Flaw, PowerTrace
from hil.power.drivers import ProbeSpec, driver, opened
from hil.power.files import load, save, save_csv, save_samples
from hil.power.joulescope.driver import Collected, Joulescope, traced

FIRST = 7_000_000
EVERY = 2  # the JS220 numbers samples at 2 MHz, and tells 1 MHz
N = 8_000
CURRENT = np.linspace(1e-3, 2e-3, N, dtype=np.float32)
PIN = np.arange(N) // 500 % 2
PATH = "u/js220/002557"


def value(data: Any, at: int, every: int = EVERY) -> dict[str, Any]:
    """A block from sample ``at`` on, as pyjoulescope_driver 2.2 hands it to a callback."""
    return {
        "sample_id": FIRST + at * every,
        "utc": 0,
        "field_id": 1,
        "index": 0,
        "sample_rate": 2_000_000,
        "decimate_factor": every,
        "time_map": {"offset_time": 0, "offset_counter": 0, "counter_rate": 2e6},
        "data": data,
    }


def collected(lost: tuple[int, int] = (0, 0), signal: str = "i") -> Collected:
    """All signals in blocks of 800 samples, of which one signal lacks some."""
    found = Collected(signals={name: [] for name in ("i", "v", "0", "1")})
    volts = np.full(N, 3.25, np.float32)
    for begin in range(0, N, 800):
        for name, data in (("i", CURRENT), ("v", volts), ("0", PIN), ("1", 1 - PIN)):
            if name == signal and lost[0] <= begin < lost[1]:
                continue
            part = data[begin : begin + 800]
            found.take(name, value(packed(part) if name in "01" else part, begin))
    return found


def packed(bits: Any) -> Any:
    return np.packbits(bits.astype(np.uint8), bitorder="little")


def trace(found: Collected) -> PowerTrace:
    return traced(found, "js220", PATH, 3.3)


def test_signals_are_put_together() -> None:
    found = trace(collected())
    assert (len(found), found.rate_hz, found.breaks) == (N, 1e6, ())
    assert np.array_equal(found.current_a, CURRENT)
    assert np.array_equal(found.digital, PIN | (1 - PIN) << 1)
    assert list(found.edges(0)[0][:3]) == [500, 1_000, 1_500]
    assert found.voltage_v is not None
    assert set(found.voltage_v.tolist()) == {3.25}
    assert found.energy_j(0, N) == pytest.approx(float(CURRENT.sum(dtype=float)) * 3.25 / 1e6, rel=1e-6)


@pytest.mark.parametrize("signal", ["i", "v", "0", "1"])
def test_a_block_that_is_missing_leaves_a_hole(signal: str) -> None:
    found = trace(collected((1_600, 2_400), signal))
    (one,) = found.breaks
    assert (one.at, one.flaw, one.lost) == (1_600, Flaw.LOST, 800)
    assert len(found) == N
    assert (found.flaws[1_600:2_400] == Flaw.LOST).all()
    assert np.isnan(found.current_a[1_600:2_400]).all()
    assert not found.flaws[:1_600].any()
    assert np.array_equal(found.current_a[2_400:], CURRENT[2_400:])
    assert found.wrong_within(1_000, 2_000) is not None


@pytest.mark.parametrize(("signal", "count"), [("i", 1), ("v", 3)])
def test_what_the_instrument_has_no_number_for_does_not_count(signal: str, count: int) -> None:
    found = collected()
    found.signals[signal][2].values[10 : 10 + count] = np.nan
    holes = trace(found)
    assert list(np.flatnonzero(holes.flaws)) == list(range(1_610, 1_610 + count))
    assert holes.wrong_within(1_600, 1_700) == f"samples are lost ({count} of 100 samples)"


def test_more_than_it_measures_is_clipped() -> None:
    found = collected()
    found.signals["i"][0].values[5] = 11.0
    assert trace(found).flaws[5] == Flaw.CLIPPED


def test_signals_that_begin_later_begin_the_trace() -> None:
    found = trace(collected((0, 1_600), "1"))
    assert (len(found), found.breaks) == (N - 1_600, ())
    assert np.array_equal(found.current_a, CURRENT[1_600:])


def test_a_signal_that_never_came_is_named() -> None:
    with pytest.raises(PowerProbeError, match=r"sent no samples \(nothing of 1\)"):
        trace(collected((0, N), "1"))


def test_what_is_watched_is_what_all_signals_have() -> None:
    found = collected()
    late = found.signals["0"].pop()
    pieces = [trace(found.taken_out())]
    assert len(pieces[0]) == N - 800
    assert not any(found.taken_out().signals["0"])
    found.signals["0"].append(late)
    pieces.append(trace(found.taken_out()))
    assert np.array_equal(np.concatenate([one.current_a for one in pieces]), CURRENT)
    assert not any(one.breaks for one in pieces)


def test_one_that_is_unplugged_is_told() -> None:
    found = collected()
    found.failed = "it went away: it was unplugged"
    assert trace(found).breaks[-1].evidence == "it went away: it was unplugged"


def test_a_trace_is_kept_whole(tmp_path: Path) -> None:
    meant = trace(collected((1_600, 2_400), "v"))
    save(meant, tmp_path / "t.parquet")
    found = load(tmp_path / "t.parquet")
    assert found.voltage_v is not None
    for name in ("current_a", "digital", "flaws", "voltage_v"):
        assert np.array_equal(
            getattr(found, name), getattr(meant, name), equal_nan=name.endswith(("_a", "_v"))
        )
    assert (found.breaks, found.driver, found.rate_hz) == (meant.breaks, "joulescope", 1e6)


def test_its_volts_are_told(tmp_path: Path) -> None:
    save_csv(trace(collected()), tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["seconds,current_a,voltage_v,digital,flaw", "0.000000,0.001,3.25,2,"]
    assert len(lines) == N + 1


def test_its_volts_are_told_to_other_programs(tmp_path: Path) -> None:
    save_samples(trace(collected((1_600, 2_400), "v")), tmp_path / "t.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "t.parquet")
    assert table.column_names == ["seconds", "current_a", "voltage_v", "digital", "flaw"]
    assert table["voltage_v"][0].as_py() == 3.25


def test_it_is_no_supply() -> None:
    with pytest.raises(PowerProbeError, match="desk: a Joulescope is no supply"):
        opened("joulescope", ProbeSpec(PATH, board="desk"))


@pytest.mark.parametrize("port", ["/dev/ttyACM0", "u/js320/1", "u/js220"])
def test_another_model_is_refused(port: str) -> None:
    with pytest.raises(PowerProbeError, match=rf"desk: {port} is no Joulescope that this driver knows"):
        Joulescope(port, board="desk")


def test_an_instrument_that_is_not_there_is_told() -> None:
    pytest.importorskip("pyjoulescope_driver")
    assert "000000" not in [one.serial_number for one in driver("joulescope").attached()]
    with (
        pytest.raises(PowerProbeError, match=r"desk: there is no Joulescope u/js220/000000 \(attached: "),
        Joulescope("u/js220/000000", board="desk"),
    ):
        pass


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyjoulescope_driver", None)
    with pytest.raises(PowerProbeError, match=r"pip install 'hil-lab\[joulescope\]'"):
        driver("joulescope").attached()


def test_a_library_that_finds_no_usb_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses() -> None:
        raise RuntimeError("jsdrv_open failed")

    monkeypatch.setitem(sys.modules, "pyjoulescope_driver", SimpleNamespace(Driver=refuses))
    told = r"Jetperch's library does not list what is attached \(RuntimeError: jsdrv_open failed\)"
    with pytest.raises(PowerProbeError, match=f"desk: {told}"), Joulescope(PATH, board="desk"):
        pass
    with pytest.raises(PowerProbeError, match=told):
        driver("joulescope").attached()
