"""`hil dashboard`: the results in the browser."""

from __future__ import annotations

import argparse

from hil.errors import HilError

HELP = "show the results in the browser"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of which database, for whom."""
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")
    parser.add_argument("--host", default="127.0.0.1", help="default: this machine only")
    parser.add_argument("--port", type=int, default=8050, help="default: 8050")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="a name that browsers know it by"
    )


def run(options: argparse.Namespace) -> int:
    """Serve until it is ended; HilError without the extra that brings it."""
    try:
        from hil_dashboards.serve import serve
    except ModuleNotFoundError as error:
        raise HilError(
            "the dashboard is not installed",
            evidence=f"no module {error.name}",
            remedy="pip install 'hil-lab[dashboard]'",
        ) from error

    serve(options.db, options.host, options.port, options.allow_host)
    return 0
