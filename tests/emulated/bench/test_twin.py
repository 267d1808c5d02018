"""The discovery kit's emulated twin: the silicon's image, byte for byte, flashed through its target."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyocd.debug.svd.loader import SVDLoader

from hil.board import Board, open_board
from hil.build.prebuilt import faulty_dir
from hil.errors import DeviceCrashError, ImageError, LabError
from hil.flash.pyocd import PyOcdFlasher
from hil.image import Image, prebuilt_dir, prebuilt_images
from hil.kinds import KINDS
from hil.lab.boards import builtin_lab
from hil.link.link import Hello, Link
from hil.measure.elf import load_segments
from hil.models.vectors import load_vectors
from hil.qemu.process import QemuProcess
from hil.qemu.program import find_program
from hil.session import Session, first
from hil.values import Method

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("newer_qemu")]

SILICON, TWIN = KINDS["b_l475e_iot01a"], KINDS["qemu_b_l475e_iot01a"]
MPS2 = KINDS["qemu_mps2_an386"]
IMAGES = prebuilt_images(SILICON.name)


@pytest.fixture(scope="module")
def board(newer_qemu: None) -> Iterator[Board]:
    (spec,) = builtin_lab().select(TWIN.name)
    with open_board(spec) as opened:
        yield opened


def image(name: str = "fastgrnn_digits-q15") -> Image:
    return Image.load(prebuilt_dir(SILICON.name) / f"{name}.elf")


@pytest.mark.parametrize("elf", IMAGES, ids=lambda elf: elf.stem)
def test_every_image_computes_the_goldens_in_as_many_instructions_as_on_the_other_board(
    board: Board, elf: Path
) -> None:
    made = Image.load(elf)
    vectors = first(load_vectors(made.manifest.model, made.manifest.precision), 2)
    with Session(board, made) as session:
        report = session.measure(vectors)
    exact = next(one for one in report.measures if one.metric == "golden_exact")
    assert exact.value == 1.0
    assert (exact.technique == "bit-exact") == (made.manifest.precision != "f32")
    counted = [one for one in report.measures if one.metric == "instructions"]
    assert {one.technique for one in counted} == {"plugin", "timer"}
    assert all(one.method == Method.COUNTED for one in counted)


def test_the_kinds_have_the_same_images_and_nearly_the_same_cost(board: Board) -> None:
    assert [elf.name for elf in IMAGES] == [elf.name for elf in prebuilt_images(MPS2.name)]
    (spec,) = builtin_lab().select("qemu")
    with open_board(spec) as other:
        for name in ("fastgrnn_digits-q7", "perf_vww-q15", "msc_rnn_radar-f32"):
            medians = []
            for one, kind in ((board, SILICON.name), (other, MPS2.name)):
                made = Image.load(prebuilt_dir(kind) / f"{name}.elf")
                vectors = first(load_vectors(made.manifest.model, made.manifest.precision), 8)
                with Session(one, made) as session:
                    medians.append(session.measure(vectors).value("instructions"))
            assert medians[0] == pytest.approx(medians[1], rel=0.005)


def test_the_handshake_tells_clock_and_counter(board: Board) -> None:
    with Session(board, image()) as session:
        hello = session.hello
    assert isinstance(hello, Hello)
    assert hello.kind == SILICON.name == board.kind.image_kind
    assert (hello.clock_hz, hello.counter_hz, hello.counter) == (80_000_000, 80_000_000, "timer")
    assert hello.rx_window == 16383


def test_an_unchanged_image_is_skipped_and_another_one_replaces_it(board: Board) -> None:
    skipped = []
    for name in ("fastgrnn_digits-q15", "fastgrnn_digits-q15", "fastgrnn_digits-q7"):
        with Session(board, image(name)) as session:
            assert session.flash_report is not None
            skipped.append(session.flash_report.pages_programmed == 0)
            assert session.flash_report.bytes_total == sum(
                len(segment.data) for segment in load_segments(image(name).path)
            )
    assert skipped == [False, True, False] or skipped == [True, True, False]


def test_no_description_of_registers_is_read_for_a_session(
    newer_qemu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debuggers want it; reading it takes a thread of pyOCD's longer than all else together."""
    read: list[object] = []
    monkeypatch.setattr(SVDLoader, "load", read.append)
    assert TWIN.emulator is not None
    with QemuProcess.start(TWIN.emulator) as qemu:
        options = TWIN.pyocd_options
        with PyOcdFlasher(qemu.probe_id, TWIN.pyocd_target, options=options) as flasher:
            assert flasher.program(image().path).pages_programmed > 0
    assert read == []


