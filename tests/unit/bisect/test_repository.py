"""Commits by name, the history between them, and a worktree that leaves the user's alone."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import nullcontext
from pathlib import Path

import pytest

from example_repository import commit, git
from hil.bisect.checkout import checked_out, remove_leftovers
from hil.bisect.repository import Repository
from hil.errors import BisectError


def number(folder: Path, count: int) -> str:
    """A commit that writes a file of its number."""
    (folder / "file").write_text(f"{count}\n")
    return commit(folder, f"number {count}", count)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    temporary = tmp_path / "temporary files"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    made = tmp_path / "a repository"
    made.mkdir()
    git(made, "init", "--quiet", "--initial-branch=main")
    return made


@pytest.fixture
def commits(folder: Path) -> list[str]:
    return [number(folder, count) for count in range(1, 6)]


def test_a_commit_by_any_of_its_names(folder: Path, commits: list[str]) -> None:
    git(folder, "tag", "v1", commits[1])
    repository = Repository.of(folder)
    for name, place in (("main", -1), ("HEAD~1", -2), ("v1", 1), (commits[0][:8], 0), (":/number 3", 2)):
        assert repository.commit(name) == commits[place]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("mian", "did you mean 'main'?"),
        ("v1..main", r"hil bisect GOOD BAD"),
        ("--all", "give a commit, a branch or a tag"),
        ("", "give a commit"),
        ("0123456789abcdef0123456789abcdef01234567", "give a commit"),
    ],
)
def test_a_name_that_is_none(folder: Path, commits: list[str], name: str, remedy: str) -> None:
    with pytest.raises(BisectError, match="there is no commit called") as raised:
        Repository.of(folder).commit(name)
    assert remedy in str(raised.value) or "did you mean" in str(raised.value)


def test_what_is_no_commit(folder: Path, commits: list[str]) -> None:
    with pytest.raises(BisectError, match="'main:file' is no commit"):
        Repository.of(folder).commit("main:file")


def test_the_commits_between_come_with_their_parents(folder: Path, commits: list[str]) -> None:
    git(folder, "checkout", "--quiet", "-b", "side", commits[1])
    (folder / "other").write_text("1")
    side = commit(folder, "beside", 6)
    git(folder, "checkout", "--quiet", "main")
    git(folder, "merge", "--quiet", "--no-edit", "side")
    merge = git(folder, "rev-parse", "HEAD").strip()
    found = Repository.of(folder).between(commits[2], merge)
    assert set(found) == {merge, side, commits[3], commits[4]}
    assert found[merge] == (commits[4], side)
    assert found[side] == ()
    assert next(iter(found)) == merge


def test_ends_that_do_not_go_together(folder: Path, commits: list[str]) -> None:
    repository = Repository.of(folder)
    with pytest.raises(BisectError, match="both commits are the same"):
        repository.between(commits[1], commits[1])
    with pytest.raises(BisectError, match=r"older than the good one .*; exchange them"):
        repository.between(commits[3], commits[1])
    git(folder, "checkout", "--quiet", "-b", "side", commits[1])
    side = number(folder, 9)
    with pytest.raises(BisectError, match=f"not in the history .*{commits[1][:10]} number 2 is in both"):
        repository.between(side, commits[4])
    git(folder, "checkout", "--quiet", "--orphan", "alone")
    alone = number(folder, 10)
    with pytest.raises(BisectError, match="they have no commit in common"):
        repository.between(alone, commits[4])


def test_a_shallow_clone_says_so(folder: Path, commits: list[str], tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=2", f"file://{folder}", "shallow")
    shallow = Repository.of(tmp_path / "shallow")
    with pytest.raises(BisectError, match=r"shallow.*git fetch --unshallow"):
        shallow.commit(commits[0])
    git(folder, "checkout", "--quiet", "-b", "side", commits[0])
    git(folder, "merge", "--quiet", "--no-edit", "--no-ff", "main")
    git(tmp_path, "clone", "--quiet", "--depth=2", "--no-single-branch", f"file://{folder}", "forked")
    forked = Repository.of(tmp_path / "forked")
    with pytest.raises(BisectError, match="shallow"):
        forked.between(forked.commit("origin/main"), forked.commit("HEAD"))


def test_a_bare_repository_and_none_at_all(folder: Path, commits: list[str], tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(folder), "bare")
    with pytest.raises(BisectError, match="clone the bare repository"):
        Repository.of(tmp_path / "bare")
    with pytest.raises(BisectError, match="start it in a folder of your repository"):
        Repository.of(tmp_path)


def test_files_of_one_commit_after_the_other_and_of_none_at_the_end(folder: Path, commits: list[str]) -> None:
    (folder / "file").write_text("mine\n")
    repository = Repository.of(folder)
    with checked_out(repository, commits[-1], nullcontext) as checkout:
        for count in (5, 1, 3):
            (checkout.tree / "made").mkdir()
            (checkout.tree / "file").write_text("changed by a build\n")
            checkout.switch(commits[count - 1])
            assert [path.name for path in sorted(checkout.tree.iterdir())] == [".git", "file"]
            assert (checkout.tree / "file").read_text() == f"{count}\n"
        held = checkout.tree.parent
    assert not held.exists()
    assert git(folder, "worktree", "list").count("\n") == 1
    assert (folder / "file").read_text() == "mine\n"
    assert git(folder, "symbolic-ref", "HEAD").strip() == "refs/heads/main"


def test_in_a_worktree_with_a_detached_head_and_in_a_folder_of_it(
    folder: Path, commits: list[str], tmp_path: Path
) -> None:
    other = tmp_path / "another worktree"
    git(folder, "worktree", "add", "--quiet", "--detach", str(other), commits[1])
    (other / "below").mkdir()
    with checked_out(Repository.of(other / "below"), commits[3], nullcontext) as checkout:
        checkout.switch(commits[3])
        assert (checkout.tree / "file").read_text() == "4\n"
    assert git(folder, "worktree", "list").count("\n") == 2
    assert git(other, "rev-parse", "HEAD").strip() == commits[1]


def test_what_git_tells_a_hook_is_not_handed_on(
    folder: Path, commits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    index = (folder / ".git" / "index").read_bytes()
    monkeypatch.setenv("GIT_DIR", str(folder / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(folder / ".git" / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(folder))
    with checked_out(Repository.of(folder), commits[0], nullcontext) as checkout:
        checkout.switch(commits[0])
        assert (checkout.tree / "file").read_text() == "1\n"
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name)
    assert (folder / ".git" / "index").read_bytes() == index
    assert git(folder, "status", "--porcelain") == ""


def test_no_hook_and_no_filter_of_the_repository_runs(
    folder: Path, commits: list[str], tmp_path: Path
) -> None:
    sprung = tmp_path / "sprung"
    trap = folder / ".git" / "hooks" / "post-checkout"
    trap.parent.mkdir(exist_ok=True)
    trap.write_text(f"#!/bin/sh\ntouch '{sprung}'\n")
    trap.chmod(0o755)
    (folder / ".gitattributes").write_text("file filter=mine\n")
    last = commit(folder, "attributes", 7)
    git(folder, "config", "filter.mine.smudge", f"touch '{sprung}'; cat")
    with checked_out(Repository.of(folder), last, nullcontext) as checkout:
        checkout.switch(last)
        checkout.switch(commits[0])
    assert not sprung.exists()


def test_all_files_are_there_whatever_the_user_has_of_them(folder: Path, commits: list[str]) -> None:
    (folder / "models").mkdir()
    (folder / "models" / "one").write_text("1")
    last = commit(folder, "a folder", 7)
    git(folder, "sparse-checkout", "set", "nothing")
    assert not (folder / "models").exists()
    with checked_out(Repository.of(folder), last, nullcontext) as checkout:
        checkout.switch(last)
        assert (checkout.tree / "models" / "one").exists()


def test_nothing_is_cleaned_but_our_own(folder: Path, commits: list[str]) -> None:
    """A worktree whose .git is gone lies in whatever is above it, as git sees it."""
    inside = folder / "ignored"
    inside.mkdir()
    (inside / "mine").write_text("precious")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(inside))
        with checked_out(Repository.of(folder), commits[-1], nullcontext) as checkout:
            checkout.switch(commits[-1])
            (checkout.tree / ".git").unlink()
            checkout.switch(commits[0])
            assert (checkout.tree / "file").read_text() == "1\n"
    assert (inside / "mine").read_text() == "precious"
    assert git(folder, "rev-parse", "--abbrev-ref", "HEAD").strip() == "main"
    assert git(folder, "worktree", "list").count("\n") == 1


def test_only_what_killed_runs_left_is_removed(folder: Path, commits: list[str], tmp_path: Path) -> None:
    repository = Repository.of(folder)
    left = [tmp_path / f"hil-bisect-{name}" for name in ("killed", "gone")]
    for place in left:
        place.mkdir()
        (place / "lock").touch()
        git(folder, "worktree", "add", "--quiet", "--detach", str(place / "tree"), commits[0])
    shutil.rmtree(left[1])
    users = tmp_path / "moved away" / "tree"
    git(folder, "worktree", "add", "--quiet", "--detach", str(users), commits[0])
    shutil.rmtree(users)
    with checked_out(repository, commits[-1], nullcontext) as checkout:
        assert not left[0].exists()
        assert remove_leftovers(repository) == []
        assert checkout.tree.exists()
        assert git(folder, "worktree", "list").count("\n") == 3  # the user's two and ours
    assert git(folder, "worktree", "list").count("\n") == 2


def test_a_temporary_folder_that_cannot_be_written(
    folder: Path, commits: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with (
        pytest.raises(BisectError, match=r"no temporary folder .*TMPDIR"),
        checked_out(Repository.of(folder), commits[0], nullcontext),
    ):
        pass


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_repository_that_cannot_be_written(folder: Path, commits: list[str]) -> None:
    place = folder / ".git"
    place.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with (
            pytest.raises(BisectError, match="no worktree can be made"),
            checked_out(Repository.of(folder), commits[0], nullcontext),
        ):
            pass
    finally:
        place.chmod(0o755)
