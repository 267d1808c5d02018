"""For all tests: a bare environment, and an end in order."""

from __future__ import annotations

import signal

import pytest

import children


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `make fuzz` sets."""
    parser.addoption(
        "--fuzz-seconds",
        type=float,
        default=0.0,
        help="how long each fuzz target of tests/fuzz tries new input; 0: a short run, always the same",
    )


def pytest_configure() -> None:
    """Before any test is collected: what starts later inherits it.

    The end of a job (SIGTERM) and of a terminal (SIGHUP) become Ctrl-C: fixtures then end what they started.
    """
    children.make_bare()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