def test_a_crash_is_told_with_the_place(board: Board) -> None:
    crash = Image.load(faulty_dir(SILICON.name) / "crash-f32.elf")
    vectors = first(load_vectors("fastgrnn_digits", crash.manifest.precision), 1)
    with Session(board, crash) as session, pytest.raises(DeviceCrashError):
        session.infer(vectors.inputs)
    overflow = Image.load(faulty_dir(SILICON.name) / "stack_overflow-f32.elf")
    with Session(board, overflow) as session, pytest.raises(DeviceCrashError):
        session.infer(vectors.inputs)


def test_images_that_are_not_for_it_are_refused(board: Board) -> None:
    with pytest.raises(LabError, match="is for another kind of board"):
        Session(board, Image.load(prebuilt_dir(MPS2.name) / "fastgrnn_digits-q15.elf")).__enter__()
    with pytest.raises(ImageError, match="outside flash"):
        Session(board, Image.load(faulty_dir(SILICON.name) / "outside_flash-f32.elf")).__enter__()


@contextmanager
def _watched(folder: Path, elf: Path) -> Iterator[tuple[Link, socket.socket, Path]]:
    """The image started by QEMU itself: a link, QEMU's monitor, and its log of registers and baud rates."""
    log = folder / "log"
    with socket.socket(socket.AF_UNIX) as serial, socket.socket(socket.AF_UNIX) as monitor:
        for listener, name in ((serial, "serial"), (monitor, "monitor")):
            listener.bind(str(folder / name))
            listener.listen(1)
        command = [
            *(find_program(), "-M", "b-l475e-iot01a", "-icount", "shift=0", "-display", "none"),
            *("-chardev", f"socket,id=serial,fd={serial.fileno()},server=on,wait=on"),
            *("-serial", "chardev:serial", "-kernel", str(elf)),
            *("-chardev", f"socket,id=mon,fd={monitor.fileno()},server=on,wait=off", "-mon", "chardev=mon"),
            *("-d", "unimp,guest_errors", "-trace", "stm32l4x5_usart_update_params", "-D", str(log)),
        ]
        descriptors = [serial.fileno(), monitor.fileno()]
        process = subprocess.Popen(command, pass_fds=descriptors, stderr=subprocess.DEVNULL)
        try:
            with Link.open(f"unix://{folder / 'serial'}") as link, socket.socket(socket.AF_UNIX) as asking:
                asking.settimeout(20)
                asking.connect(str(folder / "monitor"))
                yield link, asking, log
        finally:
            process.kill()
            process.wait()


def _ask(monitor: socket.socket, question: str) -> str:
    """What QEMU's monitor says, up to its next prompt."""
    said = b""
    while b"(qemu) " not in said:
        said += monitor.recv(65536)
    monitor.sendall(question.encode() + b"\n")
    said = b""
    while not said.endswith(b"(qemu) "):
        said += monitor.recv(65536)
    return said.decode(errors="replace")


def test_clocks_baud_rate_and_wait_states_by_the_emulators_own_account(tmp_path: Path) -> None:
    with _watched(tmp_path, image().path) as (link, monitor, log):
        hello = link.handshake(20.0)
        tree = _ask(monitor, "info qtree")
    (usart1,) = (device for device in tree.split("  dev: ") if "mmio 0000000040013800/" in device)
    assert 'clock-in "clk" freq_hz=80 MHz' in usart1, usart1
    (core,) = (device for device in tree.split("  dev: ") if device.startswith("armv7m,"))
    assert 'clock-in "cpuclk" freq_hz=80 MHz' in core, core
    assert hello.clock_hz == 80_000_000
    said = log.read_text()
    speeds = [int(speed) for speed in re.findall(r"update_params USART: speed: (\d+)", said)]
    assert speeds[-1] == pytest.approx(SILICON.baudrate, rel=0.01)
    assert "parity: N, data bits: 8, stop bits: 1" in said
    written = re.findall(
        r"FLASH: unimplemented device write \(size 4, offset 0x000, value 0x([0-9a-f]+)\)", said
    )
    assert [int(value, 16) & 7 for value in written] == [SILICON.conditions["wait_states"]]
    assert int(written[0], 16) >> 8 & 7 == 7  # prefetch, instruction and data cache
    assert "BRR less than 16" not in said
