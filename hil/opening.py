"""What a session needs before its first vector: a line to the image, a recording, and the right firmware."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from hil.board import Board
from hil.errors import HandshakeError, HilError, ImageError
from hil.flash.base import Flasher
from hil.flash.memory import ProbeMemory
from hil.image import Image
from hil.link.faults import Faults
from hil.link.link import Hello, Link
from hil.link.probe import ProbeTransport
from hil.link.recording import Recorder, new_path
from hil.link.transport import Reopening
from hil.measure.elf import symbol_addresses


def rings_of(image: Image, board: Board) -> tuple[int, int]:
    """Where the rings lie that a debug probe reaches, and their bytes; ImageError without any."""
    try:
        at = symbol_addresses(image.path, "_rings", "_rings_end")
    except HilError as error:
        raise error.at(board.name) from None
    if len(at) < 2:
        raise ImageError(
            f"image {image.name} has no rings that a debug probe can reach",
            board=board.name,
            evidence='the lab file says link = "probe"',
            remedy="rebuild it with `hil build`, or let the frames take the serial port",
        )
    return at["_rings"], at["_rings_end"] - at["_rings"]


def open_link(
    board: Board,
    flasher: Flasher,
    *,
    rings: tuple[int, int] | None,
    over_uart: bool,
    faults: Faults | None,
    recorder: Recorder | None,
) -> Link:
    """The link, before the firmware starts and finds what is to carry its frames."""
    if rings is not None:
        start, size = rings
        memory = ProbeMemory(flasher, start, size)
        line = ProbeTransport(memory, memory.wake)
        return Link.over(line, faults=faults, recorder=recorder, clock=board.clock)
    return Link.open(
        board.serial_url,
        baudrate=board.kind.baudrate,
        memory=None if over_uart else board.memory,
        faults=faults,
        reopening=Reopening(dead=lambda: board.failure() is not None),
        recorder=recorder,
        clock=board.clock,
    )


def new_recorder(folder: Path, board: Board, image: Image, faults: Faults | None) -> Recorder:
    """Of all that travels, in a new file of the folder."""
    manifest = image.manifest
    about = {
        "board": board.name,
        "image": image.name,
        "kind": manifest.kind,
        "build_id": manifest.build_id,
        "recorded": datetime.now(UTC).isoformat(timespec="seconds"),
        "lab": version("hil-lab"),
    }
    if faults is not None:
        about["link_faults"] = str(faults)
    path = new_path(folder, board.name, manifest.model, str(manifest.precision))
    return Recorder(path, about, board.clock)


def check_hello(hello: Hello, image: Image, board: Board) -> None:
    """HandshakeError where another firmware answers than the image's, or at another clock than its kind's."""
    manifest = image.manifest
    for what, said, meant in (
        ("image", hello.build_id, manifest.build_id),
        ("model", hello.model, manifest.model),
        ("precision", hello.precision, str(manifest.precision)),
        ("kind", hello.kind, manifest.kind),
        ("number of features", hello.features, manifest.features),
        ("least steps", hello.min_steps, manifest.min_steps),
        ("most steps", hello.max_steps, manifest.max_steps),
        ("number of outputs", hello.outputs, manifest.outputs),
        ("counter", hello.counter, board.kind.counter.wire_name),
    ):
        if said != meant:
            raise HandshakeError(
                f"the firmware that answers is not {image.name}",
                evidence=f"{what} {said}, expected {meant}",
                remedy="build and flash it again",
            )
    if hello.clock_hz != board.kind.clock_hz:
        told = f"{hello.clock_hz:,} Hz" if hello.clock_hz else "a clock it knows no exact rate of"
        raise HandshakeError(
            "the board does not run at the clock of its kind",
            evidence=f"{told} instead of {board.kind.clock_hz:,} Hz",
            remedy="its oscillator or its PLL does not start: see to its power, and power-cycle it",
        )
