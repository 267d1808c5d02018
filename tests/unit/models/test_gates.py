"""Fixed-point nonlinearities at every argument, their tables, and the stated errors."""

from __future__ import annotations

import numpy as np
import pytest

from hil.models.gates import FIXED_GATES, GATES, TABLE_BITS
from hil.models.tables import PER_UNIT, cubic_table, sources

ALL = np.arange(-(1 << 15), 1 << 15)
LARGEST_ERROR = {"tanh": 1.4e-4, "sigmoid": 2.0e-4}  # what gates_table.h states


@pytest.mark.parametrize("name", sorted(LARGEST_ERROR))
def test_the_stated_error_of_a_table_holds_at_every_argument(name: str) -> None:
    exact = GATES[name](ALL / 2.0**TABLE_BITS)
    error = np.abs(FIXED_GATES[name].apply(ALL) / 2.0**14 - exact).max()
    assert 0.5 * LARGEST_ERROR[name] < error <= LARGEST_ERROR[name]


@pytest.mark.parametrize(("name", "bits"), [("quantSigm", 13), ("quantSigm4", 12), ("quantTanh", 14)])
def test_a_quantisable_gate_is_off_by_one_unit_at_its_ends_and_nowhere_else(name: str, bits: int) -> None:
    gate = FIXED_GATES[name]
    assert gate.bits == bits
    offset = round(gate.offset * 2.0**bits)
    exact = GATES[name]((ALL - offset) / 2.0**bits)
    error = np.abs(gate.apply(ALL) - exact * 2.0**14)
    assert error.max() <= 1.0
    inside = (exact > gate.low / 2.0**14) & (exact < gate.high / 2.0**14)
    assert (error[inside] == 0.0).all()


@pytest.mark.parametrize("name", sorted(FIXED_GATES))
def test_a_gate_stays_within_its_bounds_and_rises(name: str) -> None:
    gate = FIXED_GATES[name]
    answers = gate.apply(ALL)
    assert answers.min() >= gate.low
    assert answers.max() <= gate.high
    assert (np.diff(answers) >= 0).all()


def test_the_cubics_of_float32_are_within_their_bound() -> None:
    x = np.linspace(-9.0, 9.0, 400_001)
    eighths = x * PER_UNIT
    near = np.rint(eighths)
    rest = eighths - near
    c0, c1, c2, c3 = cubic_table().astype(np.float64)[np.clip(near, -64, 63).astype(int) + 64].T
    error = np.abs(c0 + rest * (c1 + rest * (c2 + rest * c3)) - np.tanh(x)).max()
    assert 1e-7 < error < 4e-7


def test_the_committed_tables_are_the_generated_ones() -> None:
    for path, text in sources().items():
        assert path.read_text() == text, path.name
