"""`hil lab init`: write a lab file of what is attached."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "write a lab file of what is attached"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Where to write it."""
    parser.add_argument(
        "file", metavar="FILE", nargs="?", type=Path, default=Path("lab.toml"), help="(default: lab.toml)"
    )
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def run(options: argparse.Namespace) -> int:
    """Write it, and say what of it has to be filled in."""
    from hil.errors import LabError
    from hil.flash.process import ProbeProcess
    from hil.lab.file import load_lab
    from hil.lab.text import lab_text
    from hil.link.usb import UsbPorts
    from hil.power.attached import attached

    path: Path = options.file
    with ProbeProcess() as process:
        text, notes = lab_text(process.attached(), UsbPorts(), attached())
    try:
        with path.open("w" if options.force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise LabError(
            f"{path} is there already", remedy="name another file, or give --force to write over it"
        ) from error
    boards = ", ".join(board.name for board in load_lab(path).boards)
    print("\n".join([*notes, f"wrote {path}: {boards}", f"run them: pytest --board=all --lab={path}"]))
    return 0
