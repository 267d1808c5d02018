"""The command `hil`: build images, export results, show the dashboard, list what is attached."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from hil.errors import HilError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 when something was found wrong, 2 for unusable arguments."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        code: int = options.command(options)
    except HilError as error:
        print(f"hil: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `hil export | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hil", description="Hardware-in-the-loop lab for TinyML. `pytest --board=all` runs the bench."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    build = commands.add_parser("build", help="build the firmware images, or check the committed ones")
    build.add_argument("models", nargs="*", metavar="MODEL", help="default: all")
    build.add_argument("--precision", metavar="P[,P]", help="f32, q15 (default: all the model has)")
    build.add_argument("--check", action="store_true", help="prove that the images are what the sources give")
    build.set_defaults(command=_build)

    export = commands.add_parser("export", help="print stored measures, one row each")
    export.add_argument("--run", default="latest", metavar="latest|all|ID")
    export.add_argument("--format", choices=("csv", "json"), default="csv")
    export.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")
    export.set_defaults(command=_export)

    dashboard = commands.add_parser("dashboard", help="show the results in the browser")
    dashboard.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")
    dashboard.add_argument("--host", default="127.0.0.1", help="default: this machine only")
    dashboard.add_argument("--port", type=int, default=8050)
    dashboard.set_defaults(command=_dashboard)

    probes = commands.add_parser(
        "probes", help="list attached debug probes and how to add them to a lab file"
    )
    probes.set_defaults(command=_probes)

    models = commands.add_parser("models", help="list the models and their prebuilt images")
    models.set_defaults(command=_models)
    return parser
