"""The process that drives debug probes: it is as good as pyOCD here, and leaves nothing behind."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import pytest

from hil.errors import BenchProcessError, ImageError, ProbeError
from hil.flash import process, served
from hil.flash.nursery import Nursery
from hil.flash.process import ProbeProcess

OURS_UNTIL_KILLED = """
import time
from hil.flash.process import ProbeProcess
probes = ProbeProcess()
probes.start()
print(probes.pid, flush=True)
time.sleep(6000)
"""
GONE_S = 300.0  # there for a hang


@pytest.fixture(autouse=True)
def _nothing_runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with TemporaryDirectory(prefix="hil-") as folder:
        monkeypatch.setenv("HIL_RUNTIME_DIR", folder)
        yield


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture(params=["an interpreter of its own", "forked"])
def probes(request: pytest.FixtureRequest, nursery: Nursery) -> Iterator[ProbeProcess]:
    with ProbeProcess(nursery if request.param == "forked" else None) as started:
        yield started


def pid_of(probes: ProbeProcess) -> int:
    probes.start()
    if probes.pid is None:  # its nursery alone was started
        probes.attached()
    assert probes.pid is not None
    return probes.pid


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + GONE_S
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.01)


def wait_until_ended(pid: int) -> None:
    """As a process of ours that nobody has asked about yet."""
    deadline = time.monotonic() + GONE_S
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline, f"process {pid} has not ended"
        time.sleep(0.01)


def test_what_pyocd_refuses_is_refused_with_all_its_facts(probes: ProbeProcess) -> None:
    with (
        pytest.raises(ProbeError, match="no debug probe qemu:nobody is attached") as error,
        probes.flasher("qemu:nobody", "mps2_an386"),
    ):
        pass
    assert error.value.evidence == "attached: none like it"
    assert error.value.remedy == "see `hil probes`, and `hil doctor` for what keeps one from being listed"
    assert [probe for probe in probes.attached() if probe.is_emulated] == []


def test_it_is_started_once_and_ends_when_it_is_closed() -> None:
    with ProbeProcess() as probes:
        first = pid_of(probes)
        probes.attached()
        assert pid_of(probes) == first
    assert probes.pid is None
    wait_until_gone(first)


def test_without_a_probe_to_let_go_its_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_END_S", 10 * GONE_S)
    with ProbeProcess() as probes:
        stopped = pid_of(probes)
        os.kill(stopped, signal.SIGSTOP)  # it reads no end of the line
    wait_until_gone(stopped)


def test_without_a_folder_for_temporary_files_it_says_so(
    probes: ProbeProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(ProbeError, match="process that drives the debug probes does not start") as error:
        probes.start()
    assert str(tmp_path / "none") in str(error.value)


def test_it_ends_when_its_owner_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", OURS_UNTIL_KILLED], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.kill()
    wait_until_gone(pid)


def test_ctrl_c_does_not_reach_it(probes: ProbeProcess) -> None:
    assert os.getsid(pid_of(probes)) != os.getsid(0)


def test_when_it_is_killed_a_line_tells_and_another_is_started(probes: ProbeProcess) -> None:
    first = pid_of(probes)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(BenchProcessError, match="the process that drives the debug probes ended by signal 9"):
        probes.attached()
    assert pid_of(probes) != first
    probes.attached()


def test_a_pyocd_that_cannot_be_imported_is_told(
    probes: ProbeProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyocd.py").write_text("raise ImportError('no such luck')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ProbeError, match="ended with exit code 1") as error:
        probes.attached()
    assert error.value.evidence == "ImportError: no such luck"
    assert not isinstance(error.value, BenchProcessError)


def test_an_answer_that_nobody_waited_for_is_never_another_questions(
    probes: ProbeProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_END_S", 0.0)

    def interrupt(number: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code is socket.SocketIO.readinto.__code__:  # it waits for the answer
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            raise KeyboardInterrupt

    stopped = pid_of(probes)
    os.kill(stopped, signal.SIGSTOP)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        with pytest.raises(KeyboardInterrupt):
            probes.attached()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    wait_until_gone(stopped)
    with pytest.raises(ProbeError, match="qemu:nobody"), probes.flasher("qemu:nobody", "mps2_an386"):
        pass


def test_when_it_does_not_answer_a_line_tells(probes: ProbeProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_END_S", 0.0)
    stopped = pid_of(probes)
    os.kill(stopped, signal.SIGSTOP)
    with monkeypatch.context() as impatient:
        impatient.setattr(process, "_ANSWER_S", 0.05)
        with pytest.raises(BenchProcessError, match=r"debug probes has not answered for 0\.05 s") as error:
            probes.attached()
    assert error.value.evidence == "asked for: attached"
    wait_until_gone(stopped)
    probes.attached()


def test_a_probe_that_is_not_let_go_is_not_waited_for(
    probes: ProbeProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_RELEASE_S", 0.05)
    monkeypatch.setattr(process, "_END_S", 0.0)
    stopped = pid_of(probes)
    os.kill(stopped, signal.SIGSTOP)
    assert probes._child is not None
    probes.release(probes._child, 0)
    wait_until_gone(stopped)


def test_a_flasher_that_is_not_connected(probes: ProbeProcess) -> None:
    with pytest.raises(ProbeError, match="not connected"):
        probes.flasher("qemu:nobody", "mps2_an386").halt()


def test_each_board_has_a_process_and_what_ends_one_ends_no_other(nursery: Nursery) -> None:
    with ProbeProcess(nursery) as one, ProbeProcess(nursery) as other:
        first, second = pid_of(one), pid_of(other)
        assert first != second
        one.kill()
        with pytest.raises(ProbeError, match="ended by signal 9"):
            one.attached()
        other.attached()
        assert pid_of(other) == second
        nursery.close()  # what it forked goes on
        other.attached()
        one.attached()  # from another nursery
    wait_until_gone(second)


def test_what_one_process_waits_for_no_other_waits_for(nursery: Nursery) -> None:
    with ProbeProcess(nursery) as stuck, ProbeProcess(nursery) as other:
        stopped = pid_of(stuck)
        os.kill(stopped, signal.SIGSTOP)
        raised: list[Exception] = []

        def ask() -> None:
            try:
                stuck.attached()
            except ProbeError as error:
                raised.append(error)

        waiting = threading.Thread(target=ask)
        waiting.start()
        other.attached()
        assert waiting.is_alive()
        stuck.kill()
        waiting.join(GONE_S)
        (error,) = raised
        assert "ended by signal 9" in str(error)


def test_a_nursery_that_was_killed_is_told_once_and_another_is_started(nursery: Nursery) -> None:
    with ProbeProcess(nursery) as probes:
        nursery.start()
        assert nursery.pid is not None
        os.kill(nursery.pid, signal.SIGKILL)
        wait_until_ended(nursery.pid)
        with pytest.raises(ProbeError, match="debug probes ended by signal 9"):
            probes.attached()
        probes.attached()


FORKED_UNTIL_KILLED = """
import time
from hil.flash.nursery import Nursery
from hil.flash.process import ProbeProcess
nursery = Nursery()
probes = ProbeProcess(nursery)
probes.attached()
print(probes.pid, nursery.pid, flush=True)
time.sleep(6000)
"""


def test_all_that_was_forked_ends_when_its_owner_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", FORKED_UNTIL_KILLED], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        owner.kill()
    for pid in pids:
        wait_until_gone(pid)


class Logs:
    """Calls that log, or fail as they do on purpose."""

    def warn(self, text: str) -> int:
        logging.getLogger("pyocd.flash").warning("%s", text)
        logging.getLogger("pyocd.flash").debug("not asked for")
        return len(text)

    def refuse(self) -> None:
        raise ImageError("damaged", board="nucleo-1", evidence="4 bytes", remedy="build it")


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    level, handlers = logging.root.level, list(logging.root.handlers)
    yield logging.root
    logging.root.setLevel(level)
    logging.root.handlers[:] = handlers


def test_each_answer_brings_what_was_logged_since_the_last(root: logging.Logger) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rwb") as asking, theirs.makefile("rwb") as line:
        for call, given in (("warn", ("slow",)), ("refuse", ()), ("warn", ("page 3",))):
            pickle.dump((logging.WARNING, call, given), asking)
        asking.flush()
        ours.shutdown(socket.SHUT_WR)
        served.serve(Logs(), line)
        slow, refused, page = (pickle.load(asking) for _ in range(3))
    assert slow == (None, 4, [("pyocd.flash", logging.WARNING, "slow")])
    assert page == (None, 6, [("pyocd.flash", logging.WARNING, "page 3")])
    error, value, said = refused
    assert (value, said) == (None, [])
    assert str(error) == "nucleo-1: damaged (4 bytes); build it"
    assert isinstance(error, ImageError)


def test_what_it_logged_is_logged_here(probes: ProbeProcess, caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.DEBUG, "pyocd"),
        pytest.raises(ProbeError),
        probes.flasher("qemu:nobody", "mps2_an386"),
    ):
        pass
    assert [record for record in caplog.records if record.name.startswith("pyocd")]


def test_no_compiler_is_asked_for_a_library_and_the_way_to_programs_stays(
    probes: ProbeProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the linker's cache knows no library of SEGGER's, Python asks compilers."""
    for name in ("gcc", "cc", "ld"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n: > {tmp_path}/asked\n")
        program.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    environ = Path(f"/proc/{pid_of(probes)}/environ").read_bytes().split(b"\0")
    assert f"PATH={path}".encode() in environ, "the test's folder comes first"
    assert probes.attached() == []
    assert not (tmp_path / "asked").exists()
