"""The commit that a run is of, asked of git without running anything that the repository names.

A repository's own configuration may name programs: a monitor of its files, hooks, filters, a transport for
objects that are missing, and the same in each submodule. None is started here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

_TIMEOUT_S = 60
_NAMED = 3  # so many models does a note name
_GITLINK = "160000"  # the mode of a submodule in an index
_QUIET = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "safe.bareRepository": "explicit",  # one that lies in a work tree is no repository of ours
}
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",  # the index stays as it is
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",  # for git before 2.45, which does not know the line above
    "GIT_TERMINAL_PROMPT": "0",
}


@dataclass(frozen=True)
class Commit:
    """The commit checked out in a folder, None when it is not known.

    ``dirty`` when what is there, or what was run, is not all in it; None when that is not known. ``note`` is
    a sentence on what is not known, or is not in the commit. ``branch`` is the one that is checked out, or
    that a CI job says it is of; ``tags`` are those of the commit.
    """

    sha: str | None = None
    dirty: bool | None = None
    note: str | None = None
    branch: str | None = None
    tags: tuple[str, ...] = ()


def commit_of(folder: Path, models: Mapping[str, Sequence[Path]] | None = None) -> Commit:
    """The commit that a folder is at; ``models`` are the files of a user's own models that run, by name."""
    git = shutil.which("git")
    if git is None:
        return Commit(note="no commit: git is not installed")
    try:
        work_tree = work_tree_of(Path(git), folder)
    except GitError as error:
        return Commit(note=f"no commit: {error}")
    try:
        sha = work_tree.ask("rev-parse", "--verify", "--quiet", "HEAD").strip()
    except GitError as error:
        return Commit(note=f"no commit: {error if str(error) else 'the repository has none yet'}")
    notes: list[str] = []
    try:
        dirty, trees = _changed(work_tree)
    except GitError as error:
        dirty, trees = None, {work_tree.folder}
        notes.append(f"whether files differ from the commit is not known: {error}")
    for why, names in _uncommitted(Path(git), trees, models or {}).items():
        dirty = True
        notes.append(f"not all that ran is in the commit: {why} {_listed(names)}")
    tags = _asked_gently(work_tree, "tag", "--points-at", "HEAD").splitlines()
    return Commit(sha, dirty, "; ".join(notes) or None, _branch(work_tree), tuple(sorted(tags)))


