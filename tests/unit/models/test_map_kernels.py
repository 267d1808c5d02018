"""Kernels of convolution, pooling and RNNPool on this machine against the references."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypothesis_draw import HypothesisDraw
from kernel_cases import SeededDraw, run_cases
from kernel_programs import HostProgram, build_host
from map_cases import CASES


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> HostProgram:
    """All kernels of maps in one program."""
    return build_host(tmp_path_factory.mktemp("kernels") / "maps", ["tests/kernels/maps.c"])


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_kernels_give_what_the_references_give(program: HostProgram, name: str, data: Any) -> None:
    case = CASES[name](HypothesisDraw(data))
    case.check(run_cases(program, [case])[0])


@pytest.mark.parametrize("name", CASES)
def test_one_bit_more_is_noticed(program: HostProgram, name: str) -> None:
    """What the comparison is worth: some case of a batch fails when its answer is a little off."""
    case = next(case for seed in range(50) if (case := CASES[name](SeededDraw(seed))).answer.any())
    given = np.frombuffer(run_cases(program, [case])[0], dtype=case.answer.dtype).copy()
    at = np.abs(given.astype(np.float64)).argmax()
    given[at] = given[at] * np.float32(1.001) if given.dtype == np.float32 else given[at] ^ 1
    with pytest.raises(AssertionError, match=r"(?s).+"):
        case.check(given.tobytes())
