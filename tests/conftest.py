"""For all tests: a bare environment, and an end in order."""

from __future__ import annotations

import signal

import children


def pytest_configure() -> None:
    """Before any test is collected: what starts later inherits it.

    The end of a job (SIGTERM) and of a terminal (SIGHUP) become Ctrl-C: fixtures then end what they started.
    """
    children.make_bare()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
