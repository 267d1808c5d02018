"""What keeps a wrong, sleeping, locked or far-away chip from being flashed by mistake."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyocd.core import exceptions
from pyocd.probe.aggregator import PROBE_CLASSES

from children import stop
from hil.errors import ChipError, ImageError, ProbeError
from hil.flash import process, remote
from hil.flash.process import ProbeProcess
from hil.flash.pyocd import PyOcdFlasher
from hil.measure.elf import load_segments
from hil.qemu import runtime
from hil.qemu.probe.plugin import QemuProbe
from hil.qemu.process import QemuProcess

pytestmark = pytest.mark.emulated

Connect = Callable[[QemuProcess], PyOcdFlasher]
UP_S = 60.0


def moved(image: Path, to: Path, address: int) -> Path:
    """The image with its last loadable segment at another physical address."""
    raw = bytearray(image.read_bytes())
    start, size, count = struct.unpack_from("<I", raw, 28)[0], *struct.unpack_from("<HH", raw, 42)
    headers = [start + size * place for place in range(count)]
    loads = [
        at
        for at in headers
        if struct.unpack_from("<I", raw, at)[0] == 1 and struct.unpack_from("<I", raw, at + 16)[0]
    ]
    struct.pack_into("<I", raw, loads[-1] + 12, address)
    to.write_bytes(raw)
    return to


class Odd(QemuProbe):
    """An emulator's probe under another name, which a test can spoil."""

    prefix = ""

    @classmethod
    def get_all_connected_probes(
        cls, unique_id: str | None = None, is_explicit: bool = False
    ) -> list[QemuProbe]:
        return [cls(board) for board in runtime.running()]

    @property
    def unique_id(self) -> str:
        return f"{self.prefix}{super().unique_id}"


class Sleepy(Odd):
    """Of firmware that has switched its debug port off: it answers while it is held in reset alone."""

    prefix = "sleepy-"

    def connect(self, protocol: object = None) -> None:
        if not self.is_reset_asserted():
            raise exceptions.TransferError("No ACK received")
        super().connect(protocol)


class Locked(Odd):
    """Of a chip whose memory no debugger may reach."""

    prefix = "locked-"

    def read_ap(self, address: int, now: bool = True) -> int | Callable[[], int]:
        return 0 if now else lambda: 0

    def get_memory_interface_for_ap(self, ap_address: object) -> None:
        return None


@pytest.fixture(params=[Sleepy, Locked])
def _odd(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROBE_CLASSES, request.param.prefix.rstrip("-"), request.param)


def test_a_chip_of_another_kind_is_refused_before_it_is_erased(
    qemu: QemuProcess, connect: Connect, images: Path
) -> None:
    with connect(qemu) as flasher:
        flasher.program(images / "one.elf")
    other = PyOcdFlasher(qemu.probe_id, "stm32l475xg")
    with (
        pytest.raises(ChipError, match=r"the chip behind the debug probe .* is no stm32l475xg") as error,
        other,
    ):
        pass
    assert "nothing was erased" in str(error.value)
    with connect(qemu) as flasher:
        assert flasher.program(images / "one.elf").pages_programmed == 0


def test_an_image_that_lies_outside_flash_erases_nothing(
    qemu: QemuProcess, connect: Connect, images: Path, tmp_path: Path
) -> None:
    with connect(qemu) as flasher:
        flasher.program(images / "one.elf")
        end = 4 << 20
        for address in (0x2000_0000, end - 4):
            with pytest.raises(ImageError, match="the image has a segment outside flash"):
                flasher.program(moved(images / "two.elf", tmp_path / "far.elf", address))
        assert flasher.program(images / "one.elf").pages_programmed == 0


@pytest.mark.usefixtures("_odd")
@pytest.mark.parametrize("_odd", [Sleepy], indirect=True)
def test_firmware_that_hides_its_debug_port_is_caught_under_reset(qemu: QemuProcess, images: Path) -> None:
    name = f"sleepy-{qemu.board.unique_id}"
    with PyOcdFlasher(name, "mps2_an386", options={"reset.post_delay": 0}) as flasher:
        report = flasher.program(images / "one.elf")
    assert report.bytes_total == sum(len(segment.data) for segment in load_segments(images / "one.elf"))
    assert report.under_reset is not None
    assert "No ACK received" in report.under_reset


@pytest.mark.usefixtures("_odd")
@pytest.mark.parametrize("_odd", [Locked], indirect=True)
def test_a_locked_chip_is_told_with_what_unlocks_it(qemu: QemuProcess) -> None:
    locked = PyOcdFlasher(f"locked-{qemu.board.unique_id}", "mps2_an386")
    with pytest.raises(ProbeError, match="--allow-mass-erase"), locked:
        pass


@pytest.fixture
def server(qemu: QemuProcess) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`pyocd server` with the emulator's probe, and what a lab file calls it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["server", "--no-config", "-p", str(port), "-u", qemu.board.unique_id]
    with subprocess.Popen([sys.executable, "-m", "pyocd", *command], stderr=subprocess.PIPE) as serving:
        deadline = time.monotonic() + UP_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert serving.poll() is None, serving.stderr and serving.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield serving, f"remote:127.0.0.1:{port}"
        serving.kill()


def test_a_probe_far_away_flashes_and_has_a_deadline(
    server: tuple[subprocess.Popen[bytes], str], images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, name = server
    with (
        ProbeProcess() as probes,
        probes.flasher(name, "mps2_an386", options={"reset.post_delay": 0}) as flasher,
    ):
        assert flasher.program(images / "one.elf").pages_programmed == 3
        stop(serving.pid)
        monkeypatch.setattr(process, "_ANSWER_S", 0.5)
        monkeypatch.setattr(process, "_END_S", 0.1)
        with pytest.raises(ProbeError, match=r"has not answered for 0\.5 s"):
            flasher.halt()


def test_a_server_that_dies_ends_what_waits_for_it(
    server: tuple[subprocess.Popen[bytes], str], images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, name = server
    monkeypatch.setattr(process, "_PROGRAM_S", 20.0)
    with (
        ProbeProcess() as probes,
        probes.flasher(name, "mps2_an386", options={"reset.post_delay": 0}) as flasher,
    ):
        serving.kill()
        serving.wait()
        with pytest.raises(ProbeError, match=r"closed the connection|Broken pipe|reset by peer") as caught:
            flasher.program(images / "one.elf")
        assert "start `pyocd server`" in str(caught.value)


def test_a_server_that_hangs_ends_what_waits_for_it(
    server: tuple[subprocess.Popen[bytes], str], images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, name = server
    with PyOcdFlasher(name, "mps2_an386", options={"reset.post_delay": 0}) as flasher:
        flasher.program(images / "one.elf")
        stop(serving.pid)
        monkeypatch.setattr(remote, "SILENT_S", 0.5)
        with pytest.raises(ProbeError, match=r"has been silent for 0\.5 s"):
            flasher.halt()


def test_a_server_that_is_not_there_is_told(images: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    name = f"remote:127.0.0.1:{port}"
    with (
        ProbeProcess() as probes,
        pytest.raises(ProbeError, match="start `pyocd server` where the probe is"),
        probes.flasher(name, "mps2_an386"),
    ):
        pass
