"""Text is UTF-8 wherever the lab reads or writes it, whatever the locale says."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
FOLDERS = ("hil", "db", "dashboards", ".ci", "benchmarks")
FILES = {"open": 1, "read_text": 0, "write_text": 1, "fdopen": 2, "NamedTemporaryFile": 3, "TextIOWrapper": 1}
BINARY_BY_DEFAULT = {"NamedTemporaryFile"}
NOT_FILES = {"os", "webbrowser", "Link", "Store", "Recorder", "Image", "session", "self", "socket"} | {
    "found",  # a power probe's driver
    "_port",  # a serial port
}


def mode_of(call: ast.Call, place: int) -> str | None:
    """The mode that a call names, None where it names none or computes it."""
    given = [word.value for word in call.keywords if word.arg == "mode"] + call.args[place : place + 1]
    mode = given[0].value if given and isinstance(given[0], ast.Constant) else None
    return mode if isinstance(mode, str) else None


def without_encoding(call: ast.Call) -> bool:
    """Whether a call reads or writes text by the locale's encoding."""
    named = {word.arg for word in call.keywords}
    if "encoding" in named:
        return False
    if "text" in named or "universal_newlines" in named:
        return True
    if isinstance(call.func, ast.Name):
        owner, name = None, call.func.id
    elif isinstance(call.func, ast.Attribute):
        owner, name = call.func.value, call.func.attr
    else:
        return False
    if name not in FILES:
        return False
    if name in ("read_text", "write_text"):
        return owner is not None  # else it is hil.reading's
    called = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", None)
    if name == "open" and called in NOT_FILES:
        return False
    mode = mode_of(call, 0 if name == "open" and owner is not None else 1)
    return "b" not in mode if mode is not None else name not in BINARY_BY_DEFAULT


def calls() -> Iterator[tuple[str, ast.Call]]:
    for folder in FOLDERS:
        for path in sorted((PROJECT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield f"{path.relative_to(PROJECT)}:{node.lineno}", node


def test_every_file_is_opened_with_an_encoding() -> None:
    assert [place for place, call in calls() if without_encoding(call)] == []


@pytest.mark.parametrize("command", [["--help"], ["models"], ["time", "--help"], ["build", "--check", "no"]])
def test_commands_work_where_the_locale_has_no_letters_but_asciis(command: list[str], tmp_path: Path) -> None:
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "hil", *command],
        env={**environment, "PATH": os.environ["PATH"]},
        capture_output=True,
    )
    assert done.returncode == (1 if "no" in command else 0), done.stderr
    told = (done.stdout + done.stderr).decode("ascii")
    assert "Traceback" not in told
    assert "damaged" not in told
