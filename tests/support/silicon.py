"""A board of silicon as far as the lab can tell: an emulator that somebody else started."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hil.kinds import KINDS, Kind
from hil.qemu.process import QemuProcess

KIND = "qemu_mps2_an386"  # whose images it runs

# For a folder that pytest runs in.
CONFTEST = f"""
from dataclasses import replace
import hil.lab.file
hil.lab.file.KINDS = {{**hil.lab.file.KINDS, "{KIND}": replace(hil.lab.file.KINDS["{KIND}"], emulator=None)}}
"""


def silicon_kinds() -> dict[str, Kind]:
    """What ``hil.lab.file.KINDS`` is to be."""
    return {**KINDS, KIND: replace(KINDS[KIND], emulator=None)}


def table(name: str, probe: str, serial: str, *more: str) -> str:
    return "\n".join(
        [f"[boards.{name}]", f'kind = "{KIND}"', f'probe = "{probe}"', f'serial = "{serial}"', *more, ""]
    )


@contextmanager
def on_the_desk(name: str = "desk") -> Iterator[QemuProcess]:
    """The emulator, for runs that know its probe and its serial port alone."""
    with QemuProcess.start(name=name) as process:
        yield process


def lab_of(folder: Path, *tables: str) -> Path:
    (folder / "conftest.py").write_text(CONFTEST)
    path = folder / "lab.toml"
    path.write_text("".join(tables))
    return path
