"""Shares, bands and conditions as people read them."""

from __future__ import annotations

import pytest

from hil.text.wording import band_percents, conditions_text, percent


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, "0.00"), (0.98333, "98.33"), (0.99994, "99.99"), (0.99996, "99.99"), (1.0, "100.00")],
)
def test_only_all_is_a_hundred_percent(share: float, expected: str) -> None:
    assert percent(share) == expected


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (61_200, 58_752, 63_648, ("4", "4")),
        (100, 97.2, 122.4, ("3", "22")),
        (100, 99.7, 100, ("0.3", "0")),
        (100, 99.05, 250, ("1", "150")),
        (-100, -110, -80, ("10", "20")),
        (0, -1, 1, None),
    ],
)
def test_a_band_is_told_in_percent_of_its_value(
    value: float, low: float, high: float, expected: tuple[str, str] | None
) -> None:
    assert band_percents(value, low, high) == expected


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, ""),
        ({"wait_states": 0.0, "clock_hz": 25e6}, "clock 25 MHz, wait states 0"),
        ({"clock_hz": 32_768.0}, "clock 32.768 kHz"),
        (
            {"shunt": "VDD_MCU", "gain_share": 0.02, "supply_v": 1.8, "idle_a": 3.1e-3, "run_a": 1.02},
            "supply 1.8 V, gain ±2 %, idle 3.1 mA, run 1.02 A, shunt VDD_MCU",
        ),
        ({"sleep_a": 2e-6, "off_a": 0.0, "leak_a": 4e-9}, "leak 4 nA, off 0 nA, sleep 2 µA"),
        ({"probe_is": "ampere meter"}, "probe is ampere meter"),
        ({"link_faults": "drop=0.1,seed=1", "link": "ram"}, "link faults drop=0.1,seed=1, link ram"),
        ({"clock_hz": 1.2e9}, "clock 1.2 GHz"),
        ({"clock_hz": 50.0}, "clock 50 Hz"),
        ({"voltage": 3.3, "cache": "off", "clock_hz": 25e6}, "clock 25 MHz, cache off, voltage 3.3"),
        ({"clock_hz": "external"}, "clock external"),
    ],
)
def test_conditions(conditions: dict[str, str | float], expected: str) -> None:
    assert conditions_text(conditions) == expected


def test_clocks_that_differ_are_told_apart() -> None:
    assert conditions_text({"clock_hz": 25e6}) != conditions_text({"clock_hz": 25e6 + 1})
