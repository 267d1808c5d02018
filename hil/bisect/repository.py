"""The commits between two of a user's repository: what they are called, and how they hang together."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hil.commit import GitError, WorkTree, work_tree_of
from hil.errors import BisectError

# Set by git for hooks and `rebase --exec`: they would make what is asked of our worktree the user's.
_OF_HOOKS = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"})
_TIMEOUT_S = 600.0  # a checkout may be large
_UNSHALLOW = "run `git fetch --unshallow`, or check out with the whole history"
_ALL_FILES = {
    "core.sparseCheckout": "false",  # the user's choice of files is not the images'
    "submodule.recurse": "false",
    "advice.detachedHead": "false",
}


@dataclass(frozen=True)
class Told:
    """What is told of a commit: ``date`` as git writes it in ISO 8601."""

    sha: str
    subject: str
    author: str
    date: str

    @property
    def short(self) -> str:
        """Ten digits and the subject."""
        return f"{self.sha[:10]} {self.subject}"


@dataclass(frozen=True)
class Repository:
    """The repository that a folder lies in; ``of`` finds it."""

    work_tree: WorkTree

    @classmethod
    def of(cls, folder: Path) -> Repository:
        """BisectError when there is none, no git, or none with files beside it."""
        git = shutil.which("git")
        if git is None:
            raise BisectError("git is not installed", remedy="install it (Debian: apt-get install git)")
        try:
            found = work_tree_of(Path(git), folder, _OF_HOOKS)
        except GitError as error:
            bare = "bare" in str(error) or "must be run in a work tree" in str(error)
            raise BisectError(
                f"there is no repository to look for a commit in: {error}",
                evidence=str(folder),
                remedy="clone the bare repository, and start it in the clone"
                if bare
                else "start it in a folder of your repository",
            ) from None
        return cls(replace(found, timeout_s=_TIMEOUT_S, settings={**found.settings, **_ALL_FILES}))

    @property
    def folder(self) -> Path:
        """The top of its work tree."""
        return self.work_tree.folder

    def ask(self, what: str, *arguments: str) -> str:
        """What git prints; BisectError that says ``what`` could not be done."""
        try:
            return self.work_tree.ask(*arguments)
        except GitError as error:
            raise BisectError(f"{what}: {error}", evidence=str(self.folder)) from None

    def commit(self, name: str) -> str:
        """The commit that a name stands for, all its digits; BisectError with the nearest name there is."""
        if name and not name.startswith("-"):
            try:
                found = self.work_tree.ask("rev-parse", "--verify", "--quiet", name).strip()
                return self.work_tree.ask("rev-parse", "--verify", "--quiet", f"{found}^{{commit}}").strip()
            except GitError as error:
                if str(error):
                    raise BisectError(f"{name!r} is no commit: {error}") from None
        refs = self.ask("the names of commits", "for-each-ref", "--format=%(refname:short)").splitlines()
        near = difflib.get_close_matches(name, [*refs, "HEAD"], n=1)
        if ".." in name:
            remedy = "give the two commits apart: hil bisect GOOD BAD"
        elif near:
            remedy = f"did you mean {near[0]!r}?"
        elif self._is_shallow:
            remedy = f"this clone is shallow: {_UNSHALLOW}"
        else:
            remedy = "give a commit, a branch or a tag; `git fetch --tags` brings those of others"
        raise BisectError(f"there is no commit called {name!r}", evidence=str(self.folder), remedy=remedy)

    def between(self, good: str, bad: str) -> dict[str, tuple[str, ...]]:
        """The commits that ``bad`` has and ``good`` has not, newest first, with their parents among them.

        BisectError when ``good`` is not in the history of ``bad``, or the clone does not reach that far back.
        """
        if good == bad:
            raise BisectError("both commits are the same", evidence=self.told(good).short)
        if not self._is_before(good, bad):
            self._refuse(good, bad)
        listed = self.ask("the history", "rev-list", "--topo-order", "--parents", f"{good}..{bad}")
        every = {one[0]: one[1:] for one in map(str.split, listed.splitlines())}
        if self._is_shallow and not all(every.values()):
            raise BisectError("this clone is shallow and lacks commits between the two", remedy=_UNSHALLOW)
        return {name: tuple(one for one in parents if one in every) for name, parents in every.items()}

    def told(self, sha: str) -> Told:
        """What a commit says of itself."""
        form = "--format=%s%x00%an%x00%aI"
        said = self.ask(
            f"commit {sha[:10]}", "log", "-1", "--no-show-signature", "--no-color", form, sha, "--"
        )
        return Told(sha, *said.rstrip("\n").split("\0"))

    def parents(self, sha: str) -> tuple[str, ...]:
        """A commit's parents, wherever they are."""
        return tuple(self.ask(f"commit {sha[:10]}", "rev-list", "--parents", "-1", sha, "--").split()[1:])

    def touching(self, good: str, bad: str, paths: Sequence[Path]) -> set[str]:
        """Those between that differ from all their parents in ``paths``, which are absolute."""
        listed = self.ask(
            "the history",
            *("rev-list", "--full-history", f"{good}..{bad}", "--"),
            *(f":(top,literal){path.relative_to(self.folder).as_posix()}" for path in paths),
        )
        return set(listed.split())

    @property
    def _is_shallow(self) -> bool:
        return self.ask("the history", "rev-parse", "--is-shallow-repository").strip() == "true"

    def _is_before(self, one: str, other: str) -> bool:
        try:
            self.work_tree.ask("merge-base", "--is-ancestor", one, other)
        except GitError as error:
            if str(error):
                raise BisectError(f"the history cannot be read: {error}", evidence=str(self.folder)) from None
            return False
        return True

    def _refuse(self, good: str, bad: str) -> None:
        evidence = f"{self.told(good).short!r} and {self.told(bad).short!r}"
        what = "the good commit is not in the history of the bad one"
        if self._is_before(bad, good):
            raise BisectError(
                "the bad commit is older than the good one", evidence=evidence, remedy="exchange them"
            )
        if self._is_shallow:
            raise BisectError(f"{what}, as far as this shallow clone shows it", remedy=_UNSHALLOW)
        try:
            meet = self.work_tree.ask("merge-base", good, bad).split()
        except GitError:
            meet = []
        remedy = f"{self.told(meet[0]).short} is in both: name it if it is good" if meet else None
        raise BisectError(what, evidence=evidence, remedy=remedy or "they have no commit in common")
