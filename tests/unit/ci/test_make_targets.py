"""What the pages and messages have users make is a target, and `make help` names every one."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).parents[3]
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
PLACES = [
    *(PROJECT / name for name in ("README.md", "Makefile")),
    *(PROJECT / ".ci").iterdir(),
    *(path for folder in ("docs", "examples") for path in (PROJECT / folder).rglob("*.md")),
    *(path for folder in ("hil", "db", "dashboards", "tests") for path in (PROJECT / folder).rglob("*.py")),
]
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


def test_what_is_to_be_made_is_a_target() -> None:
    named = {
        target: path
        for path in PLACES
        if path.is_file()
        for target in re.findall(r"(?:^|[`'])make ([a-z-]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {"bench", "dashboard", "test", "constraints"} <= set(named)
    assert {target: path for target, path in named.items() if target not in TARGETS} == {}


def test_variables_that_are_named_are_used() -> None:
    named = {
        name
        for path in PLACES
        if path.suffix == ".md"
        for name in re.findall(r"\b[A-Z]+_ARGS\b", path.read_text())
    }
    assert named
    assert {name for name in named if f"$({name})" not in MAKEFILE} == set()


def test_the_help_names_every_target_that_is_for_users() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    told = {word for line in re.findall(r"@echo 'make (.*?)   ", MAKEFILE) for word in line.split()}
    assert set(phony[1].split()) - {"help"} == told
