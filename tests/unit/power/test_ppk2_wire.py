"""The kit's commands and its calibration, as text."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import PowerProbeError
from hil.power.emulated.kit import CALIBRATION, metadata
from hil.power.ppk2 import wire

TEXT = metadata(CALIBRATION).decode()


@pytest.mark.parametrize(("volts", "command"), [(0.8, "0d0320"), (3.3, "0d0ce4"), (5.0, "0d1388")])
def test_the_supply_is_told_in_millivolts(volts: float, command: str) -> None:
    assert wire.regulator(volts).hex() == command


@pytest.mark.parametrize("volts", [0.79, 5.01, math.nan, -1.0])
def test_no_other_supply_can_be_set(volts: float) -> None:
    with pytest.raises(ValueError, match=r"\d|nan"):
        wire.regulator(volts)


def test_a_calibration_is_read_as_it_was_told() -> None:
    assert wire.parsed(TEXT) == CALIBRATION


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("R0: 1004.25", "R0: 3e27", "R0 is out of bounds"),
        ("R4: 0.0525", "R4: 0", "R4 is out of bounds"),
        ("GI2: 0.9625", "GI2: nan", "GI2 is nan"),
        ("O3: 50.5", "O3: fifty", "O3 is 'fifty'"),
        ("UG1: 1.0\n", "", "UG1 is missing"),
        ("UG1: 1.0\n", "UG1: 1.0\nUG1: 0.9\n", "UG1 stands twice"),
        ("S4: 0.002875", "S4: 90", "S4 is out of bounds"),
        ("GS1: 108.5", "GS1: 1e9", "GS1 is out of bounds"),
    ],
)
def test_a_damaged_calibration_is_refused(old: str, new: str, told: str) -> None:
    assert old in TEXT
    with pytest.raises(PowerProbeError, match="calibration is damaged") as caught:
        wire.parsed(TEXT.replace(old, new))
    assert told in str(caught.value)
    assert "Nordic" in str(caught.value)


@given(st.text(max_size=300))
def test_no_text_is_taken_for_a_calibration(text: str) -> None:
    with pytest.raises(PowerProbeError):
        wire.parsed(text)


def test_each_range_rises_with_the_adc() -> None:
    amperes = CALIBRATION.amperes(3.0).reshape(8, -1)
    assert np.isnan(amperes[wire.RANGES :]).all()
    assert (np.diff(amperes[: wire.RANGES]) > 0).all()
