"""A repository with the example's model in it, and a commit that makes the model slower."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from needs import absent

_EXAMPLE = Path(__file__).parents[2] / "examples" / "own_model"
_SOMEBODY = ("-c", "user.name=A", "-c", "user.email=a@example.org")
_LOOP = "        int32_t distance = 0;\n"
_WAIT = "        for (volatile int32_t wait = 0; wait < 50; wait++) {\n        }\n"


def example_project(folder: Path) -> Path:
    """The folder, made a repository of one commit on main; skips, or fails, without a cross compiler."""
    if shutil.which("arm-none-eabi-gcc") is None:
        absent("arm-none-eabi-gcc is not installed")
    shutil.copytree(_EXAMPLE / "models", folder / "models")
    (folder / ".gitignore").write_text("*.elf\nbuilt\nresults.db*\nnightly\n")
    subprocess.run(["git", "init", "--initial-branch=main"], cwd=folder, check=True, capture_output=True)
    _commit(folder, "first")
    return folder


def slow_down(folder: Path, subject: str) -> None:
    """Commit a loop that takes time wherever the model compares."""
    source = folder / "models" / "nearest" / "prototypes.c"
    text = source.read_text()
    assert _LOOP in text
    source.write_text(text.replace(_LOOP, _LOOP + _WAIT))
    _commit(folder, subject)


def _commit(folder: Path, subject: str) -> None:
    for words in (("add", "-A"), ("commit", "-m", subject)):
        subprocess.run(["git", *_SOMEBODY, *words], cwd=folder, check=True, capture_output=True)
