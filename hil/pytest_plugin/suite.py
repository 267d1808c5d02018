"""The suite that ships with the package, under an id that is the same from every folder.

pytest names a test by its file's path from the root folder; a file outside of it would have no name at all.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import hil.suite

SUITE = Path(hil.suite.__file__).resolve().parent / "bench.py"
SUITE_ID = "hil/suite/bench.py"
_MODULE = f"{hil.suite.__name__}.bench"


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


def choose(config: pytest.Config) -> None:
    """Let the suite be all that runs."""
    config.args = [_MODULE]
    config.option.pyargs = True


def locate(config: pytest.Config) -> None:
    """Where arguments name tests of the suite by their ids, let pytest find them; others stay as they are.

    By its module's name it is found at once: by its path, pytest first looks at all that lies beside it, and
    beside the folders that hold it. But there is one way for all arguments.
    """
    folder = config.invocation_params.dir
    ours = [_is_of_suite(argument, folder) for argument in config.args]
    alone = bool(ours) and all(ours)
    place = _MODULE if alone else str(SUITE)
    config.args = [
        place + argument.removeprefix(SUITE_ID) if its else argument
        for argument, its in zip(config.args, ours, strict=True)
    ]
    if alone:
        config.option.pyargs = True


def _is_of_suite(argument: str, folder: Path) -> bool:
    path = argument.partition("::")[0]
    return path == SUITE_ID and not (folder / path).exists()


def name_place(item: pytest.Item) -> None:
    """Give a test of the suite the place that its id says, for reports that tell a file."""
    if isinstance(item.parent, SuiteModule):
        _, line, name = item.location
        item.__dict__["location"] = (SUITE_ID, line, name)
