"""A bench whose emulator cannot share memory: the UART carries all, and one line says why."""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path

import pytest

from bench_runs import RUN_S, bench_command, rows
from hil.qemu import runtime
from hil.qemu.process import QemuProcess
from hil.qemu.program import find_program
from namespaces import with_little_room, without_proc
from refusing import refusing

pytestmark = pytest.mark.emulated

THREE = ("--board=all", "--pool=2", "--model=fastgrnn_digits", "--vectors=5", "-p", "no:cacheprovider")


def ran_over_the_uart(folder: Path, command: list[str]) -> str:
    """The line of a run that said why; each of its sessions took the UART, and all were right."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=RUN_S)
    assert done.returncode == 0, done.stdout + done.stderr
    told = rows(folder, "select conditions from measure where metric = 'stream_s'")
    assert told == [('{"link": "uart"}',)] * 3
    (line,) = [line for line in done.stdout.splitlines() if "over the UART" in line]
    assert line.startswith("qemu: frames travel over the UART, which is slower: ")
    return line


def test_a_system_that_gives_none_is_told(tmp_path: Path) -> None:
    command = refusing("fallocate", errno.ENOSPC, *bench_command(tmp_path, *THREE))
    line = ran_over_the_uart(tmp_path, command)
    assert line.endswith("the system gives no memory to share with QEMU (No space left on device)")


def test_a_full_folder_for_shared_memory_is_not_needed(tmp_path: Path) -> None:
    filled = ("sh", "-c", 'head -c 9000 /dev/zero >/dev/shm/all 2>/dev/null; exec "$@"', "sh")
    command = with_little_room(Path("/dev/shm"), 4, *filled, *bench_command(tmp_path, *THREE))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=RUN_S)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "over the UART" not in done.stdout
    told = rows(tmp_path, "select conditions from measure where metric = 'stream_s' order by id")
    assert ('{"link": "ram"}',) in told


def test_where_proc_is_not_mounted_it_is_told(tmp_path: Path) -> None:
    """QEMU opens the memory by its path there."""
    line = ran_over_the_uart(tmp_path, without_proc(*bench_command(tmp_path, *THREE)))
    assert "QEMU takes no memory to share with it (QEMU ended with exit code 1, saying" in line


def _qemu(folder: Path, refusing_it: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let HIL_QEMU name a script that starts the emulator unless that says otherwise."""
    script = folder / "qemu"
    script.write_text(f'#!/bin/sh\n{refusing_it}exec {find_program()} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("HIL_QEMU", str(script))
    monkeypatch.setenv("HIL_RUNTIME_DIR", str(folder / "boards"))


def test_a_qemu_without_the_option_goes_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = f"exec {find_program()} -object memory-backend-none,id=ram"
    _qemu(tmp_path, f'case "$*" in *memory-backend*) {unknown};; esac\n', monkeypatch)
    with QemuProcess.start() as process:
        assert process.failure() is None
        assert process.memory is None
        assert "memory-backend-none" in str(process.memory_missing)
        assert process.trace is not None


def test_neither_plugin_nor_memory_still_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = "".join(
        f'case "$*" in *{word}*) echo "qemu: {word}: invalid option" >&2; exit 1;; esac\n'
        for word in ("-plugin", "memory-backend")
    )
    _qemu(tmp_path, cases, monkeypatch)
    with QemuProcess.start() as process:
        assert process.failure() is None
        assert (process.trace, process.memory) == (None, None)
        assert "does not load the timing plug-in" in str(process.trace_missing)
        assert "takes no memory to share" in str(process.memory_missing)
    assert list(runtime.runtime_dir().iterdir()) == []