def _branch(work_tree: WorkTree) -> str | None:
    """What HEAD stands for; CI checks out a commit alone and names the branch beside it."""
    checked_out = _asked_gently(work_tree, "symbolic-ref", "--quiet", "--short", "HEAD").strip()
    names = [os.environ.get(name) for name in ("GITHUB_HEAD_REF", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME")]
    if os.environ.get("GITHUB_REF_TYPE") == "branch":
        names.append(os.environ.get("GITHUB_REF_NAME"))
    if not os.environ.get("CI_COMMIT_TAG"):
        names.append(os.environ.get("CI_COMMIT_REF_NAME"))
    return checked_out or next(filter(None, names), None)


def _asked_gently(work_tree: WorkTree, *arguments: str) -> str:
    """What git prints, and nothing where it refuses: of a branch or tags a run can do without."""
    try:
        return work_tree.ask(*arguments)
    except GitError:
        return ""


class GitError(Exception):
    """Git refused, saying why in a line, or nothing."""


@dataclass(frozen=True)
class WorkTree:
    """Git in a folder, under settings that win over the repository's."""

    git: Path
    folder: Path
    settings: Mapping[str, str] = field(default_factory=lambda: _QUIET)
    timeout_s: float = _TIMEOUT_S
    without: frozenset[str] = frozenset()  # variables of the environment that are not handed on

    def ask(self, *arguments: str) -> str:
        """What git prints; GitError with the first line of its complaint."""
        held = os.environ.get("GIT_CONFIG_COUNT", "")  # the user's own, which CI uses for safe.directory
        first = int(held) if held.isdecimal() else 0
        told = {"GIT_CONFIG_COUNT": str(first + len(self.settings))}
        for number, (key, value) in enumerate(self.settings.items(), first):
            told |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        held_on = {name: value for name, value in os.environ.items() if name not in self.without}
        try:
            done = subprocess.run(
                [self.git, "-C", self.folder, *arguments],
                env={**held_on, **_ENVIRONMENT, **told},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="surrogateescape",
                timeout=self.timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise GitError(f"git did not answer in {self.timeout_s:g} s") from None
        except OSError as error:
            raise GitError(f"git cannot be run: {error.strerror}") from None
        if done.returncode != 0:
            raise GitError(_complaint(done.stderr))
        return done.stdout


def _complaint(said: str) -> str:
    lines = said.splitlines()
    first = lines[0].removeprefix("fatal: ") if lines else ""
    if "dubious ownership" in first:
        place = first.partition(" at ")[2]
        return (
            f"the repository at {place} belongs to another user; if you trust it, run "
            f"`git config --global --add safe.directory {place}`"
        )
    if first.startswith("not a git repository"):
        return "the folder is in no git work tree"
    return f"git says: {first}" if first else ""


def work_tree_of(git: Path, folder: Path, without: frozenset[str] = frozenset()) -> WorkTree:
    """The work tree that a folder is in, with the filters of its repository switched off.

    ``without`` are variables of the environment that git is to know nothing of.
    """
    there = WorkTree(git, folder, without=without)
    work_tree = replace(there, folder=Path(there.ask("rev-parse", "--show-toplevel").removesuffix("\n")))
    try:
        listed = work_tree.ask(
            "config",
            "--null",
            "--show-scope",
            "--name-only",
            "--get-regexp",
            r"^filter\..*\.(clean|smudge|process)$",
        )
    except GitError as error:
        if str(error):
            raise
        return work_tree  # none is configured
    words = listed.split("\0")[:-1]
    theirs = {
        key.rpartition(".")[0]
        for scope, key in zip(words[::2], words[1::2], strict=True)
        if scope in ("local", "worktree")
    }
    off = {f"{one}.{name}": "" for one in sorted(theirs) for name in ("clean", "smudge", "process")}
    return replace(work_tree, settings={**_QUIET, **off, **{f"{one}.required": "false" for one in theirs}})


def _changed(work_tree: WorkTree) -> tuple[bool, set[Path]]:
    """Whether tracked files differ, those of submodules too; and the work trees that the commit covers."""
    trees = {work_tree.folder}
    status = work_tree.ask(
        "status", "--porcelain", "--untracked-files=no", "--ignore-submodules=dirty", "--no-renames"
    )
    dirty = bool(status)
    if dirty and len(work_tree.settings) > len(_QUIET):
        raise GitError("the repository's filters are programs of its own, and are not run")
    for entry in work_tree.ask("ls-files", "--stage", "-z").split("\0"):
        about, _, path = entry.partition("\t")
        folder = work_tree.folder / path
        # Git itself would ask there under the submodule's own settings.
        if about.startswith(_GITLINK) and (folder / ".git").exists() and not folder.is_symlink():
            below, more = _changed(work_tree_of(work_tree.git, folder))
            dirty |= below
            trees |= more
    return dirty, trees


def _uncommitted(git: Path, trees: set[Path], models: Mapping[str, Sequence[Path]]) -> dict[str, list[str]]:
    """What keeps models out of the commit -> their names."""
    found: dict[str, list[str]] = {}
    for name, files in models.items():
        folder = files[0].parent
        try:
            work_tree = work_tree_of(git, folder)
            tracked = set(WorkTree(git, folder).ask("ls-files", "-z").split("\0"))
        except GitError:
            found.setdefault("in no repository lies", []).append(name)
            continue
        if work_tree.folder not in trees:
            found.setdefault("in another repository lies", []).append(name)
        elif any(str(path.relative_to(folder)) not in tracked for path in files):
            found.setdefault("git does not track every file of", []).append(name)
    return found


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
