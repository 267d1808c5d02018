"""Calls beside other work give what they give in turn; the end of a process is seen as it happens."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from hil.beside import beside, wait_for


def test_a_call_goes_on_beside_and_its_result_is_waited_for() -> None:
    both_run = threading.Barrier(2)
    result = beside(lambda: both_run.wait(10) * 0 + 7)
    both_run.wait(10)
    assert [result(), result()] == [7, 7]


def test_what_a_call_raises_is_raised_where_its_result_is_asked_for() -> None:
    result = beside(lambda: int("seven"))
    with pytest.raises(ValueError, match="seven"):
        result()


def test_a_process_that_ends_and_one_that_does_not() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.exit(sys.stdin.read())"],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as child:
        with pytest.raises(subprocess.TimeoutExpired):
            wait_for(child, 0.01)
        assert child.stdin is not None
        child.stdin.write(b"told why")
        child.stdin.close()
        assert wait_for(child, 30.0) == 1
        assert wait_for(child, 0.0) == 1
