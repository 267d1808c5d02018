"""CI's workflows as data, and their commands run here as a runner would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2]
GITHUB = PROJECT / ".github" / "workflows"
GITLAB = PROJECT / ".gitlab-ci.yml"
_BINARIES = Path(sys.executable).parent
# What CI keeps of a machine's own, too: without it numerical libraries are wrong on some processors.
_KEPT = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def workflow(name: str) -> dict[str, Any]:
    """A workflow of GitHub's, by its name."""
    return load(GITHUB / f"{name}.yml")


def load(path: Path) -> dict[str, Any]:
    # `on` stays a text: YAML 1.1 reads it as true.
    document = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    assert isinstance(document, dict)
    return document


def jobs(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return dict(document["jobs"])


def steps(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for job in jobs(document).values():
        yield from job["steps"]


def bare(home: Path, **more: str) -> dict[str, str]:
    """The environment of `env -i`, with these tests' `hil` in the place of one that a runner installs."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {"HOME": str(home), "PATH": f"{_BINARIES}:/usr/bin:/bin", **kept, **more}


@dataclass(frozen=True)
class Ran:
    """How a job ended: the first exit code that was none of 0, and all that was printed."""

    code: int
    said: str


def run_steps(
    job: Mapping[str, Any], folder: Path, environment: Mapping[str, str], conditions: Mapping[str, bool]
) -> Ran:
    """Run a job's commands one after the other, as GitHub's runner does.

    Actions are left out, and what installs packages: steps called "Install …". ``conditions`` is what each
    `if` comes to that does not ask for success; a step without one runs while all went well.
    """
    code, said = 0, []
    for step in job["steps"]:
        if "run" not in step or step["name"].startswith("Install "):
            continue
        if not (conditions[step["if"]] if "if" in step else code == 0):
            continue
        done = _shell(["sh", "-e", "-c", step["run"]], folder, environment)
        said.append(f"## {step['name']}: {done.returncode}\n{done.stdout}")
        code = code or done.returncode
    return Ran(code, "\n".join(said))


def run_script(lines: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Ran:
    """Run a job's script in one shell, as GitLab's runner does; what installs packages is not in it."""
    done = _shell(["bash", "-eo", "pipefail", "-c", "\n".join(lines)], folder, environment)
    return Ran(done.returncode, done.stdout)


def _shell(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=600,
    )
