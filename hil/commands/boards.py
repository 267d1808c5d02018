"""`hil boards`: the boards of a lab file and how each stands."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "list the boards of a lab file: ready, busy by whom, offline and why, quarantined"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The lab file, and how to print."""
    parser.add_argument(
        "--lab", metavar="FILE", type=Path, help="the lab file (default: the lab is one QEMU board)"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of a table")


def run(options: argparse.Namespace) -> int:
    """Print a row for each; 0 whatever their states."""
    import json

    from hil.desk.states import states
    from hil.flash.process import ProbeProcess
    from hil.lab.file import load_lab
    from hil.text.table import table_lines

    lab = load_lab(options.lab)
    with ProbeProcess() as process:
        found = states(lab.boards, process.attached)
    if options.json:
        told = [
            {
                "name": one.spec.name,
                "kind": one.spec.kind.name,
                "state": str(one.state),
                "why": one.why,
                "probe": one.spec.probe,
                "serial": one.spec.serial,
                "link": one.spec.link,
                "power": None if one.spec.power is None else one.spec.power.told,
                "tags": list(one.spec.tags),
            }
            for one in found
        ]
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return 0
    rows = []
    for one in found:
        power = "" if one.spec.power is None else one.spec.power.told
        rows.append([one.spec.name, one.spec.kind.name, power, str(one.state), one.why or ""])
    lines = table_lines(["board", "kind", "power probe", "state", "why"], rows, left=(0, 1, 2, 3, 4))
    print("\n".join(line.rstrip() for line in lines))
    return 0
