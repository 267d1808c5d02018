"""`hil db prune`: old runs, or their raw samples."""

from __future__ import annotations

import argparse
import re

from hil.errors import HilError

HELP = "delete old runs, or their raw samples; those of baselines stay"

_NAMED = 8  # so many runs are named


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stays, and whether to do it."""
    parser.add_argument("--keep-runs", type=_count, metavar="N", help="the newest N runs stay")
    parser.add_argument("--older-than", type=_days, metavar="DAYS", help="younger runs stay, as 90d")
    parser.add_argument("--samples-only", action="store_true", help="delete raw samples and keep the rest")
    parser.add_argument("--yes", action="store_true", help="do it; without this, only say what would go")
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")


def run(options: argparse.Namespace) -> int:
    """Print what goes; with neither limit nothing is chosen, which is an error."""
    from hil_db.pruning import Limits, prune

    if options.keep_runs is None and options.older_than is None:
        raise HilError("nothing says which runs are old", remedy="give --keep-runs, --older-than, or both")
    limits = Limits(options.keep_runs, options.older_than, options.samples_only)
    found = prune(options.db, limits, really=options.yes)
    what = (
        f"raw samples of {_counted(len(found.runs), 'run')}"
        if limits.samples_only
        else _counted(len(found.runs), "run")
    )
    named = ", ".join(map(str, found.runs[:_NAMED])) + (", …" if len(found.runs) > _NAMED else "")
    verb = "deleted" if options.yes else "would delete"
    size = f"{_counted(found.sessions, 'session')}, {found.sample_bytes:,} B of samples"
    print(f"{found.place}: {verb} {what}" + (f" ({named}): {size}" if found.runs else ""))
    if found.kept:
        print(f"kept for baselines: {', '.join(found.kept)}")
    if found.runs and not options.yes:
        print("add --yes to do it")
    return 0


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' if count != 1 else ''}"


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of runs")
    return int(text)


def _days(text: str) -> float:
    found = re.fullmatch(r"(\d{1,5}(?:\.\d+)?)d?", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days, as 90d")
    return float(found[1])
