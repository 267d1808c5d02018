"""A battery's life, against what it comes to step by step."""

from __future__ import annotations

from math import inf

import pytest

from hil.measure.budget import YEAR_H, Battery, Load


def battery(usable: float = 0.8, lost: float = 0.0, efficiency: float = 0.9) -> Battery:
    return Battery(220.0, 3.0, usable, lost, efficiency)


def test_what_the_board_gets_of_it() -> None:
    assert battery().energy_mwh == pytest.approx(220 * 3 * 0.8 * 0.9)
    assert battery().life_h(1e-3) == pytest.approx(475.2)


@pytest.mark.parametrize("lost", [0.01, 0.02, 0.3])
@pytest.mark.parametrize("load_w", [1e-6, 20e-6, 5e-3])
def test_what_it_loses_by_itself_is_a_share_of_what_is_left(lost: float, load_w: float) -> None:
    held = battery(lost=lost)
    left_mwh, hours, step = held.energy_mwh, 0.0, held.life_h(load_w) / 20_000
    keeps = (1 - lost) ** (step / YEAR_H)
    while left_mwh > 0:
        left_mwh = (left_mwh - load_w * 1e3 * step / 2) * keeps - load_w * 1e3 * step / 2
        hours += step
    assert held.life_h(load_w) == pytest.approx(hours, rel=1e-3)


def test_a_year_without_a_load_leaves_what_it_says() -> None:
    """As little as it takes: a battery of ten years still loses 2 % in each."""
    held = battery(lost=0.02)
    assert held.life_h(held.energy_mwh / 1e3 / (10 * YEAR_H)) < 10 * YEAR_H


@pytest.mark.parametrize("lost", [0.0, 0.02])
def test_without_any_load_it_lasts_for_ever(lost: float) -> None:
    assert battery(lost=lost).life_h(0.0) == inf


def test_an_inference_is_no_time_of_waiting() -> None:
    load = Load(inference_j=0.02, inference_s=2.0, idle_w=0.001)
    assert load.busy(900) == pytest.approx(0.5)
    assert load.mean_w(900) == pytest.approx(900 * 0.02 / 3600 + 0.5 * 0.001)
    above_idle_j = 0.02 - 0.001 * 2.0
    assert load.mean_w(900) == pytest.approx(0.001 + 900 * above_idle_j / 3600), "as by net energy"
    assert load.busy(1800) == 1.0
    assert load.waiting_w(1800) == 0.0
