"""The plain kernels on this machine, under both sanitizers, against numpy: bit for bit in fixed point."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.models.cell.golden_float import last_state
from hil.models.gates import FIXED_GATES, GATES
from hypothesis_draw import HypothesisDraw
from kernel_cases import (
    CASES,
    FIXED_NAMES,
    FLOAT_NAMES,
    NO_POINTERS,
    SeededDraw,
    random_float_cell,
    run_cases,
)
from kernel_programs import HostProgram, build_host


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> HostProgram:
    """All kernels of matrices, gates and cells in one program."""
    return build_host(tmp_path_factory.mktemp("kernels") / "cells", ["tests/kernels/cells.c"])


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_kernels_give_what_the_references_give(program: HostProgram, name: str, data: Any) -> None:
    case = CASES[name](HypothesisDraw(data))
    case.check(run_cases(program, [case])[0])


def test_null_pointers_are_refused(program: HostProgram) -> None:
    NO_POINTERS.check(run_cases(program, [NO_POINTERS])[0])


@pytest.mark.parametrize("name", [name for name in CASES if name != "gates_f32"])
def test_one_bit_more_is_noticed(program: HostProgram, name: str) -> None:
    """What the comparison is worth: some case of a batch fails when its answer is a little off."""
    case = next(case for seed in range(50) if (case := CASES[name](SeededDraw(seed))).answer.any())
    given = np.frombuffer(run_cases(program, [case])[0], dtype=case.answer.dtype).copy()
    at = np.abs(given.astype(np.float64)).argmax()
    given[at] = given[at] * np.float32(1.001) if case.error.any() else given[at] ^ 1
    with pytest.raises(AssertionError, match=r"(?s).+"):
        case.check(given.tobytes())


def test_a_driver_that_answers_too_little_is_noticed(program: HostProgram) -> None:
    with pytest.raises(AssertionError, match="the request ended within an array"):
        program.run(NO_POINTERS.request + struct.pack("<2I", 3, 0))
    with pytest.raises(AssertionError, match="unknown kind of case"):
        program.run(struct.pack("<I", 99))


def test_float_cells_round_as_float32_does() -> None:
    """The tolerance of the float cases is met by numpy's float32 too, so that it asks nothing odd of C."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        cell = random_float_cell(rng, SeededDraw(seed))
        batch = rng.standard_normal((2, 20, cell.shape.features)).astype(np.float32)
        exact = last_state(cell, batch.astype(np.float64))
        assert (
            np.abs(last_state(cell, batch) - exact) <= 1e-4 * np.abs(exact).max(axis=1, keepdims=True)
        ).all()


def test_all_gates_have_cases() -> None:
    assert set(FLOAT_NAMES) == set(GATES)
    assert set(FIXED_NAMES) == {gate.kernel for gate in FIXED_GATES.values()}
