"""An emulator per test, listed in a folder of the test's own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hil.flash.pyocd import PyOcdFlasher
from hil.qemu.process import QemuProcess
from hil.qemu.runtime import RUNTIME_DIR_VARIABLE

IMAGES = Path(__file__).parent / "images"
Connect = Callable[[QemuProcess], PyOcdFlasher]


@pytest.fixture(autouse=True)
def _on_each_qemu(each_qemu: None) -> None:
    """The debug stub and the sockets are what versions differ in."""


@pytest.fixture(autouse=True)
def _own_runtime_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with TemporaryDirectory(prefix="hil-") as folder:  # short: sockets live in it
        monkeypatch.setenv(RUNTIME_DIR_VARIABLE, folder)
        yield


@pytest.fixture
def qemu() -> Iterator[QemuProcess]:
    with QemuProcess.start(name="desk") as process:
        yield process


@pytest.fixture
def connect() -> Connect:
    def flasher(process: QemuProcess) -> PyOcdFlasher:
        return PyOcdFlasher(process.probe_id, "mps2_an386", options={"reset.post_delay": 0})

    return flasher


@pytest.fixture
def images() -> Path:
    return IMAGES


@pytest.fixture
def first_line() -> Callable[[QemuProcess, Callable[[], None]], bytes]:
    """What a board says on its serial port, up to the first new line, after something was done to it."""

    def listen(process: QemuProcess, act: Callable[[], None]) -> bytes:
        with socket.socket(socket.AF_UNIX) as port:
            port.settimeout(60)
            port.connect(str(process.board.serial_socket))
            act()
            with port.makefile("rb") as lines:
                return lines.readline()

    return listen
