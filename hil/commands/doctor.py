"""`hil doctor`: what on this machine keeps boards from being used, and what mends it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hil.desk.doctor import Finding, Machine
    from hil.desk.states import BoardState
    from hil.flash.base import AttachedProbe

HELP = "check this machine for what boards need, and say how to mend what is missing"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The lab file, and where to write a report or rules."""
    parser.add_argument("--lab", metavar="FILE", type=Path, help="also check the boards of this lab file")
    parser.add_argument(
        "--report",
        metavar="FILE",
        type=Path,
        help="also write all that was seen, and what sessions said lately, to send it on",
    )
    parser.add_argument(
        "--with-serials", action="store_true", help="with --report: leave serial numbers of devices in it"
    )
    parser.add_argument(
        "--db",
        metavar="URL",
        help="with --report: where sessions are; default: SQLite in the user's data folder",
    )
    parser.add_argument(
        "--udev-rules",
        metavar="FILE",
        nargs="?",
        const="-",
        help="only write udev's rules for debug probes, to standard output or a file",
    )


def run(options: argparse.Namespace) -> int:
    """Print a line for each finding; 1 when one is a fault."""
    from hil.desk import udev
    from hil.desk.doctor import Finding, Grade, Machine, examine
    from hil.desk.states import BoardState, states
    from hil.errors import HilError
    from hil.flash.process import ProbeProcess
    from hil.lab.file import load_lab

    if options.udev_rules == "-":
        print(udev.rules(), end="")
        return 0
    if options.udev_rules is not None:
        Path(options.udev_rules).write_text(udev.rules(), encoding="utf-8")
        print(f"wrote {options.udev_rules}; now: {udev.RELOAD}")
        return 0
    if options.report is None and (options.with_serials or options.db is not None):
        raise HilError("--with-serials and --db are of --report", remedy="name the file with --report")
    machine, boards = Machine(), list[BoardState]()
    attached: list[AttachedProbe] = []
    with ProbeProcess() as process:
        try:
            boards = states(load_lab(options.lab).boards, process.attached)
            found = examine(machine, boards)
        except HilError as error:
            found = [*examine(machine, []), Finding("lab file", Grade.FAULT, str(error), error.remedy)]
        if options.report is not None:
            try:
                attached = process.attached()
            except HilError as error:
                found.append(Finding("debug probes", Grade.FAULT, str(error), error.remedy))
    width = max(len(one.what) for one in found)
    for one in found:
        remedy = f"; {one.remedy}" if one.remedy else ""
        print(f"{one.grade:7}  {one.what:{width}}  {one.seen}{remedy}")
    if options.report is not None:
        _write(options, machine, found, boards, attached)
    return int(any(one.grade is Grade.FAULT for one in found))


def _write(
    options: argparse.Namespace,
    machine: Machine,
    found: Sequence[Finding],
    boards: Sequence[BoardState],
    attached: Sequence[AttachedProbe],
) -> None:
    import json

    from hil.commands.reports.doctor import report
    from hil.files import replace_file

    lab = None if options.lab is None else str(options.lab)
    told = report(machine, found, boards, attached, options.db, lab=lab, serials=options.with_serials)
    replace_file(options.report, json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    kept = "with" if options.with_serials else "without"
    print(
        f"wrote {options.report}, {kept} serial numbers: look through it, then send it to whoever is to help"
    )
