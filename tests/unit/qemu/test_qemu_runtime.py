"""The folder of running emulators: private, swept, and named when it cannot serve."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from hil.errors import ProbeError
from hil.qemu import runtime
from hil.qemu.algorithm.generate import ENTRIES, SOURCE, source_sha256
from hil.qemu.probe import algorithm
from hil.qemu.process import QemuProcess
from hil.qemu.program import PROGRAM_VARIABLE


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with TemporaryDirectory(prefix="hil-") as name:
        monkeypatch.setenv(runtime.RUNTIME_DIR_VARIABLE, name)
        yield Path(name)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(runtime.RUNTIME_DIR_VARIABLE, str(tmp_path / "file" / "boards"))
    with pytest.raises(ProbeError, match=r"is no folder \(.*file/boards.*name one in HIL_RUNTIME_DIR"):
        runtime.runtime_dir()
    monkeypatch.setenv(runtime.RUNTIME_DIR_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(
        ProbeError, match=r"is no folder \(.*file: File exists\); name one in HIL_RUNTIME_DIR"
    ):
        runtime.runtime_dir()


def test_lists_what_is_locked_and_sweeps_what_is_not(folder: Path) -> None:
    board, lock = runtime.create("mps2-1", "desk", "mps2-an386")
    assert runtime.running() == [board]
    runtime.sweep()
    assert board.folder.exists()
    os.close(lock)
    assert runtime.running() == []
    runtime.sweep()
    assert list(folder.iterdir()) == []


def test_what_has_ended_is_not_listed_but_kept_for_its_owner(folder: Path) -> None:
    board, lock = runtime.create("mps2-1", "desk", "mps2-an386")
    board.stderr.write_text(
        "qemu: warning: nothing\nqemu: fatal: Lockup\n\nR00=0 R03=0\nR12=0 R15=00000042\n"
    )
    board.exit_file.write_text("-6")
    assert runtime.running() == []
    runtime.sweep()
    assert board.how_it_ended() == "QEMU ended by SIGABRT, saying 'qemu: fatal: Lockup; R12=0 R15=00000042'"
    os.close(lock)


def test_foreign_folders_are_left_alone(folder: Path) -> None:
    (folder / "notes").mkdir()
    (folder / "notes" / "lock").write_text("of another program")
    (folder / "more" / "lock").mkdir(parents=True)
    runtime.sweep()
    assert runtime.running() == []
    assert (folder / "notes" / "lock").is_file()
    assert (folder / "more" / "lock").is_dir()


def test_half_made_folders_are_swept_once_they_are_old(folder: Path) -> None:
    new, old = folder / ".new-1", folder / ".new-2"
    new.mkdir()
    old.mkdir()
    os.utime(old, (0, 0))
    runtime.sweep()
    assert new.exists()
    assert not old.exists()


_KILLED_AT_THE_SECOND_FILE = """
import os, sys
from hil.qemu import runtime
unlink, files = os.unlink, []
def counted(name, **other):
    files.append(name)
    if len(files) == 2:
        os.kill(os.getpid(), 9)
    unlink(name, **other)
os.unlink = counted
runtime.sweep()
"""


def test_what_a_killed_sweep_left_is_swept(folder: Path) -> None:
    _, lock = runtime.create("mps2-1", "desk", "mps2-an386")
    os.close(lock)
    killed = subprocess.run([sys.executable, "-c", _KILLED_AT_THE_SECOND_FILE])
    assert killed.returncode == -signal.SIGKILL
    assert len(list(folder.iterdir())) == 1
    runtime.sweep()
    assert list(folder.iterdir()) == []


def test_no_file_made_meanwhile_keeps_a_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe of a board that is killed may be about to make its port's link there."""
    board, lock = runtime.create("mps2-1", "desk", "mps2-an386")
    os.close(lock)
    unlink = os.unlink

    def meanwhile(*arguments: Any, **others: Any) -> None:
        with suppress(FileNotFoundError):
            (board.folder / "ppk2").symlink_to("/dev/pts/0")
        unlink(*arguments, **others)

    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", meanwhile)
        runtime.sweep()
    runtime.sweep()
    assert list(folder.iterdir()) == []


def test_a_folder_that_others_may_write_is_refused(folder: Path) -> None:
    folder.chmod(0o777)
    with pytest.raises(ProbeError, match="not private") as error:
        runtime.runtime_dir()
    assert error.value.remedy
    assert runtime.RUNTIME_DIR_VARIABLE in error.value.remedy


def test_a_name_too_long_for_sockets_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(runtime.RUNTIME_DIR_VARIABLE, str(folder / ("x" * 100)))
    with pytest.raises(ProbeError, match="too long"):
        runtime.create("mps2-1", "desk", "mps2-an386")


def test_missing_qemu_says_how_to_get_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PROGRAM_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(ProbeError, match="qemu-system-arm is not installed") as error:
        QemuProcess.start()
    assert error.value.remedy == "apt install qemu-system-arm"


def test_the_algorithm_is_of_its_source() -> None:
    first_line = Path(algorithm.__file__).read_text().splitlines()[0]
    assert source_sha256() in first_line
    assert hashlib.sha256(SOURCE.read_bytes()).hexdigest().startswith(source_sha256())
    assert set(algorithm.ENTRIES) == set(ENTRIES)
    assert all(0 <= offset < len(algorithm.CODE) for offset in algorithm.ENTRIES.values())


def test_a_folder_beside_the_tests_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(runtime.RUNTIME_DIR_VARIABLE, "boards")
    assert runtime.runtime_dir() == tmp_path / "boards"


@pytest.mark.parametrize("variable", ["TMPDIR", "XDG_RUNTIME_DIR"])
def test_one_too_long_for_sockets_is_not_used_unless_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.delenv(runtime.RUNTIME_DIR_VARIABLE, raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv(variable, str(long))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert runtime._chosen_dir() == Path(f"/tmp/hil-lab-{os.getuid()}")  # without making it


def test_one_that_takes_no_file_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(runtime.RUNTIME_DIR_VARIABLE, "/proc/self/fdinfo")  # private, and for nobody to write
    with pytest.raises(ProbeError, match=r"cannot be written .*/proc/self/fdinfo"):
        runtime.create("mps2-1", "desk", "mps2-an386")


def test_too_few_files_to_look_for_others_are_told(folder: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        for look in (runtime.running, runtime.sweep):
            with pytest.raises(ProbeError, match="Too many open files") as error:
                look()
            assert "ulimit -n" in str(error.value.remedy)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
