"""The commit of a folder: what is told of it, and that nothing of the repository runs meanwhile."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hil.commit import Commit, commit_of

AS_SOMEBODY = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always")


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *AS_SOMEBODY, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit of one file."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--initial-branch=main")
    (folder / "a").write_text("1")
    git(folder, "add", "a")
    git(folder, "commit", "-m", "first")
    return folder


@pytest.fixture
def trap(tmp_path: Path) -> tuple[str, Path]:
    """A program that leaves a file behind, and that file."""
    program, sprung = tmp_path / "trap", tmp_path / "sprung"
    program.write_text(f"#!/bin/sh\ntouch {sprung}\nexit 1\n")
    program.chmod(0o755)
    return str(program), sprung


def git_alone(folder: Path) -> None:
    """What a user would run, who trusts the repository."""
    subprocess.run(["git", "status"], cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, check=False)


def touched(file: Path) -> None:
    """Git has to look into a file whose time is another."""
    os.utime(file, (1e9, 1e9))


def test_the_commit_of_a_folder_and_whether_it_was_changed(repository: Path) -> None:
    clean = commit_of(repository)
    assert clean == Commit(git(repository, "rev-parse", "HEAD").strip(), dirty=False, branch="main")
    (repository / "new").write_text("not tracked: no change of the commit")
    assert commit_of(repository) == clean
    (repository / "a").write_text("2")
    assert commit_of(repository) == Commit(clean.sha, dirty=True, branch="main")


def test_why_there_is_no_commit_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert commit_of(tmp_path) == Commit(note="no commit: the folder is in no git work tree")
    git(tmp_path, "init")
    assert commit_of(tmp_path) == Commit(note="no commit: the repository has none yet")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(tmp_path) == Commit(note="no commit: git is not installed")


def test_a_repository_of_another_user_is_told_with_its_remedy(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own switch for this
    told = commit_of(repository)
    assert (told.sha, told.dirty) == (None, None)
    assert told.note == (
        f"no commit: the repository at '{repository}' belongs to another user; if you trust it, run "
        f"`git config --global --add safe.directory '{repository}'`"
    )
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")  # as CI says that it trusts one
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.directory")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(repository))
    assert commit_of(repository).note is None


def test_git_that_refuses_to_tell_the_changes_is_not_taken_for_clean(repository: Path) -> None:
    (repository / ".git" / "index").write_bytes(b"damaged")
    told = commit_of(repository)
    assert told.sha is not None
    assert told.dirty is None
    assert told.note is not None
    assert told.note.startswith("whether files differ from the commit is not known: git says: ")


def test_a_model_that_no_commit_holds_is_told(repository: Path, tmp_path: Path) -> None:
    models = {
        "tracked": repository / "models" / "tracked",
        "new": repository / "models" / "new",
        "ignored": repository / "models" / "ignored",
        "elsewhere": tmp_path / "elsewhere",
        "other": tmp_path / "other" / "other",
    }
    files = {}
    for name, folder in models.items():
        folder.mkdir(parents=True)
        files[name] = [folder / "model.json", folder / "net.c"]
        for path in files[name]:
            path.write_text("1")
    (repository / ".gitignore").write_text("ignored\n")
    git(repository, "add", "models/tracked", "models/new/model.json", ".gitignore")
    git(repository, "commit", "-m", "models")
    git(tmp_path / "other", "init")
    git(tmp_path / "other", "add", ".")
    sha = git(repository, "rev-parse", "HEAD").strip()
    assert commit_of(repository, {"tracked": files["tracked"]}) == Commit(sha, dirty=False, branch="main")
    assert commit_of(repository, files) == Commit(
        sha,
        dirty=True,
        note="; ".join(
            f"not all that ran is in the commit: {why}"
            for why in (
                "git does not track every file of new, ignored",
                "in no repository lies elsewhere",
                "in another repository lies other",
            )
        ),
        branch="main",
    )


def test_the_branch_and_the_tags_of_the_commit(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_HEAD_REF", "GITHUB_REF_TYPE", "GITHUB_REF_NAME", "CI_COMMIT_TAG"):
        monkeypatch.delenv(name, raising=False)
    for name in ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_REF_NAME"):
        monkeypatch.delenv(name, raising=False)
    git(repository, "tag", "v1.0")
    git(repository, "tag", "-a", "-m", "told", "release/é")
    assert commit_of(repository).tags == ("release/é", "v1.0")
    git(repository, "checkout", "-b", "work/faster")
    git(repository, "commit", "--allow-empty", "-m", "second")
    found = commit_of(repository)
    assert (found.branch, found.tags) == ("work/faster", ())
    git(repository, "checkout", "--detach")
    assert commit_of(repository).branch is None


@pytest.mark.parametrize(
    ("told", "branch"),
    [
        ({"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "work"}, "work"),
        ({"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "7/merge", "GITHUB_HEAD_REF": "fix"}, "fix"),
        ({"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1", "GITHUB_HEAD_REF": ""}, None),
        ({"CI_COMMIT_REF_NAME": "work"}, "work"),
        ({"CI_COMMIT_REF_NAME": "v1", "CI_COMMIT_TAG": "v1"}, None),
        ({"CI_COMMIT_REF_NAME": "x", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "fix"}, "fix"),
    ],
)
def test_ci_names_the_branch_of_a_commit_that_is_checked_out_alone(
    repository: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, str], branch: str | None
) -> None:
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "CI_"))]:
        monkeypatch.delenv(name)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert commit_of(repository).branch == "main"
    git(repository, "checkout", "--detach")
    assert commit_of(repository).branch == branch


@pytest.mark.parametrize("setting", ["core.fsmonitor", "filter.trap.clean", "filter.trap.process"])
def test_no_program_of_the_repository_is_run(repository: Path, trap: tuple[str, Path], setting: str) -> None:
    program, sprung = trap
    (repository / ".gitattributes").write_text("a filter=trap\n")
    git(repository, "config", setting, program)
    touched(repository / "a")
    git_alone(repository)
    assert sprung.exists(), "git alone runs it"
    sprung.unlink()
    (repository / "a").write_text("2")
    assert commit_of(repository).sha is not None
    assert not sprung.exists()


def test_hooks_are_not_run_and_the_index_stays(repository: Path, trap: tuple[str, Path]) -> None:
    program, sprung = trap
    (repository / ".git" / "hooks" / "post-index-change").symlink_to(program)
    touched(repository / "a")
    index = (repository / ".git" / "index").read_bytes()
    commit_of(repository)
    assert (repository / ".git" / "index").read_bytes() == index
    assert not sprung.exists()


def test_what_the_filters_of_a_repository_would_change_is_not_known(
    repository: Path, trap: tuple[str, Path]
) -> None:
    git(repository, "config", "filter.large=files.clean", "tr a-z A-Z")
    (repository / ".gitattributes").write_text("* filter=large=files\n")
    assert commit_of(repository).dirty is False
    (repository / "a").write_text("text")
    told = commit_of(repository)
    assert told.dirty is None
    assert told.note == (
        "whether files differ from the commit is not known: git says: the repository's filters are programs "
        "of its own, and are not run"
    ).replace("git says: ", "")


def test_a_missing_object_is_not_fetched_by_the_repositorys_own_program(
    repository: Path, trap: tuple[str, Path]
) -> None:
    program, sprung = trap
    for setting, value in (
        ("remote.origin.url", "ssh://nowhere.invalid/x"),
        ("remote.origin.promisor", "true"),
        ("extensions.partialClone", "origin"),
        ("core.sshCommand", program),
        ("core.repositoryFormatVersion", "1"),
    ):
        git(repository, "config", setting, value)
    tree = git(repository, "rev-parse", "HEAD^{tree}").strip()
    (repository / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    git_alone(repository)
    assert sprung.exists(), "git alone runs it"
    sprung.unlink()
    assert commit_of(repository).dirty is None
    assert not sprung.exists()


def test_a_submodule_is_looked_at_without_running_its_programs(
    repository: Path, tmp_path: Path, trap: tuple[str, Path]
) -> None:
    program, sprung = trap
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init")
    git(outer, "submodule", "add", str(repository), "part")
    git(outer, "commit", "-m", "with a part")
    git(outer / "part", "config", "core.fsmonitor", program)
    git_alone(outer)
    assert sprung.exists(), "git alone runs it"
    sprung.unlink()
    assert commit_of(outer, {"model": [outer / "part" / "a"]}).dirty is False
    (outer / "part" / "a").write_text("2")
    assert commit_of(outer).dirty is True
    assert not sprung.exists()
