"""How a board of silicon's power probe is opened, and what keeps it from being."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from hil.errors import PowerProbeError
from hil.kinds import CRYSTAL, KINDS, RC
from hil.power.board import PowerSpec
from hil.power.opening import of_silicon
from hil.power.ppk2.driver import CAPABILITIES
from hil.values import Method
from power_probes import emulated_ppk2

DISCOVERY = KINDS["b_l475e_iot01a"]
SPEC = PowerSpec("ppk2", 3.3, 1.71, 3.6, port="/dev/none", channel=1, shunt="JP5")


def test_it_is_measured_by_the_probe_that_is_named(tmp_path: Path) -> None:
    with emulated_ppk2(tmp_path) as port:
        power = of_silicon(PowerSpec("ppk2", 3.3, 1.71, 3.6, port=port), DISCOVERY, "desk-1")
        assert (power.method, power.technique) == (Method.MEASURED, "ppk2")
        with power.probe() as probe:
            assert probe.capabilities == CAPABILITIES
            assert power.gain_share is None, "which says that"
            probe.supply(power.supply_v)


def test_ticks_are_seconds_of_the_kinds_clock() -> None:
    power = of_silicon(SPEC, DISCOVERY, "desk-1")
    assert power.spans_s([80_000_000, 8]) == [1.0, 1e-7]
    assert power.clock_share == RC
    assert of_silicon(SPEC, KINDS["nucleo_f439zi"], "desk-1").clock_share == CRYSTAL
    assert dict(power.conditions) == {
        "supply_v": 3.3,
        "probe_is": "source",
        "shunt": "JP5",
        "clock_hz": 80e6,
    }


def test_a_port_that_is_not_there_is_told() -> None:
    with pytest.raises(PowerProbeError, match="desk-1: cannot open the power probe's port /dev/none"):
        of_silicon(SPEC, DISCOVERY, "desk-1").probe().__enter__()


def test_a_serial_number_that_is_not_there_is_told() -> None:
    spec = PowerSpec("ppk2", 3.3, 1.71, 3.6, serial_number="no such number")
    with pytest.raises(PowerProbeError, match=r"desk-1: no power probe .*no such number"):
        of_silicon(spec, DISCOVERY, "desk-1").probe()


def test_a_port_that_another_program_has_names_it() -> None:
    ours, theirs = pty.openpty()
    port = os.ttyname(theirs)
    os.close(theirs)
    holds = (
        "import fcntl, sys; held = open(sys.argv[1]); fcntl.flock(held, fcntl.LOCK_EX); "
        "print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holds, port]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        power = of_silicon(PowerSpec("ppk2", 3.3, 1.71, 3.6, port=port), DISCOVERY, "desk-1")
        with pytest.raises(PowerProbeError) as caught:
            power.probe().__enter__()
        process.kill()
    assert f"desk-1: cannot open the power probe's port {port}" in str(caught.value)
    assert f"open in process {process.pid} (" in str(caught.value)
    os.close(ours)
