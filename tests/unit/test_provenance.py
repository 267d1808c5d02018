import subprocess
from pathlib import Path

from hil import provenance


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
    )


def test_the_commit_of_a_folder_and_whether_it_was_changed(tmp_path: Path) -> None:
    assert provenance.commit_of(tmp_path) is None
    git(tmp_path, "init")
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-m", "first")
    clean = provenance.commit_of(tmp_path)
    assert clean is not None
    assert len(clean.sha) == 40
    assert not clean.dirty
    (tmp_path / "new").write_text("not tracked: no change of the commit")
    assert provenance.commit_of(tmp_path) == clean
    (tmp_path / "a").write_text("2")
    assert provenance.commit_of(tmp_path) == provenance.Commit(clean.sha, dirty=True)


def test_versions_name_the_lab_and_python() -> None:
    assert {"hil", "python", "system"} <= set(provenance.versions())
