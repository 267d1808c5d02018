"""A plug-in for pytest that writes down, as it happens, which tests failed and why: a line of JSON each.

The night reads it when the bench has ended, however it did. What befell the bench itself (a board that does
not answer, a database that is locked) is told from tests that found something wrong.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest

from hil.errors import HilError, StoreError
from hil.masking import masked

VARIABLE = "HIL_NIGHTLY_WITNESS"  # names the file
_LONGEST = 500


class Kind(StrEnum):
    """What a failure tells of: what was measured, a board or image that could not be, the database."""

    FOUND = "found"
    BENCH = "bench"
    STORE = "store"


@dataclass(frozen=True)
class Failure:
    """A test that failed, and what it said in a line."""

    test: str
    said: str
    kind: Kind


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember why, where the exception is known."""
    report = yield
    if report.failed and call.excinfo is not None:
        error = call.excinfo.value
        line = " ".join(masked(str(error)).split()) or type(error).__name__
        vars(report)["hil_why"] = {"said": line[:_LONGEST], "kind": _kind(error)}
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write it down once it counts: a failure that is tried again is none yet."""
    why = getattr(report, "hil_why", None)
    place = os.environ.get(VARIABLE)
    if report.failed and why is not None and place:
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"test": report.nodeid, **why}) + "\n")


def _kind(error: BaseException) -> Kind:
    if isinstance(error, StoreError):
        return Kind.STORE
    return Kind.BENCH if isinstance(error, HilError) else Kind.FOUND


def failures(file: Path) -> list[Failure]:
    """What was written, in the order of the failures; a line that was cut as its writer died is left out."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    told = [json.loads(line) for line in lines if line.endswith("\n")]
    return [Failure(one["test"], one["said"], Kind(one["kind"])) for one in told]
