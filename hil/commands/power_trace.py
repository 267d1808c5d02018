"""`hil power trace`: what power probes saw in stored sessions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hil.errors import PowerProbeError

if TYPE_CHECKING:
    from hil_db.shelf import Shelf
    from hil_db.traced import StoredPass

HELP = "list the power traces of a run, or write one as CSV or Parquet"

_NAMED = 8  # passes that an error names


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of which run or session, which pass of it, to where."""
    parser.add_argument(
        "run", nargs="?", default="latest", metavar="RUN", help="as `hil check` takes it; default: latest"
    )
    parser.add_argument(
        "--session", type=int, metavar="N", help="of one session, by its number in the list, whatever run"
    )
    parser.add_argument("--pass", type=int, dest="number", metavar="N", help="one pass, from 0")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the trace, as .csv or .parquet")
    parser.add_argument(
        "--raw", action="store_true", help="as it is kept: the probe's own words, which only the lab reads"
    )
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")


def run(options: argparse.Namespace) -> int:
    """Print a line for each pass, or write the one that is chosen."""
    from hil_db.traced import chosen

    out: Path | None = options.out
    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise PowerProbeError(f"{out} ends neither in .csv nor in .parquet", remedy="name another file")
    if options.raw and (out is None or out.suffix != ".parquet"):
        raise PowerProbeError("what is kept is Parquet", remedy="name a file that ends in .parquet by --out")
    with chosen(options.db, options.run, options.session) as (shelf, passes):
        held = [one for one in passes if options.number in (None, one.number)]
        if out is not None:
            print(_write(shelf, _only(held), out, options.raw))
        else:
            print("\n".join(_lines(shelf, held)))
    return 0


def _only(held: list[StoredPass]) -> StoredPass:
    if len(held) == 1:
        return held[0]
    if not held:
        raise PowerProbeError("no power probe saw any of these sessions", remedy="see `hil power trace`")
    names = ", ".join(f"session {one.session} pass {one.number}" for one in held[:_NAMED])
    raise PowerProbeError(
        f"{len(held)} passes are chosen",
        evidence=names + (", …" if len(held) > _NAMED else ""),
        remedy="choose one with --session and --pass",
    )


def _write(shelf: Shelf, one: StoredPass, out: Path, raw: bool) -> str:
    from hil.power.files import save, save_csv, save_samples
    from hil_db.traced import trace_of

    trace = trace_of(shelf, one)
    if out.suffix == ".csv":
        save_csv(trace, out)
    elif raw:
        save(trace, out)
    else:
        save_samples(trace, out)
    return f"{out}: {one.name}: {len(trace):,} samples, {trace.seconds:.3f} s at {trace.supply_v:g} V"


def _lines(shelf: Shelf, passes: list[StoredPass]) -> list[str]:
    from hil.text.table import table_lines

    if not passes:
        return ["no power probe saw any of these sessions"]
    heads = ("run", "session", "pass", "board", "model", "seconds", "windows", "trace")
    rows = [
        (
            str(one.run),
            str(one.session),
            str(one.number),
            one.board,
            f"{one.model}/{one.precision}",
            f"{one.seconds:.3f}",
            f"{one.valid} of {len(one.windows)} count",
            _state(shelf, one),
        )
        for one in passes
    ]
    return table_lines(heads, rows, left=(3, 4, 7))


def _state(shelf: Shelf, one: StoredPass) -> str:
    from hil_db.shelf import size_text

    if one.trace is None or one.bytes is None:
        return f"none: {one.untraced}"
    if shelf.traces is None or not shelf.traces.path(one.trace).exists():
        return f"missing: {shelf.traces.path(one.trace) if shelf.traces is not None else shelf.missing}"
    return f"{size_text(one.bytes)}, {one.driver}"
