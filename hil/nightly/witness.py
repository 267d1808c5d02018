"""A plug-in for pytest that writes down, as it happens, which tests failed and why: a line of JSON each.

The night reads it when the bench has ended, however it did. Errors of the lab itself (a board that does not
answer) are told from tests that found something wrong.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hil.errors import HilError
from hil.masking import masked

VARIABLE = "HIL_NIGHTLY_WITNESS"  # names the file
_LONGEST = 500


@dataclass(frozen=True)
class Failure:
    """A test that failed; ``measured`` is False where the bench itself failed, so that nothing was found."""

    test: str
    said: str
    measured: bool


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember why, where the exception is known."""
    report = yield
    if report.failed and call.excinfo is not None:
        error = call.excinfo.value
        line = " ".join(masked(str(error)).split()) or type(error).__name__
        vars(report)["hil_why"] = {"said": line[:_LONGEST], "measured": not isinstance(error, HilError)}
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write it down once it counts: a failure that is tried again is none yet."""
    why = getattr(report, "hil_why", None)
    place = os.environ.get(VARIABLE)
    if report.failed and why is not None and place:
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"test": report.nodeid, **why}) + "\n")


def failures(file: Path) -> list[Failure]:
    """What was written, in the order of the failures; a line that was cut as its writer died is left out."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return [Failure(**json.loads(line)) for line in lines if line.endswith("\n")]
