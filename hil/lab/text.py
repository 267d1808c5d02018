"""A lab file of what is attached, as text: boards whose kind is known, and the rest as comments."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from hil.flash.base import AttachedProbe
from hil.kinds import KINDS, Kind
from hil.lab.boards import builtin_lab
from hil.lab.keys import AUTO
from hil.lab.schema import schema_path
from hil.link.usb import UsbPorts
from hil.power.attached import Attached as PowerProbe


def lab_text(
    attached: Sequence[AttachedProbe], usb: UsbPorts, power: Sequence[PowerProbe] = ()
) -> tuple[str, list[str]]:
    """The file's text, which the lab reads as it is, and notes on what its user has to do.

    Probes of emulators are left out: each belongs to the run that started it. A probe whose board is of no
    kind that the lab knows is a comment, and so is a power probe: nobody but its user knows in which board's
    supply it is, and what that may be. Without any board of silicon the file names the emulated one.
    """
    lines = [f"#:schema {schema_path().as_uri()}"]
    notes: list[str] = []
    probes = [probe for probe in attached if not probe.is_emulated]
    names: set[str] = set()
    for probe in probes:
        kind = _kind_of(probe)
        port = usb.port_with_serial(probe.unique_id)
        name = _name(probe, names)
        table = [f"[boards.{name}]", *_fields(probe, kind, port)]
        if kind is None:
            notes.append(
                f"{_told(probe)}: of no kind that is known here; its table is a comment, name its kind"
            )
        elif port is None:
            notes.append(
                f"{_told(probe)}: it has no serial port of its own; name the one its UART is wired to, or "
                'write link = "probe" instead'
            )
        lines += ["", f"# {_told(probe)}", *(line if kind is not None else f"# {line}" for line in table)]
        if kind is not None:
            names.add(name)
    if not probes:
        notes.append("no debug probe is attached: the lab file names the emulated board")
    if not names:
        (board,) = builtin_lab().boards
        lines += ["", f"[boards.{board.name}]", f'kind = "{board.kind.name}"']
    for one in power:
        lines += ["", *(f"# {line}" for line in _power_fields(one, min(names, default="…")))]
        notes.append(f"{one.driver} at {one.port}: its table is a comment, say in which board's supply it is")
    return "\n".join([*lines, ""]), notes


def _power_fields(probe: PowerProbe, board: str) -> list[str]:
    where = ("port", probe.port) if probe.serial_number is None else ("serial_number", probe.serial_number)
    return [
        f"[boards.{board}.power]",
        f"driver = {_quoted(probe.driver)}",
        f"{where[0]} = {_quoted(where[1])}",
        "supply_v = 3.3  # what the board is to have",
        "channel = 0  # the probe's logic input that the board's sync pin is wired to",
    ]


def _kind_of(probe: AttachedProbe) -> Kind | None:
    """By the board's name, or by its target: pyOCD's may be a pack's name of the same chip."""
    silicon = [kind for kind in KINDS.values() if kind.emulator is None]
    name = re.sub(r"[^a-z0-9]+", "_", (probe.board_name or "").lower())
    named = (kind for kind in silicon if kind.name == name)
    return next(named, next((kind for kind in silicon if kind.pyocd_target == probe.target), None))


def _fields(probe: AttachedProbe, kind: Kind | None, port: str | None) -> list[str]:
    serial = f'serial = "{AUTO}"' + (f"  # {port} now" if port is not None else "  # or the port of its UART")
    name = kind.name if kind is not None else "…"
    return [f"kind = {_quoted(name)}", f"probe = {_quoted(probe.unique_id)}", serial]


def _name(probe: AttachedProbe, taken: set[str]) -> str:
    word = re.sub(r"[^a-z0-9]+", "-", (probe.board_name or "board").lower()).strip("-") or "board"
    number = 1
    while (name := f"{word}-{number}") in taken:
        number += 1
    return name


def _told(probe: AttachedProbe) -> str:
    board = f" ({probe.board_name})" if probe.board_name else ""
    told = f"{probe.description}{board}"
    return "".join(sign if sign.isprintable() else "?" for sign in told)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
