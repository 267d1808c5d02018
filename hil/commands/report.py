"""`hil report`: one file on one run, for people and for a build's artefacts."""

from __future__ import annotations

import argparse
from pathlib import Path

from hil.collecting import collecting_later

HELP = "write a report on a run as one HTML file: verdicts, series, memory maps, flame graphs"
FAILED = 2  # as of `hil check`: it cannot be taken for a regression


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, against which, from which database, into which file."""
    parser.epilog = "Exit code: 0 when the file was written, whatever it says; 2 when it was not."
    parser.add_argument("--run", default="latest", metavar="REF", help="the run to show; default: latest")
    parser.add_argument(
        "--baseline",
        metavar="REF",
        help="what it is compared with, as of hil check; default: the finished run before it on its branch",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the file, replaced if there")
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")
    parser.add_argument(
        "--lab", type=Path, metavar="FILE", help="where thresholds stand (default: in ./pyproject.toml)"
    )


def run(options: argparse.Namespace) -> int:
    """Write it and say where it is."""
    with collecting_later():
        from hil.report.writing import write_report

        path = write_report(options.db, options.run, options.baseline, options.out, lab=options.lab)
    print(f"{path}: {path.stat().st_size:,} bytes")
    return 0
