"""`hil db prune`: old runs, or their raw samples or power traces."""

from __future__ import annotations

import argparse
import re

from hil.errors import HilError

HELP = "delete old runs, or their raw samples or power traces; those of baselines stay"

_NAMED = 8  # so many runs are named


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stays, and whether to do it."""
    parser.add_argument("--keep-runs", type=_count, metavar="N", help="the newest N runs stay")
    parser.add_argument("--older-than", type=_days, metavar="DAYS", help="younger runs stay, as 90d")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--samples-only", action="store_true", help="delete raw samples and keep the rest")
    only.add_argument("--traces-only", action="store_true", help="delete power traces and keep the rest")
    parser.add_argument(
        "--traces-most",
        type=_size,
        metavar="SIZE",
        help="delete power traces alone, of the oldest runs first, until all take at most SIZE, as 2G",
    )
    parser.add_argument("--yes", action="store_true", help="do it; without this, only say what would go")
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")


def run(options: argparse.Namespace) -> int:
    """Print what goes; with no limit nothing is chosen, which is an error."""
    from hil_db.pruning import Limits, prune
    from hil_db.shelf import size_text

    most = options.traces_most
    if options.keep_runs is None and options.older_than is None and most is None:
        raise HilError(
            "nothing says which runs are old",
            remedy="give --keep-runs, --older-than, or both; or how much traces may take: --traces-most",
        )
    if options.samples_only and most is not None:
        raise HilError("--samples-only leaves traces", remedy="give --traces-most in a call of its own")
    traces_only = options.traces_only or most is not None
    limits = Limits(options.keep_runs, options.older_than, options.samples_only, traces_only, most or 0)
    found = prune(options.db, limits, really=options.yes)
    what = _counted(len(found.runs), "run")
    size = f"{_counted(found.sessions, 'session')}, {found.sample_bytes:,} B of samples"
    traces = f"{_counted(found.traces, 'power trace')}, {size_text(found.trace_bytes)}"
    if limits.samples_only:
        what = f"raw samples of {what}"
    elif limits.traces_only:
        what, size = f"power traces of {what}", f"{traces}; {size_text(found.left_bytes)} stay"
    elif found.traces:
        size += f", {traces}"
    named = ", ".join(map(str, found.runs[:_NAMED])) + (", …" if len(found.runs) > _NAMED else "")
    verb = "deleted" if options.yes else "would delete"
    print(f"{found.place}: {verb} {what}" + (f" ({named}): {size}" if found.runs else ""))
    if most is not None and found.left_bytes > most:
        print(f"more than {size_text(most)} stay: traces of runs that are kept")
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


def _size(text: str) -> int:
    from hil_db.shelf import size

    try:
        return size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _days(text: str) -> float:
    found = re.fullmatch(r"(\d{1,5}(?:\.\d+)?)d?", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days, as 90d")
    return float(found[1])
