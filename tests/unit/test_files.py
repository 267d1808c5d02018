"""New files in the place of old ones, links that leave a folder, and folders that others write to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hil.files import is_ours_alone, links_out, replace_file, who_else_writes

STRANGER = 4711


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "victim"
    path.write_text("mine")
    return path


def test_a_link_is_replaced_and_what_it_names_stays(tmp_path: Path, victim: Path) -> None:
    soft, hard, old = tmp_path / "soft", tmp_path / "hard", tmp_path / "old"
    soft.symlink_to(victim)
    hard.hardlink_to(victim)
    old.write_text("old")
    for path in (soft, hard, old, tmp_path / "new"):
        replace_file(path, "über")
        assert path.read_bytes() == "über".encode()
        assert not path.is_symlink()
    assert victim.read_text() == "mine"


def test_the_mode_is_what_the_user_wants(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_a_file_that_cannot_be_put_there_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        replace_file(tmp_path / "folder", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_links_that_leave_a_folder_are_found_at_any_depth(tmp_path: Path, victim: Path) -> None:
    folder = tmp_path / "real"
    (folder / "images" / "kind").mkdir(parents=True)
    (folder / "net.c").write_text("")
    (folder / "inside").symlink_to("net.c")
    (folder / "absolute").symlink_to(folder / "net.c")
    (folder / "loop").symlink_to("loop")
    (tmp_path / "model").symlink_to(folder)  # how the folder itself is found is its owner's choice
    assert links_out(tmp_path / "model") == []
    (folder / "images" / "kind" / "x.elf").symlink_to("../../../victim")
    (folder / "out").symlink_to(tmp_path)
    (folder / "dangling").symlink_to(tmp_path / "not yet there")
    (folder / "chain").symlink_to("out/victim")
    assert links_out(tmp_path / "model") == [
        (Path("chain"), victim),
        (Path("dangling"), tmp_path / "not yet there"),
        (Path("images/kind/x.elf"), victim),
        (Path("out"), tmp_path),
    ]


def test_a_folder_that_others_may_write_to_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "above" / "cache"
    folder.mkdir(parents=True)
    assert who_else_writes(folder) is None
    folder.chmod(0o1777)
    assert who_else_writes(folder) == f"others may write to {folder}, mode 1777"
    folder.chmod(0o755)
    folder.parent.chmod(0o777)
    assert who_else_writes(folder) == f"others may write to {folder.parent}, mode 777"
    folder.parent.chmod(0o1777)  # as /tmp
    assert who_else_writes(folder) is None
    (tmp_path / "link").symlink_to(folder)
    folder.parent.chmod(0o777)
    assert who_else_writes(tmp_path / "link") == f"others may write to {folder.parent}, mode 777"


def test_a_folder_of_another_user_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    if os.getuid() == 0:
        os.chown(folder, STRANGER, STRANGER)
        owner = STRANGER
    else:
        owner = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: STRANGER)
    assert who_else_writes(folder) == f"{folder} belongs to user {owner}"


def test_a_file_is_trusted_when_nobody_else_could_have_written_it(tmp_path: Path, victim: Path) -> None:
    assert is_ours_alone(victim)
    victim.chmod(0o666)
    assert not is_ours_alone(victim)
    victim.chmod(0o644)
    (tmp_path / "link").symlink_to(victim)
    assert not is_ours_alone(tmp_path / "link")
    if os.getuid() == 0:
        os.chown(victim, STRANGER, STRANGER)
        assert not is_ours_alone(victim)
    with pytest.raises(FileNotFoundError):
        is_ours_alone(tmp_path / "none")
