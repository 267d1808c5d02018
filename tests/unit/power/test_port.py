"""A probe's port, on a pseudo-terminal whose other end is the test's."""

from __future__ import annotations

import os
import signal
import subprocess
import threading

import pytest

from hil.errors import PowerProbeError
from hil.power.port import Port


def test_the_reader_of_an_end_that_was_cut_short_is_waited_for() -> None:
    """Else it reads a descriptor that is closed, or is another file's by then."""
    ours, theirs = os.openpty()
    cut_short, at_work = threading.Event(), threading.Event()

    def last(_: bytearray) -> bool:
        if not cut_short.is_set():
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            cut_short.wait()
            os.write(ours, b"goes on")
            return False
        at_work.set()
        return True

    port = Port(os.ttyname(theirs), "desk")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's `&` has it ignored
    try:
        port.acquire()
        port.begin(last)
        with pytest.raises(KeyboardInterrupt):
            port.end(b"stop")
        assert not at_work.is_set()
        cut_short.set()
        port.end(b"stop")
        assert at_work.is_set()
        assert not port.streams
    finally:
        signal.signal(signal.SIGINT, before)
        port.close()
        os.close(ours)
        os.close(theirs)


def test_what_is_no_serial_port_is_told_in_a_line() -> None:
    """Nearly every process has this one open."""
    others = [subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL) for _ in range(5)]
    try:
        with pytest.raises(PowerProbeError) as caught:
            Port(os.devnull, "desk").acquire()
        assert 1 <= str(caught.value).count("open in process") <= 3
    finally:
        for one in others:
            one.kill()
            one.wait()
