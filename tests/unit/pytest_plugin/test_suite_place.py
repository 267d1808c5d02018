"""The suite's ids, from any folder and beside other arguments."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hil.pytest_plugin.suite import SUITE, SUITE_ID, locate

TEST = "::test_image[qemu-fastgrnn_digits/q15]"


def located(folder: Path, *arguments: str) -> tuple[list[str], bool]:
    """What pytest is told instead, and whether by module."""
    config: Any = SimpleNamespace(
        args=list(arguments),
        invocation_params=SimpleNamespace(dir=folder),
        option=SimpleNamespace(pyargs=False),
    )
    locate(config)
    return config.args, config.option.pyargs


@pytest.mark.parametrize("rest", ["", TEST, "::test_image[a::b]"])
def test_ids_of_the_suite_alone_are_found_by_module(tmp_path: Path, rest: str) -> None:
    argument = SUITE_ID + rest
    assert located(tmp_path, argument, argument) == ([f"hil.suite.bench{rest}"] * 2, True)


def test_beside_others_they_are_found_by_path(tmp_path: Path) -> None:
    assert located(tmp_path, SUITE_ID + TEST, "test_mine.py") == ([f"{SUITE}{TEST}", "test_mine.py"], False)


def test_a_file_of_the_users_of_that_name_is_theirs(tmp_path: Path) -> None:
    (tmp_path / SUITE_ID).parent.mkdir(parents=True)
    (tmp_path / SUITE_ID).write_text("")
    assert located(tmp_path, SUITE_ID + TEST) == ([SUITE_ID + TEST], False)


@pytest.mark.parametrize("argument", ["test_mine.py", f"sub/{SUITE_ID}{TEST}", "hil/suite", ""])
def test_other_arguments_are_left_alone(tmp_path: Path, argument: str) -> None:
    assert located(tmp_path, argument) == ([argument], False)
