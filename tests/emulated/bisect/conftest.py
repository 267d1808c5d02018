"""A user's repository, and the command as it is started there."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench_runs import database_url
from example_repository import MODEL, MODELS, git, make
from needs import absent

RUN_S = 540
MINE = ("--model", MODEL, "--models-dir", MODELS)
CYCLES = ("--metric", "latency_cycles")


@dataclass(frozen=True)
class Project:
    """A repository, a database beside it, and a temporary folder that is the command's alone."""

    folder: Path
    commits: Sequence[str]

    @property
    def temporary(self) -> Path:
        return self.folder.parent / "a temporary folder"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "TMPDIR": str(self.temporary)}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "hil", "bisect", f"--db={database_url(self.folder.parent)}", *arguments]

    def bisect(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=RUN_S,
            check=False,
        )

    def state(self) -> dict[str, str]:
        """All that is the user's: files, index, branches, stash, worktrees."""
        own = [path for path in sorted(self.folder.rglob("*")) if path.is_file() and ".git" not in path.parts]
        kept = [self.folder / ".git" / name for name in ("HEAD", "index", "config")]
        found = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in (*own, *kept)}
        words = (("for-each-ref",), ("stash", "list"), ("worktree", "list"), ("reflog",))
        return found | {name: git(self.folder, *name.split()) for name in map(" ".join, words)}

    def left_behind(self) -> list[str]:
        """What lies in the temporary folder, and worktrees that git knows of."""
        known = git(self.folder, "worktree", "list", "--porcelain").count("worktree ")
        return [path.name for path in self.temporary.iterdir()] + ["worktree"] * (known - 1)


@pytest.fixture
def cross_compiler() -> None:
    if shutil.which("arm-none-eabi-gcc") is None:
        absent("arm-none-eabi-gcc is not installed")


@pytest.fixture
def project(tmp_path: Path, cross_compiler: None) -> Project:
    """The example: ten commits, of which the sixth is slower."""
    folder = tmp_path / "a project"
    made = Project(folder, make(folder))
    made.temporary.mkdir()
    return made
