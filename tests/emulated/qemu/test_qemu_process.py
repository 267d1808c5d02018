"""An emulator lives exactly as long as its owner, and tells how it ended."""

from __future__ import annotations

import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from children import stop
from hil.errors import ProbeError
from hil.flash.pyocd import PyOcdFlasher
from hil.qemu import runtime
from hil.qemu.plugin import _timing_plugin
from hil.qemu.process import QemuProcess
from hil.qemu.program import find_program
from semihosting_programs import ON_A_BOARD
from timing_programs import build

pytestmark = pytest.mark.emulated

_OWNER = """
import sys
from hil.qemu.process import QemuProcess
process = QemuProcess.start()
print(process.board.folder, flush=True)
sys.stdin.read()
"""


def _pid(process: QemuProcess) -> int:
    """The emulator's own process: the only child of its watcher."""
    watcher = process._process.pid
    return int(Path(f"/proc/{watcher}/task/{watcher}/children").read_text().split()[0])


def _ends(pid: int) -> bool:
    """Wait for a process that is not our child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 60)[0])
    finally:
        os.close(descriptor)


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_starts_listed_and_ends_with_its_block() -> None:
    with QemuProcess.start(name="desk") as process:
        pid = _pid(process)
        assert process.exit_reason() is None
        assert process.version.count(".") == 2
        assert [board.name for board in runtime.running()] == ["desk"]
        assert process.serial_url == f"unix://{process.board.serial_socket}"
    assert _ends(pid)
    assert not process.board.folder.exists()
    assert runtime.running() == []


def test_the_version_is_that_of_the_program_found(qemu: QemuProcess) -> None:
    said = subprocess.run([find_program(), "--version"], capture_output=True, text=True, check=True).stdout
    assert f"version {qemu.version} " in said


def test_no_option_is_deprecated(qemu: QemuProcess) -> None:
    assert qemu.failure() is None
    assert "deprecated" not in qemu.board.stderr.read_text()


def test_it_moves_to_the_processor_that_it_is_told(qemu: QemuProcess) -> None:
    ours, pid = sorted(os.sched_getaffinity(0)), _pid(qemu)
    for number in (0, 1, 1 + len(ours)):
        qemu.stay_on(number)
        threads = [int(thread.name) for thread in Path(f"/proc/{pid}/task").iterdir()]
        assert len(threads) > 1
        assert {tuple(os.sched_getaffinity(thread)) for thread in threads} == {(ours[number % len(ours)],)}
    os.kill(pid, signal.SIGKILL)
    assert _ends(pid)
    qemu.stay_on(0)
    assert qemu.exit_reason() == "QEMU ended by SIGKILL"


def test_tells_what_killed_it(qemu: QemuProcess) -> None:
    pid = _pid(qemu)
    os.kill(pid, signal.SIGKILL)
    assert _ends(pid)
    assert qemu.exit_reason() == "QEMU ended by SIGKILL"
    assert runtime.running() == []


def test_ends_with_its_watcher(qemu: QemuProcess) -> None:
    pid = _pid(qemu)
    qemu._process.kill()
    assert _ends(pid)
    assert qemu.exit_reason() == "QEMU ended together with its watcher"


def test_refusing_qemu_says_what_qemu_said() -> None:
    with pytest.raises(ProbeError, match=r"exit code 1.*unsupported machine") as error:
        QemuProcess.start(machine="no-such-machine")
    assert error.value.remedy
    assert list(runtime.runtime_dir().iterdir()) == []


def test_interrupted_while_it_starts_it_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    held = _open_files()
    monkeypatch.setattr("hil.qemu.process.QmpClient", interrupted)
    with pytest.raises(KeyboardInterrupt):
        QemuProcess.start()
    assert list(runtime.runtime_dir().iterdir()) == []
    assert _open_files() == held


def test_with_too_few_files_it_says_so_and_leaves_nothing() -> None:
    """Wherever the start meets the limit."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = _open_files()
    for more in range(40):
        resource.setrlimit(resource.RLIMIT_NOFILE, (held + more, before[1]))
        try:
            QemuProcess.start().close()
            break
        except ProbeError as error:
            said = str(error)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert "Too many open files" in said
        assert list(runtime.runtime_dir().glob("[!.]*")) == []
        assert _open_files() == held
    else:
        pytest.fail("it never starts")
    assert more > 5


def test_dies_with_its_owner_after_kill_9() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    folder = Path(owner.stdout.readline().strip())
    children = Path(f"/proc/{owner.pid}/task/{owner.pid}/children").read_text().split()
    watcher = int(children[0])
    emulator = int(Path(f"/proc/{watcher}/task/{watcher}/children").read_text().split()[0])
    assert [board.folder for board in runtime.running()] == [folder]
    owner.kill()
    owner.communicate()
    assert _ends(emulator)
    assert _ends(watcher)
    assert not folder.exists()


def test_outlives_the_thread_that_started_it() -> None:
    started: list[QemuProcess] = []
    thread = threading.Thread(target=lambda: started.append(QemuProcess.start()))
    thread.start()
    thread.join()
    with started[0] as process:
        descriptor = os.pidfd_open(_pid(process))
        try:
            assert not select.select([descriptor], [], [], 0.2)[0]
        finally:
            os.close(descriptor)
        assert process.exit_reason() is None


