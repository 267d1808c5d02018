"""Matrices on several pairs of vectors in one call, on this machine: what the references give."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypothesis_draw import HypothesisDraw
from kernel_cases import run_cases
from kernel_programs import HostProgram, build_host
from many_cases import CASES


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> HostProgram:
    """The kernels and what they fall back on, in one program."""
    return build_host(tmp_path_factory.mktemp("kernels") / "many", ["tests/kernels/many.c"])


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_kernels_give_what_the_references_give(program: HostProgram, name: str, data: st.DataObject) -> None:
    case = CASES[name](HypothesisDraw(data))
    case.check(run_cases(program, [case])[0])
