"""Records the links in fixtures/recordings anew, on the emulated board: run it by its path.

Needed where a recording cannot be played any more: after a new version of the protocol.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hil.board import open_board
from hil.errors import HilError
from hil.image import Image, prebuilt_dir
from hil.lab.boards import builtin_lab
from hil.link.faults import parse_faults
from hil.link.recording import SUFFIX
from hil.models.vectors import load_vectors
from hil.resources import fixtures_dir
from hil.session import Session, first
from hil.values import Precision

KIND = "qemu_mps2_an386"
RECORDINGS = fixtures_dir() / "recordings"


@dataclass(frozen=True)
class Case:
    """A session to record, called ``name``: an image, and what is wrong with it or with its line."""

    name: str
    elf: Path
    over_uart: bool = False
    faults: str | None = None


CASES = (
    Case("clean-ram", prebuilt_dir(KIND) / "fastgrnn_digits-q15.elf"),
    Case(
        "noisy-uart",
        prebuilt_dir(KIND) / "fastgrnn_digits-q7.elf",
        over_uart=True,
        faults="flip=1e-4,drop=2e-3,seed=7",
    ),
    Case("cut-uart", prebuilt_dir(KIND) / "fastgrnn_digits-q7.elf", over_uart=True, faults="cut=5e-4,seed=3"),
    Case("crash", fixtures_dir() / "faulty" / KIND / "crash-f32.elf"),
    Case("hang", fixtures_dir() / "faulty" / KIND / "hang-f32.elf"),
)


def record(case: Case, folder: Path) -> HilError | None:
    """Run 20 vectors and keep what the link carried; what ended the session."""
    faults = None if case.faults is None else parse_faults(case.faults)
    precision = Precision(case.elf.stem.rpartition("-")[2])
    vectors = first(load_vectors("fastgrnn_digits", precision), 20)
    ended = None
    with tempfile.TemporaryDirectory() as place, open_board(builtin_lab().boards[0]) as board:
        try:
            with Session(
                board,
                Image.load(case.elf),
                hang_after_s=1.0,
                over_uart=case.over_uart,
                faults=faults,
                record=Path(place),
            ) as session:
                session.infer(vectors.inputs)
                session.stack()
        except HilError as error:
            ended = error
        (made,) = Path(place).iterdir()
        (folder / f"{case.name}{SUFFIX}").write_bytes(made.read_bytes())
    return ended


if __name__ == "__main__":
    for case in CASES:
        print(f"{case.name}: {record(case, RECORDINGS) or 'no error'}")
