"""A board of silicon has power from its probe before it is flashed, and keeps it between measurements."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import pytest

from hil.board import open_board
from hil.errors import PowerProbeError
from hil.kinds import KINDS
from hil.lab.boards import BoardSpec
from hil.power.board import BoardPower, PowerSpec
from hil.power.opening import of_silicon
from hil.power.ppk2.driver import Ppk2
from hil.power.supply import Supply
from power_probes import VOLTS, emulated_ppk2

KIND = KINDS["nrf52840dk"]


class Told(Ppk2):
    """A kit that notes when its board's power changes, and when it is let go."""

    said: list[str]

    def power(self, on: bool) -> None:
        self.said.append("on" if on else "off")
        super().power(on)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self.said.append("closed")


def power_of(port: str, said: list[str]) -> BoardPower:
    spec = PowerSpec("ppk2", VOLTS, 1.71, 3.6, port=port)

    def probe() -> Told:
        made = Told(port, board="desk-1")
        made.said = said
        return made

    return replace(of_silicon(spec, KIND, "desk-1"), probe=probe)


def measure(power: BoardPower, samples: int = 1_000) -> int:
    """How many samples came; the probe is left while it measures still."""
    with power.probe() as probe:
        probe.start()
        give_up = time.monotonic() + 60
        while probe.taken < samples:
            assert time.monotonic() < give_up
            time.sleep(0.005)
        return probe.taken


def test_power_is_on_from_the_beginning_and_stays_between_measurements(tmp_path: Path) -> None:
    said: list[str] = []
    with emulated_ppk2(tmp_path) as port, Supply(power_of(port, said)) as supply:
        assert said == ["on"]
        assert measure(supply.power) >= 1_000
        assert measure(supply.power) >= 1_000, "leaving it ended what was measured"
        assert said == ["on"]
    assert said == ["on", "off", "closed"]


def test_a_probe_that_went_away_is_opened_anew(tmp_path: Path) -> None:
    said: list[str] = []
    with emulated_ppk2(tmp_path) as port:
        supply = Supply(power_of(port, said))
        supply.__enter__()
    with pytest.raises(PowerProbeError, match="desk-1: cannot open the power probe's port"):
        supply.power.probe().__enter__()
    said.clear()
    with emulated_ppk2(tmp_path):
        assert measure(supply.power) >= 1_000
        assert said == ["on"]
        supply.__exit__(None, None, None)


def test_a_board_whose_probe_cannot_be_opened_says_so_and_goes_on(tmp_path: Path) -> None:
    spec = BoardSpec("desk-1", KIND, probe="1", serial=f"socket://{tmp_path}", power=None)
    gone = PowerSpec("ppk2", VOLTS, 1.71, 3.6, port=str(tmp_path / "gone"))
    with open_board(spec) as board:
        assert board.power is None
        assert board.power_missing == "no power probe: the lab file gives it no power table"
    with open_board(replace(spec, power=gone)) as board:
        assert board.power is None
        assert board.power_missing is not None
        assert board.power_missing.startswith("no energy: cannot open the power probe's port")
