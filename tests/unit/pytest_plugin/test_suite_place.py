"""The suite's ids and the options' names, where others have the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.pytest_plugin.suite import SUITE, SUITE_ID, located

TEST = "::test_image[qemu-fastgrnn_digits/q15]"


@pytest.mark.parametrize("rest", ["", TEST, "::test_image[a::b]"])
def test_an_id_of_the_suite_is_found_from_any_folder(tmp_path: Path, rest: str) -> None:
    assert located(SUITE_ID + rest, tmp_path) == f"{SUITE}{rest}"


def test_a_file_of_the_users_of_that_name_is_theirs(tmp_path: Path) -> None:
    (tmp_path / SUITE_ID).parent.mkdir(parents=True)
    (tmp_path / SUITE_ID).write_text("")
    assert located(SUITE_ID + TEST, tmp_path) == SUITE_ID + TEST


@pytest.mark.parametrize("argument", ["test_mine.py", f"sub/{SUITE_ID}{TEST}", "hil/suite", ""])
def test_other_arguments_are_left_alone(tmp_path: Path, argument: str) -> None:
    assert located(argument, tmp_path) == argument
