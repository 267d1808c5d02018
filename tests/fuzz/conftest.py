"""Tests with random input: short runs that always try the same, or long ones with --fuzz-seconds."""

from __future__ import annotations

import pytest

import fuzzing


def pytest_configure(config: pytest.Config) -> None:
    """Before the tests are imported, whose settings depend on it."""
    fuzzing.seconds = config.getoption("--fuzz-seconds")
