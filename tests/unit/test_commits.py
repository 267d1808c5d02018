"""The commits between two runs, and what is said where they cannot be known."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hil.commits import Between, commits_between, of_folder

AS_SOMEBODY = ("-c", "user.name=A", "-c", "user.email=a@example.org")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *AS_SOMEBODY, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(folder: Path, name: str, subject: str) -> str:
    (folder / name).write_text(subject)
    git(folder, "add", "-A")
    git(folder, "commit", "-m", subject)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--initial-branch=main")
    return folder


def test_the_newest_comes_first(repository: Path) -> None:
    first, second, third = (commit(repository, name, f"add {name}") for name in "abc")
    found = commits_between(repository, first, third)
    assert [(one.sha, one.subject) for one in found.commits] == [(third, "add c"), (second, "add b")]
    assert (found.missing, found.note) == (0, None)
    assert [one.subject for one in commits_between(repository, first, third, ("b",)).commits] == ["add b"]


@pytest.mark.parametrize("name", ["near", "*", "[a]", "b\\"])
def test_those_that_touched_folders_of_a_name(repository: Path, name: str) -> None:
    first = commit(repository, "a", "first")
    for folder in (f"deep/{name}", "other"):
        (repository / folder).mkdir(parents=True)
    commit(repository, f"deep/{name}/x.c", "of the model")
    last = commit(repository, "other/x.c", "of another")
    found = commits_between(repository, first, last, (of_folder(name),))
    assert [one.subject for one in found.commits] == ["of the model"]


def test_what_a_branch_lacks_is_counted(repository: Path) -> None:
    first = commit(repository, "a", "first")
    git(repository, "checkout", "-b", "topic")
    topic = commit(repository, "t", "topic")
    git(repository, "checkout", "main")
    main = commit(repository, "b", "second")
    found = commits_between(repository, main, topic)
    assert [one.subject for one in found.commits] == ["topic"]
    assert found.missing == 1
    assert commits_between(repository, first, topic).missing == 0


def test_a_shallow_clone_says_so(repository: Path, tmp_path: Path) -> None:
    first, last = commit(repository, "a", "first"), commit(repository, "b", "second")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--depth=1", f"file://{repository}", str(shallow))
    note = commits_between(shallow, first, last).note
    assert note is not None
    assert "this clone is shallow" in note
    assert "git fetch --unshallow" in note


def test_what_is_not_known_is_said(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only = commit(repository, "a", "first")
    assert commits_between(repository, only, only) == Between(note="both runs are of one commit")
    for older, newer, said in (
        (None, only, "the baseline was stored without its commit"),
        (only, None, "this run was stored without its commit"),
        ("e" * 40, only, "has no commit eeeeeeeeee"),
        ("--output=x", only, "has no commit --output=x"),
    ):
        assert said in (commits_between(repository, older, newer).note or "")
    assert "in no git work tree" in (commits_between(tmp_path, "e" * 40, only).note or "")
    monkeypatch.setenv("PATH", "")
    assert "git is not installed" in (commits_between(repository, "e" * 40, only).note or "")


def test_nothing_that_the_repository_names_is_run(repository: Path) -> None:
    first, last = commit(repository, "a", "first"), commit(repository, "b", "second")
    for key, value in (
        ("log.showSignature", "true"),
        ("gpg.program", "touch ran"),
        ("core.fsmonitor", "touch ran"),
        ("core.pager", "touch ran"),
    ):
        git(repository, "config", key, value)
    assert len(commits_between(repository, first, last).commits) == 1
    assert not (repository / "ran").exists()
