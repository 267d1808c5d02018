"""A worktree of our own in a temporary folder: what others have checked out is never touched.

A lock that dies with the process tells a worktree in use from one that was left behind.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hil.bisect.repository import Repository
from hil.commit import GitError
from hil.errors import BisectError

_PREFIX = "hil-bisect-"
_TREE = "tree"
_LOCK = "lock"


@dataclass(frozen=True)
class Checkout:
    """The worktree; ``scratch`` is a folder beside it for whatever else is made."""

    repository: Repository
    tree: Path
    git_dir: Path
    scratch: Path

    def switch(self, sha: str) -> None:
        """Have the files of a commit there and nothing else; BisectError when git cannot bring them."""
        what = f"the files of commit {sha[:10]} cannot be checked out"
        self._ask(what, "checkout", "--quiet", "--force", "--detach", sha)
        self._ask(what, "clean", "-ffdxq")

    def _ask(self, what: str, *arguments: str) -> None:
        # Named outright: were its .git gone, git would look for a repository above the temporary folder.
        place = (f"--git-dir={self.git_dir}", f"--work-tree={self.tree}")
        try:
            self.repository.work_tree.ask("-C", str(self.tree), *place, *arguments)
        except GitError as error:
            raise BisectError(
                f"{what}: {error}", evidence=str(self.tree), remedy=_remedy(str(error))
            ) from None


def _remedy(said: str) -> str | None:
    """What helps where git did not bring a commit's files."""
    if "fetch" in said or "promisor" in said:
        return "this clone is partial: fetch all its files first (`git fetch --refetch`)"
    if "unable to write" in said or "No space" in said:
        return "let TMPDIR name a folder with room for the repository's files"
    return None


@contextmanager
def checked_out(
    repository: Repository, sha: str, quiet: Callable[[], AbstractContextManager[None]]
) -> Iterator[Checkout]:
    """A worktree at that commit, removed at the end; ``quiet`` holds back the signals that end us.

    What runs that were killed have left of theirs is removed first. BisectError when none can be made.
    """
    with quiet():
        remove_leftovers(repository)
        folder = _made()
    try:
        lock = _locked(folder)
        try:
            with quiet():
                tree = folder / _TREE
                repository.ask(
                    "no worktree can be made",
                    *("worktree", "add", "--quiet", "--detach", "--no-checkout", str(tree), sha),
                )
                said = (tree / ".git").read_text(encoding="utf-8").removeprefix("gitdir: ").rstrip("\n")
                git_dir = (tree / said).resolve()  # git may write a relative path
            scratch = folder / "scratch"
            scratch.mkdir()
            yield Checkout(repository, tree, git_dir, scratch)
        finally:
            os.close(lock)
    finally:
        with quiet():
            _remove(repository, folder)


def remove_leftovers(repository: Repository) -> list[Path]:
    """Remove the worktrees of this repository that runs left behind when they were killed."""
    removed = []
    for line in repository.ask("its worktrees", "worktree", "list", "--porcelain").splitlines():
        tree = Path(line.removeprefix("worktree "))
        ours = line.startswith("worktree ") and tree.name == _TREE and tree.parent.name.startswith(_PREFIX)
        if ours and not _in_use(tree.parent):
            _remove(repository, tree.parent)
            removed.append(tree.parent)
    return removed


def _made() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
    except OSError as error:
        raise BisectError(
            "there is no temporary folder to check commits out in",
            evidence=error.strerror,
            remedy="let TMPDIR name a folder that can be written, with room for the repository's files",
        ) from error


def _locked(folder: Path) -> int:
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def _in_use(folder: Path) -> bool:
    """Whether the run that made it lives: others' files are not for us to judge."""
    try:
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _remove(repository: Repository, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(GitError):  # it was not made yet
        repository.work_tree.ask("worktree", "remove", "--force", "--force", str(folder / _TREE))
