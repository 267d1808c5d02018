"""`hil models`: what there is to run, and which of it is built."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "list the models and their images"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Whose models beside the lab's."""
    parser.add_argument("--models-dir", type=Path, metavar="DIR", help="models of your own beside the lab's")


def run(options: argparse.Namespace) -> int:
    """Print a table for each kind of board, and why a model cannot be used."""
    from hil.commands.reports.models import kind_lines
    from hil.escaping import escaped
    from hil.kinds import IMAGE_KINDS
    from hil.models.catalog import ModelLibrary

    library = ModelLibrary(options.models_dir)
    specs = library.models()
    print("\n\n".join("\n".join(kind_lines(specs, kind)) for kind in IMAGE_KINDS))
    for broken in library.broken():
        print(f"{escaped(broken.name)}: cannot be used: {broken.reason}")
    return 0
