"""The watcher of an emulator: an owner that is gone before it looks, a folder that is gone when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from hil.beside import readable
from hil.qemu import watcher


def test_an_owner_that_was_killed_first_leaves_no_folder(tmp_path: Path) -> None:
    folder, started = tmp_path / "board", tmp_path / "started"
    folder.mkdir()
    with subprocess.Popen([sys.executable, "-c", ""]) as owner:
        owner.wait()
    pipe, end = os.pipe()
    command = [sys.executable, "-I", "-S", watcher.__file__, str(owner.pid), str(pipe), str(folder)]
    try:
        subprocess.run([*command, "touch", str(started)], pass_fds=[pipe], check=True)
    finally:
        os.close(pipe)
        os.close(end)
    assert not folder.exists()
    assert not started.exists()


def test_without_a_folder_to_tell_in_it_still_ends_what_the_command_left(tmp_path: Path) -> None:
    """In a session of its own, as it is started, it is the leader of all that the command started."""
    number, (pipe, end) = tmp_path / "pid", os.pipe()
    script = f"sleep 600 & echo $! > {number}"
    command = [sys.executable, "-I", "-S", watcher.__file__, str(os.getpid()), str(pipe)]
    command += [str(tmp_path / "gone"), "0", "sh", "-c", script]
    try:
        done = subprocess.run(command, pass_fds=[pipe], start_new_session=True, stderr=subprocess.DEVNULL)
    finally:
        os.close(pipe)
        os.close(end)
    assert done.returncode == -signal.SIGKILL
    try:
        left = os.pidfd_open(int(number.read_text()))
    except ProcessLookupError:
        return
    try:
        assert readable(left, 60.0)
    finally:
        os.close(left)
