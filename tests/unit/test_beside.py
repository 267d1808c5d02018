"""Calls beside other work give what they give in turn; the end of a process is seen as it happens."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from hil.beside import beside, readable, wait_for
from refusing import refusing


def test_a_call_goes_on_beside_and_its_result_is_waited_for() -> None:
    both_run = threading.Barrier(2)
    result = beside(lambda: both_run.wait(60) * 0 + 7)
    both_run.wait(60)
    assert [result(), result()] == [7, 7]


def test_what_a_call_raises_is_raised_where_its_result_is_asked_for() -> None:
    result = beside(lambda: int("seven"))
    with pytest.raises(ValueError, match="seven"):
        result()


def test_where_the_system_gives_no_thread_it_runs_where_its_result_is_asked_for() -> None:
    """A limit on processes counts threads: the C library makes them by clone3."""
    program = (
        "from hil.beside import beside\n"
        "result = beside(lambda: print('once') or 7)\n"
        "print('asked', result(), result())"
    )
    command = refusing("clone3", errno.EAGAIN, sys.executable, "-c", program)
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == "once\nasked 7 7\n", done.stderr


@pytest.mark.parametrize(("files", "apart"), [(255, False), (256, True), (resource.RLIM_INFINITY, True)])
def test_where_few_files_may_be_open_it_takes_none_from_other_work(
    monkeypatch: pytest.MonkeyPatch, files: int, apart: bool
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (files, files))
    result = beside(threading.get_ident)
    assert (result() != threading.get_ident()) == apart


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
        assert wait_for(child, 60.0) == 1
        assert wait_for(child, 0.0) == 1


@pytest.fixture
def many_open_files() -> Iterator[None]:
    """Every descriptor below 1024 is in use: select() takes none that is opened now."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] != resource.RLIM_INFINITY and before[1] < 2048:
        pytest.skip("the system lets a process have fewer than 2048 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, before[1]))
    opened: list[int] = []
    try:
        while not opened or opened[-1] < 1023:
            opened.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("many_open_files")
def test_a_process_with_many_open_files_can_wait_too() -> None:
    left, right = os.pipe()
    try:
        assert not readable(left, 0.0)
        os.write(right, b"x")
        assert readable(left, 30.0)
    finally:
        os.close(left)
        os.close(right)
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.exit(3)"]) as child:
        assert wait_for(child, 60.0) == 3
