"""Drivers of power probes by name: this lab's, and those that other packages bring."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hil.errors import PowerProbeError
from hil.power import drivers
from hil.power.attached import Attached
from hil.power.base import PowerTrace
from hil.power.drivers import Driver, ProbeSpec, driver, names, opened
from hil.power.files import load, save

OTHER = """
import numpy as np

from hil.power.attached import Attached
from hil.power.base import Capabilities, PowerTrace, Samples
from hil.power.drivers import Driver

RAW = np.array([1, 2, 3], np.uint16)


def decode(raw, calibration, supply_v):
    none = np.zeros(len(raw), np.uint8)
    return Samples((raw * calibration["ampere"]).astype(np.float32), none, none)


class Probe:
    capabilities = Capabilities("shunt", 10.0, 0, None, 1.0)

    def __init__(self, spec):
        self.spec = spec

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        pass

    def supply(self, volts):
        self.volts = volts

    def power(self, on):
        pass

    def start(self):
        pass

    def stop(self):
        found = {"ampere": 0.5}
        samples = decode(RAW, found, self.volts)
        return PowerTrace.of(
            samples, RAW, driver="shunt", rate_hz=10.0, supply_v=self.volts, calibration=found
        )


THERE = [Attached("shunt", "adc0", "7"), Attached("shunt", "adc1", "8")]
SHUNT = Driver("shunt", Probe, decode, lambda: THERE)
LATE = 3
"""


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package on the path, installed as pip does."""
    (tmp_path / "other_probes.py").write_text(OTHER)
    about = tmp_path / "other_probes-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: other-probes\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[hil.power]\nshunt = other_probes:SHUNT\nlate = other_probes:LATE\n"
        "gone = other_probes.gone:X\nppk2 = other_probes:SHUNT\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("other")
def test_a_package_brings_a_driver(tmp_path: Path) -> None:
    assert names()[0] == "ppk2"
    assert names()[-3:] == ["gone", "late", "shunt"]
    with opened("shunt", ProbeSpec(serial_number="8")) as probe:
        probe.supply(3.0)
        probe.start()
        trace = probe.stop()
        assert probe.spec == ProbeSpec("adc1", "8")  # type: ignore[attr-defined]
    save(trace, tmp_path / "t.parquet")
    found = load(tmp_path / "t.parquet")
    assert found.current_a.tolist() == [0.5, 1.0, 1.5]
    assert (found.driver, found.raw.dtype, found.rate_hz) == ("shunt", np.uint16, 10.0)


@pytest.mark.usefixtures("other")
def test_a_name_of_this_lab_stays_its_own() -> None:
    assert driver("ppk2").name == "ppk2"
    assert names().count("ppk2") == 1


@pytest.mark.usefixtures("other")
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("late", r"the driver 'late' of the package other-probes cannot be loaded \(other_probes:LATE is no"),
        ("gone", r"the driver 'gone' of the package other-probes cannot be loaded \(ModuleNotFoundError"),
        ("ppk3", r"there is no driver 'ppk3' of power probes \(there are ppk2, .*shunt\)"),
    ],
)
def test_what_is_no_driver_is_said(name: str, told: str) -> None:
    with pytest.raises(PowerProbeError, match=told):
        driver(name)


@pytest.mark.usefixtures("other")
def test_a_trace_whose_driver_is_not_here_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = PowerTrace.of(
        driver("shunt").decode(np.array([1], np.uint16), {"ampere": 1.0}, 3.0),
        np.array([1], np.uint16),
        driver="shunt",
        rate_hz=10.0,
        supply_v=3.0,
        calibration={"ampere": 1.0},
    )
    save(trace, tmp_path / "t.parquet")
    monkeypatch.setattr(drivers, "_plugins", tuple)
    with pytest.raises(PowerProbeError, match="there is no driver 'shunt'"):
        load(tmp_path / "t.parquet")


def ours(there: list[Attached]) -> Driver:
    plain = driver("ppk2")
    return Driver("ppk2", plain.probe, plain.decode, lambda: there)


@pytest.mark.parametrize(
    ("there", "spec", "told"),
    [
        ([], ProbeSpec(board="desk"), "desk: no power probe of driver ppk2 is attached; plug it in"),
        (
            [Attached("ppk2", "/dev/ttyACM0", "A"), Attached("ppk2", "/dev/ttyACM2", None)],
            ProbeSpec(),
            "2 power probes of driver ppk2 are attached (/dev/ttyACM0: A, /dev/ttyACM2: no number)",
        ),
        (
            [Attached("ppk2", "/dev/ttyACM0", "A")],
            ProbeSpec(serial_number="B"),
            "no power probe of driver ppk2 with serial number B is attached (/dev/ttyACM0: A); plug it in",
        ),
    ],
)
def test_a_probe_that_is_not_the_only_one_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, there: list[Attached], spec: ProbeSpec, told: str
) -> None:
    monkeypatch.setattr(drivers, "driver", lambda name: ours(there))
    with pytest.raises(PowerProbeError) as caught:
        opened("ppk2", spec)
    assert str(caught.value).startswith(told)