def test_ctrl_c_is_for_the_owner(qemu: QemuProcess) -> None:
    """A terminal interrupts whole process groups: the emulator must not be in ours."""
    assert os.getpgid(_pid(qemu)) != os.getpgid(0)


def test_a_stopped_emulator_is_told_and_ended(qemu: QemuProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hil.qemu.process.ANSWER_S", 0.2)
    pid = _pid(qemu)
    stop(pid)
    for _ in range(4):  # more connections than wait in a queue that nobody serves
        assert qemu.failure() == "QEMU hangs (QEMU did not answer for 0.2 s)"
    qemu.close()
    assert _ends(pid)
    assert not qemu.board.folder.exists()


def test_one_whose_folder_was_removed_is_told_and_ended(qemu: QemuProcess) -> None:
    pid = _pid(qemu)
    shutil.rmtree(qemu.board.folder)
    assert str(qemu.failure()).startswith(f"QEMU cannot be reached, as {qemu.board.folder} was removed")
    qemu.close()
    assert _ends(pid)


def test_one_that_goes_on_is_of_use_again(qemu: QemuProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = _pid(qemu)
    stop(pid)
    with monkeypatch.context() as patch:
        patch.setattr("hil.qemu.process.ANSWER_S", 0.05)
        assert qemu.failure() is not None
    os.kill(pid, signal.SIGCONT)
    assert qemu.failure() is None


def test_an_emulator_whose_watcher_is_stopped_too_is_ended(
    qemu: QemuProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hil.qemu.process._END_DEADLINE_S", 0.2)
    pid = _pid(qemu)
    os.killpg(os.getpgid(pid), signal.SIGSTOP)
    qemu.close()
    assert _ends(pid)


def _behind_a_script(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let HIL_QEMU name a script that starts the emulator and stays; returns where its number is.

    It is written before the emulator starts, which may answer before the script goes on.
    """
    number, script = folder / "pid", folder / "qemu"
    start = f'echo $$ > {number}; exec {find_program()} "$@"'
    script.write_text(f"#!/bin/sh\nsh -c '{start}' sh \"$@\" &\nwait\n")
    script.chmod(0o755)
    monkeypatch.setenv("HIL_QEMU", str(script))
    return number


@pytest.mark.parametrize("end", ["closed", "script killed", "owner killed"])
def test_an_emulator_behind_a_script_ends_too(
    end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = _behind_a_script(tmp_path, monkeypatch)
    if end == "owner killed":
        owner = subprocess.Popen(
            [sys.executable, "-c", _OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert owner.stdout is not None
        assert owner.stdout.readline()
        owner.kill()
        owner.communicate()
    else:
        with QemuProcess.start() as process:
            if end == "script killed":
                os.kill(_pid(process), signal.SIGKILL)
                assert _ends(int(number.read_text()))
                assert process.exit_reason() == "QEMU ended by SIGKILL"
    assert _ends(int(number.read_text()))


@pytest.mark.parametrize("why", ["built without plug-ins", "no library"])
def test_one_that_does_not_load_the_plugin_runs_without(
    why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    _timing_plugin.cache_clear()
    request.addfinalizer(_timing_plugin.cache_clear)
    script = tmp_path / "script"
    if why == "no library":
        script.write_text("#!/bin/sh\nexit 0\n")
        monkeypatch.setenv("CC", str(script))
        monkeypatch.setenv("HIL_CACHE_DIR", str(tmp_path))
    else:
        refusing = 'case "$*" in *-plugin*) echo "qemu: -plugin: invalid option" >&2; exit 1;; esac'
        script.write_text(f'#!/bin/sh\n{refusing}\nexec {find_program()} "$@"\n')
        monkeypatch.setenv("HIL_QEMU", str(script))
    script.chmod(0o755)
    with QemuProcess.start() as process:
        assert process.failure() is None
        assert process.trace is None
        assert str(process.trace_missing).startswith("QEMU does not load the timing plug-in (QEMU ended")
    assert list(runtime.runtime_dir().iterdir()) == []


def test_health_is_told_while_a_debugger_holds_the_emulator(
    qemu: QemuProcess, connect: Callable[[QemuProcess], PyOcdFlasher]
) -> None:
    with connect(qemu):
        assert qemu.failure() is None
        pid = _pid(qemu)
        qemu._process.kill()
        assert _ends(pid)
        assert qemu.failure() == "QEMU ended together with its watcher"


def test_an_image_gets_nothing_of_the_host(
    tmp_path: Path,
    qemu: QemuProcess,
    connect: Callable[[QemuProcess], PyOcdFlasher],
    first_line: Callable[[QemuProcess, Callable[[], None]], bytes],
) -> None:
    """No semihosting: its first call is a breakpoint that nobody waits for, and a fault."""
    reach = tmp_path / "reach"
    reach.mkdir()
    elf = build(tmp_path, {"main.c": ON_A_BOARD}, ["-O1", f'-DFOLDER="{reach}"'])
    with connect(qemu) as flasher:
        flasher.program(elf)
        assert first_line(qemu, flasher.reset_and_run) == b"fault\n"
    assert list(reach.iterdir()) == []
