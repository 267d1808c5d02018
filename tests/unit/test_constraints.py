"""The tested versions that `make` installs: one of each package the project names, none below its bound."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "constraints").glob("py3*.txt"))
REMEDY = "run `make constraints`"


def required() -> list[Requirement]:
    """What `make bench`, `make dashboard` and `make test` install: all but the extra for training."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = document["project"]
    extras = project["optional-dependencies"]
    lines = [*document["build-system"]["requires"], *project["dependencies"]]
    lines += [line for name, of_extra in extras.items() if name != "train" for line in of_extra]
    return [wanted for wanted in map(Requirement, lines) if wanted.name != project["name"]]


def pinned(path: Path) -> dict[str, Version]:
    """The versions of a file; every line that is not a comment is ``name==version`` and nothing else."""
    found = {}
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            match = re.fullmatch(r"([a-z0-9.-]+)==([0-9][A-Za-z0-9.+!]*)", line)
            assert match, line
            found[canonicalize_name(match[1])] = Version(match[2])
    return found


def test_there_is_a_set_for_the_python_of_each_tested_debian() -> None:
    assert [path.name for path in FILES] == ["py311.txt", "py313.txt"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_requirement_is_pinned_within_its_bounds(path: Path) -> None:
    versions = pinned(path)
    wanted = required()
    assert [one.name for one in wanted if canonicalize_name(one.name) not in versions] == [], REMEDY
    outside = [one for one in wanted if not one.specifier.contains(versions[canonicalize_name(one.name)])]
    assert outside == [], REMEDY
