"""A repository of somebody's own model with a commit that made it slower among those that did not.

    python benchmarks/example_repository.py FOLDER [PLANTED]

The model is that of examples/own_model. Of its ten commits, one a day, number PLANTED (6 unless it is given)
takes a slower way to the same answers in `prototypes_compare`; all others leave the cycles as they are. They
are the same commits whenever they are made.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

COMMITS = 10
MODEL = "nearest"
FUNCTION = "prototypes_compare"
SUBJECT = "prototypes: take the distance by division"
MODELS = "models"

_EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "own_model"
_C, _H, _AROUND = "prototypes.c", "prototypes.h", "nearest_q15.c"
_WHO = {
    "GIT_AUTHOR_NAME": "A. Author",
    "GIT_AUTHOR_EMAIL": "author@example.org",
    "GIT_COMMITTER_NAME": "A. Author",
    "GIT_COMMITTER_EMAIL": "author@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


@dataclass(frozen=True)
class Change:
    """A commit: in a file of the model one text takes the place of another."""

    subject: str
    file: str
    old: str
    new: str


HARMLESS = (
    Change("docs: say what the README is for", "README.md", "\nSine", "\nA first model: sine"),
    Change("prototypes: say that the mean is an integer", _H, "rounded towards zero", "an integer"),
    Change("nearest: say when init is called", _AROUND, "/* Once,", "/* Called once,"),
    Change(
        "prototypes: name the loop's variable after samples",
        _C,
        "sum += samples[i];",
        "sum = sum + samples[i];",
    ),
    Change(
        "nearest: the unused argument stands last",
        _AROUND,
        "(void)steps;\n    prototypes_compare(centred, output);",
        "prototypes_compare(centred, output);\n    (void)steps;",
    ),
    Change("docs: add a licence", "README.md", "waves.", "waves. Free to use."),
    Change(
        "prototypes: say what a half wave is near to", _C, "near enough to a sine", "within 6 % of a sine"
    ),
    Change("prototypes: a window is a period", _H, "/* samples */", "/* samples, one period */"),
)
PLANTED = Change(
    SUBJECT,
    _C,
    "distance += apart < 0 ? -apart : apart;",
    "distance += apart * apart / (apart > 0 ? apart : apart < 0 ? -apart : 1);",
)


def make(folder: Path, planted: int = 6, changes: Sequence[Change] = HARMLESS) -> list[str]:
    """Make it in a folder that is not there yet; the commits, oldest first.

    ``planted`` counts from 1, and is 2 at least: the first one brings the model.
    """
    models = folder / MODELS / MODEL
    shutil.copytree(_EXAMPLE / "models" / MODEL, models, ignore=shutil.ignore_patterns("images"))
    (folder / "README.md").write_text("# Waves\n\nSine, square and saw waves.\n", encoding="utf-8")
    (folder / ".gitignore").write_text("images/\n", encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch=main")
    commits = [commit(folder, "nearest: a model of waves", 0)]
    every = [*changes[: planted - 2], PLANTED, *changes[planted - 2 :]]
    for number, change in enumerate(every, 1):
        path = folder / change.file if change.file == "README.md" else models / change.file
        text = path.read_text(encoding="utf-8")
        assert change.old in text, change
        path.write_text(text.replace(change.old, change.new), encoding="utf-8")
        commits.append(commit(folder, change.subject, number))
    return commits


def commit(folder: Path, subject: str, day: int) -> str:
    """All that is there as a commit of that day; its hash."""
    date = f"2026-01-{day + 1:02d}T12:00:00Z"
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", subject, date=date)
    return git(folder, "rev-parse", "HEAD").strip()


def git(folder: Path, *arguments: str, date: str = "2026-01-01T12:00:00Z") -> str:
    """What git says, whose user is nobody's."""
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **_WHO, **dates},
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout


def main() -> None:
    for sha in make(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 6):
        print(sha)


if __name__ == "__main__":
    main()
