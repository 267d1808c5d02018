"""A probe against a known resistor."""

from __future__ import annotations

import numpy as np
import pytest

from hil.power.base import Capabilities, PowerTrace, Samples
from hil.power.checking import checked

KIT = Capabilities("kit", 1000.0, 0, (1.0, 5.0), 1.0, gain_share=0.05, offset_a=1e-6)
N = 1000


def trace(current_a: float, volts: float | None = None, noise_a: float = 1e-5) -> PowerTrace:
    none = np.zeros(N, np.uint8)
    seen = np.random.default_rng(0).normal(current_a, noise_a, N).astype(np.float32)
    measured = None if volts is None else np.full(N, volts, np.float32)
    return PowerTrace.of(
        Samples(seen, none, none, measured), none, driver="kit", rate_hz=1e3, supply_v=3.0, calibration={}
    )


@pytest.mark.parametrize(
    ("read_a", "within"), [(3.1e-3, True), (2.85e-3, True), (3.2e-3, False), (2.8e-3, False)]
)
def test_a_gain_error_is_held_against_what_is_said(read_a: float, within: bool) -> None:
    found = checked(trace(read_a), 1000.0, 3.0, KIT, 0.01)
    assert found.expected_a == pytest.approx(3e-3)
    assert found.gain_error == pytest.approx(read_a / 3e-3 - 1, abs=1e-3)
    assert found.allowed_share == pytest.approx(0.06, abs=1e-3)
    assert (found.within, found.wrong) == (within, None)


def test_small_currents_may_be_off_by_more() -> None:
    found = checked(trace(2e-6, noise_a=1e-8), 3e6, 3.0, KIT, 0.01)
    assert (found.expected_a, found.within) == (pytest.approx(1e-6), True)


def test_the_probes_own_volts_count() -> None:
    assert checked(trace(3e-3, volts=2.7), 1000.0, 3.0, KIT, 0.01).expected_a == pytest.approx(2.7e-3)


def test_nobody_says_how_exact_it_is() -> None:
    other = Capabilities("kit", 1000.0, 0, None, 1.0)
    assert checked(trace(9e-3), 1000.0, 3.0, other, 0.01).within is None


def test_a_board_is_no_resistor() -> None:
    found = checked(trace(3e-3, noise_a=1e-3), 1000.0, 3.0, KIT, 0.01)
    assert found.wrong is not None
    assert found.wrong.startswith("the current is not steady, from 1.")
