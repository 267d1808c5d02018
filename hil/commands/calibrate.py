"""`hil calibrate`: cycles that a board measured beside those that the model estimates of the same image."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hil.errors import CalibrationError

if TYPE_CHECKING:
    from hil.calibration.points import Point

HELP = "put a board's measured cycles and the model's estimates of the same images side by side"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which sessions, which files, and where to write the points."""
    parser.description = (
        "Of each image that a board measured its newest session, beside the newest estimate of the same "
        "bytes over the same vectors. With FILEs and without --board it shows what is in them alone."
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="points of other benches to take in, as --out writes",
    )
    parser.add_argument(
        "--board", metavar="NAME[,NAME]", help="the boards that measured; without it and FILEs all that did"
    )
    parser.add_argument(
        "--against", metavar="NAME", help="the board that estimated; without it whichever did"
    )
    parser.add_argument(
        "--run", default="all", metavar="REF", help="of which run the measured sessions are; default: all"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write the points; a file that is there gets more"
    )
    parser.add_argument("--force", action="store_true", help="with --out: write over what is there")
    parser.add_argument(
        "--markdown", action="store_true", help="print one row for each kind of points, for pages"
    )
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")


def run(options: argparse.Namespace) -> int:
    """Print both sides of every point, and write the points; 1 when an image has no partner."""
    from hil.calibration.file import read_points
    from hil.calibration.pairing import stored_pairs
    from hil.calibration.points import merged
    from hil.calibration.told import markdown_lines, table_lines

    if options.force and options.out is None:
        raise CalibrationError("--force is of --out", remedy="name the file with --out")
    files = [read_points(path) for path in options.files]
    alone: tuple[str, ...] = ()
    if options.board is not None or not options.files:
        pairs = stored_pairs(options.db, options.board, options.against, options.run)
        files.append(pairs.points)
        alone = pairs.alone
    points = merged(*files)
    lines = markdown_lines(points) if options.markdown else table_lines(points)
    if alone:
        lines += ["", *alone] if lines else alone
    print("\n".join(lines))
    if options.out is not None:
        print(_write(options.out, points, options.force))
    return int(bool(alone))


def _write(path: Path, points: tuple[Point, ...], force: bool) -> str:
    """Extend the file, or write over it with ``force``; what was done."""
    from hil.calibration.file import read_points, write_points
    from hil.calibration.points import merged

    if not points:
        return f"wrote nothing to {path}: there is no point"
    extended = path.exists() and not force
    held = read_points(path) if extended else ()
    every = merged(held, points)
    write_points(path, every)
    more = f", {len(every) - len(held)} of them new" if extended else ""
    return f"wrote {path}: {len(every)} point{'s' if len(every) != 1 else ''}{more}"
