"""`hil export`: stored measures, profiles, incidents or logs, as CSV, JSON or folded stacks."""

from __future__ import annotations

import argparse
import sys

from hil.errors import HilError

HELP = "print stored measures, one row each, stored profiles, incidents or logs"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of which runs, what, in which form, from which database."""
    parser.add_argument(
        "--run",
        default="latest",
        metavar="REF",
        help="a run as `hil check` takes it, or all; default: latest",
    )
    parser.add_argument("--format", choices=("csv", "json"), help="default: csv")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--incidents", action="store_true", help="what failed on the bench itself, and what was done about it"
    )
    what.add_argument("--logs", action="store_true", help="what happened in each session, line by line")
    what.add_argument(
        "--profile",
        choices=("functions", "folded", "classes"),
        help="where the cycles went: by function, as folded stacks for a flame graph, by instruction class",
    )
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")


def run(options: argparse.Namespace) -> int:
    """Print the rows, or the stacks."""
    from hil_db.export import export
    from hil_db.export_incidents import export_incidents
    from hil_db.export_logs import export_logs
    from hil_db.export_profile import export_profile

    if options.profile == "folded" and options.format is not None:
        raise HilError("folded stacks have a form of their own", remedy="leave --format out")
    form = options.format or "csv"
    if options.incidents:
        export_incidents(options.db, options.run, form, sys.stdout)
    elif options.logs:
        export_logs(options.db, options.run, form, sys.stdout)
    elif options.profile is None:
        export(options.db, options.run, form, sys.stdout)
    else:
        export_profile(options.db, options.run, options.profile, form, sys.stdout)
    return 0
