"""How findings of meters come together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from desk_power import Desk, DeskSession
from hil.meters.base import Findings, Meter, Streamed
from hil.meters.list import METERS, findings, meters
from hil.meters.power import Energy, Power
from hil.metrics import ACCURACY, FLASH_BYTES, INSTRUCTIONS, LATENCY_CYCLES, Metric
from hil.values import Measure, Method


def _measure(metric: Metric, value: float = 1.0) -> Measure:
    return metric.measure(value, Method.COUNTED, "test")


class Fixed(Meter):
    def __init__(self, told: Findings) -> None:
        self._told = told
        self.saw: Findings | None = None

    def after(self, seen: Streamed, found: Findings) -> Findings:
        self.saw = found
        return self._told


def test_they_stand_in_the_order_of_the_meters() -> None:
    first = Fixed(Findings((_measure(FLASH_BYTES),), notes=("b",), bands=np.zeros((1, 2))))
    second = Fixed(Findings((_measure(ACCURACY),), notes=("a",)))
    found = findings([first, second], Desk([0.001]).streamed())
    assert [one.metric for one in found.measures] == ["flash_bytes", "accuracy"]
    assert found.notes == ("b", "a")
    assert found.bands is not None
    assert second.saw is not None
    assert second.saw.measures == (_measure(FLASH_BYTES),)


def test_what_follows_stands_behind_what_it_is_of() -> None:
    found = Findings((_measure(INSTRUCTIONS), _measure(FLASH_BYTES)))
    of_it = (_measure(LATENCY_CYCLES),)
    assert [one.metric for one in found.with_behind((INSTRUCTIONS, ACCURACY), of_it).measures] == [
        "instructions", "latency_cycles", "flash_bytes"
    ]  # fmt: skip
    assert found.with_behind((ACCURACY,), of_it).measures == (*found.measures, *of_it)


def test_a_meter_that_a_board_cannot_have_leaves_a_note() -> None:
    seen = Desk([0.001]).streamed()
    session = seen.session
    assert isinstance(session, DeskSession)
    session.board = replace(session.board, power=None, power_missing="no power probe in the lab file")
    found = findings([Power(Energy()), Fixed(Findings(notes=("later",)))], seen)
    assert found == Findings(notes=("desk-1: no power probe in the lab file", "later"))


def test_power_is_measured_where_it_is_asked_for_and_last() -> None:
    assert not any(isinstance(one, Power) for one in meters(None))
    asked = meters(Energy())
    assert isinstance(asked[-1], Power)
    assert len(asked) == len(METERS) + 1
