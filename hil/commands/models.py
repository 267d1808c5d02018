"""`hil models`: what there is to run, and which of it is built."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "list the models and their images"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Whose models beside the lab's, and what of their images to show."""
    from hil.kinds import IMAGE_KINDS

    parser.add_argument("--models-dir", type=Path, metavar="DIR", help="models of your own beside the lab's")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--kind", choices=IMAGE_KINDS, default=IMAGE_KINDS[0], help="for which boards")
    shown.add_argument(
        "--sizes", action="store_true", help="flash and RAM of each image, for all kinds side by side"
    )


def run(options: argparse.Namespace) -> int:
    """Print a table of models, or of sizes, and why a model cannot be used."""
    from hil.commands.reports.models import kind_lines, size_lines
    from hil.escaping import escaped
    from hil.models.catalog import ModelLibrary

    library = ModelLibrary(options.models_dir)
    specs = library.models()
    print("\n".join(size_lines(specs) if options.sizes else kind_lines(specs, options.kind)))
    for broken in library.broken():
        print(f"{escaped(broken.name)}: cannot be used: {broken.reason}")
    return 0
