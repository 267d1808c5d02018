"""`hil doctor`: what on this machine keeps boards from being used, and what mends it."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "check this machine for what boards need, and say how to mend what is missing"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The lab file, and where to write a report or rules."""
    parser.add_argument("--lab", metavar="FILE", type=Path, help="also check the boards of this lab file")
    parser.add_argument(
        "--report", metavar="FILE", type=Path, help="also write all that was seen, to send it on"
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
    import json
    from dataclasses import asdict
    from datetime import UTC, datetime

    from hil import provenance
    from hil.desk import udev
    from hil.desk.doctor import Finding, Grade, Machine, examine
    from hil.desk.states import states
    from hil.errors import HilError
    from hil.flash.process import ProbeProcess
    from hil.lab.file import load_lab
    from hil.reading import read_text

    if options.udev_rules == "-":
        print(udev.rules(), end="")
        return 0
    if options.udev_rules is not None:
        Path(options.udev_rules).write_text(udev.rules(), encoding="utf-8")
        print(f"wrote {options.udev_rules}; now: {udev.RELOAD}")
        return 0
    attached: list[dict[str, object]] = []
    with ProbeProcess() as process:
        try:
            lab = load_lab(options.lab)
            found = examine(Machine(), states(lab.boards, process.attached))
        except HilError as error:
            found = [*examine(Machine(), []), Finding("lab file", Grade.FAULT, str(error), error.remedy)]
        if options.report is not None:
            try:
                attached = [asdict(probe) for probe in process.attached()]
            except HilError as error:
                found.append(Finding("debug probes", Grade.FAULT, str(error), error.remedy))
    width = max(len(one.what) for one in found)
    for one in found:
        remedy = f"; {one.remedy}" if one.remedy else ""
        print(f"{one.grade:7}  {one.what:{width}}  {one.seen}{remedy}")
    if options.report is not None:
        report = {
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": provenance.versions(),
            "findings": [asdict(one) for one in found],
            "attached": attached,
            "lab": read_text(options.lab) if options.lab is not None and options.lab.is_file() else None,
        }
        options.report.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"wrote {options.report}: it names this machine's probes, ports and the lab file")
    return int(any(one.grade is Grade.FAULT for one in found))
