"""A session with firmware that says it counts the core's cycles, up to the point beside its estimate.

The board is the runtime as a host program, which speaks the real protocol; its probe flashes nothing.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibrated import BOARD, CHIP, TWIN, estimated, stored
from hil.board import Board
from hil.calibration.file import read_points
from hil.cli import main
from hil.errors import HandshakeError
from hil.flash.base import FlashReport
from hil.image import Image, Manifest, prebuilt_dir
from hil.kinds import KINDS, Kind
from hil.models.vectors import VectorSet
from hil.resources import firmware_dir
from hil.session import Report, Session
from hil.values import Precision
from hil_db.records import SessionRecord, Status
from host_probe import HostProbe
from needs import absent

sys.path.insert(0, str(firmware_dir() / "tests" / "link"))

from host_device import BUILD_ID, HostDevice, build, compiler, expected

ELF = prebuilt_dir(BOARD) / "fastgrnn_digits-q15.elf"  # whose sizes are read; what runs is the host program
KIND: Kind = replace(KINDS[BOARD], name="host")  # as the host program calls itself
INPUTS = [np.full((steps, 8), steps, np.float32) for steps in (4, 5, 6, 7, 8)]
CLOCK_HZ = 80_000_000


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if compiler() is None:
        absent("no host C compiler (cc)")
    return build(tmp_path_factory.mktemp("device") / "device")


class Flasher(HostProbe):
    """Of the device."""

    def __init__(self, device: HostDevice) -> None:
        self._device = device

    def program(self, image_path: Path) -> FlashReport:
        return replace(super().program(image_path), chip=CHIP)

    def reset_and_run(self) -> None:
        self._device.boot()


def image() -> Image:
    about = Manifest.read(ELF.with_suffix(".json"))
    mine = replace(
        about,
        kind="host",
        model="checksum",
        precision=Precision.F32,
        build_id=BUILD_ID,
        min_steps=4,
        max_steps=8,
    )
    return Image(ELF, mine)


def measured(device: HostDevice) -> tuple[Report, dict[str, str]]:
    goldens = np.stack([expected(one, 10) for one in INPUTS])
    vectors = VectorSet(INPUTS, None, goldens, Path("none"), "c" * 64, 0)
    board = Board("desk-1", KIND, device.url, lambda: Flasher(device), versions={"pyocd": "0.46"})
    with Session(board, image()) as session:
        return session.measure(vectors), session.versions


def test_cycles_that_firmware_counted_become_a_point(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with HostDevice(program, clock_hz=CLOCK_HZ, dwt=1, min_steps=4) as device:
        report, versions = measured(device)
    assert versions == {
        "pyocd": "0.46",
        "chip": CHIP,
        "firmware": "protocol 2, clock 80,000,000 Hz, counter dwt at 80,000,000 Hz",
    }
    record = SessionRecord(
        "desk-1", "host", "m", "q15", estimated().started, estimated().finished, Status.FINISHED,
        replace(image().manifest, sha256="a" * 64), vectors_sha256="c" * 64, versions=versions,
        measures=report.measures, samples=report.samples,
    )  # fmt: skip
    db = stored(tmp_path, record, estimated(cycles=590, vectors=len(INPUTS)))
    file = tmp_path / "points.toml"
    assert main(["calibrate", f"--db={db}", "--board=desk-1", f"--out={file}"]) == 0
    assert " 5 600 400 to 800 590 " in " ".join(capsys.readouterr().out.split())
    (point,) = read_points(file)
    assert (point.measured.cycles, point.measured.least, point.measured.most) == (600, 400, 800)
    assert (point.measured.technique, point.measured.clock_hz, point.measured.chip) == ("dwt", CLOCK_HZ, CHIP)
    assert point.measured.conditions == KINDS[BOARD].conditions
    assert point.estimated.kind == TWIN


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"clock_hz": 48_000_000, "dwt": 1}, "48,000,000 Hz instead of 80,000,000 Hz"),
        ({"clock_hz": CLOCK_HZ}, "counter timer, expected dwt"),
    ],
)
def test_another_clock_or_counter_than_the_kinds_is_no_measurement(
    program: Path, said: dict[str, int], told: str
) -> None:
    with HostDevice(program, min_steps=4, **said) as device, pytest.raises(HandshakeError, match=told):
        measured(device)
