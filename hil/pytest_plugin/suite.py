"""The suite that ships with the package, under an id that is the same from every folder.

pytest names a test by its file's path from the root folder; a file outside of it would have no name at all.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import hil.suite

SUITE = Path(hil.suite.__file__).resolve().parent / "bench.py"
SUITE_ID = "hil/suite/bench.py"


class SuiteModule(pytest.Module):
    """The suite's module: what a test is called does not hang on the user's ini file."""

    def funcnamefilter(self, name: str) -> bool:
        return name.startswith("test_")

    def classnamefilter(self, name: str) -> bool:
        return False


def module_of(path: Path, parent: pytest.Collector) -> SuiteModule | None:
    """The collector of the suite's file, None for any other."""
    if path != SUITE:
        return None
    module: SuiteModule = SuiteModule.from_parent(parent, path=path, nodeid=SUITE_ID)
    return module


def located(argument: str, folder: Path) -> str:
    """An argument that names a test of the suite by its id, as pytest finds it; any other as it is."""
    path, separator, rest = argument.partition("::")
    if path != SUITE_ID or (folder / path).exists():
        return argument
    return f"{SUITE}{separator}{rest}"


def name_place(item: pytest.Item) -> None:
    """Give a test of the suite the place that its id says, for reports that tell a file."""
    if isinstance(item.parent, SuiteModule):
        _, line, name = item.location
        item.__dict__["location"] = (SUITE_ID, line, name)
