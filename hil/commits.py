"""The commits between two, asked of git as safely as ``hil.commit`` does."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from hil.commit import GitError, WorkTree, work_tree_of

_MOST = 200
_SHA = re.compile("[0-9a-f]{7,64}")


@dataclass(frozen=True)
class OneCommit:
    """A commit as a list names it."""

    sha: str
    subject: str


@dataclass(frozen=True)
class Between:
    """The commits that the newer of two has and the older has not, newest first.

    ``missing`` is how many the older one has that the newer has not; ``note`` says what is not known.
    """

    commits: tuple[OneCommit, ...] = ()
    missing: int = 0
    note: str | None = None


def commits_between(
    folder: Path, older: str | None, newer: str | None, paths: tuple[str, ...] = ()
) -> Between:
    """Those of two commits in the repository of ``folder``, of ``paths`` alone where some are given."""
    if older is None or newer is None:
        which = "the baseline" if older is None else "this run"
        return Between(note=f"the commits between are not known: {which} was stored without its commit")
    if older == newer:
        return Between(note="both runs are of one commit")
    git = shutil.which("git")
    if git is None:
        return Between(note="the commits between are not known: git is not installed")
    try:
        work_tree = work_tree_of(Path(git), folder)
        for sha in (newer, older):
            if not _SHA.fullmatch(sha) or not _has(work_tree, sha):
                return Between(note=_lacks(work_tree, sha))
        listed = work_tree.ask(
            *("log", "--no-show-signature", "--no-color", f"--max-count={_MOST}", "--format=%H %s", "-z"),
            *(f"{older}..{newer}", "--", *paths),
        )
        missing = work_tree.ask("rev-list", "--count", f"{newer}..{older}", "--", *paths)
    except GitError as error:
        return Between(note=f"the commits between are not known: {error}")
    pairs = [one.partition(" ") for one in listed.split("\0") if one]
    return Between(tuple(OneCommit(sha, subject) for sha, _, subject in pairs), int(missing))


def of_folder(name: str) -> str:
    """The pathspec of all that lies in folders of that name, wherever they are."""
    literal = re.sub(r"([*?\[\]\\])", r"\\\1", name)
    return f":(top,glob)**/{literal}/**"


def _has(work_tree: WorkTree, sha: str) -> bool:
    try:
        work_tree.ask("cat-file", "-e", f"{sha}^{{commit}}")
    except GitError:
        return False
    return True


def _lacks(work_tree: WorkTree, sha: str) -> str:
    shallow = work_tree.ask("rev-parse", "--is-shallow-repository").strip() == "true"
    if shallow:
        return (
            f"the commits between are not known: this clone is shallow and ends before {sha[:10]}; "
            "run `git fetch --unshallow`, or check out with the whole history"
        )
    return f"the commits between are not known: the repository here has no commit {sha[:10]}"
