"""`hil nightly`: run the bench, compare with the night before, and keep what was found."""

from __future__ import annotations

import argparse
from pathlib import Path

from hil.collecting import collecting_later
from hil.commands.check import fail_on_argument

HELP = "run the bench, compare it with the runs before, write report and comment: 0 when all is fine"
FAILED = 2  # what goes wrong is no regression


def arguments(parser: argparse.ArgumentParser) -> None:
    """What to run, what to compare with, where to keep it."""
    parser.epilog = (
        "Exit code: 0 fine, 1 worse, 3 no data, 2 for everything else, its own failures included; of several "
        "the first of 1, 2, 3."
    )
    parser.add_argument(
        "bench",
        nargs="*",
        metavar="OPTION",
        help="behind --: options of the bench, as --model='fastgrnn_*' (default: every board, every model)",
    )
    parser.add_argument(
        "--baseline",
        metavar="REF",
        help="as for hil check (default: the newest finished run of the branch, or of the one to merge into)",
    )
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")
    fail_on_argument(parser)
    parser.add_argument("--lab", type=Path, metavar="FILE", help="the lab file, with its thresholds")
    parser.add_argument(
        "--out", type=Path, default=Path("nightly"), metavar="DIR", help="where nights lie; default: nightly"
    )
    parser.add_argument("--keep", type=_count, default=30, metavar="N", help="how many stay; default: 30")
    parser.add_argument(
        "--backup", type=Path, metavar="FILE", help="copy the database there, for CI to keep; one SQLite file"
    )


def run(options: argparse.Namespace) -> int:
    """Print the bench's output, the comparison, and a last line; the exit code is that of the gate."""
    with collecting_later():
        from hil.gate.result import fail_on
        from hil.nightly.night import Options, night

    return night(
        Options(
            folder=Path.cwd(),
            out=options.out,
            keep=options.keep,
            bench=options.bench,
            baseline=options.baseline,
            db=options.db,
            lab=options.lab,
            backup=options.backup,
            fails_on=fail_on(options.fail_on),
        )
    )


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of nights: give one from 1 on")
    return int(text)
