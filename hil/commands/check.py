"""`hil check`: whether a run is worse than its baseline, by what, and why."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hil.collecting import collecting_later
from hil.text.streams import OutputError

if TYPE_CHECKING:
    from hil.gate.result import Result

HELP = "compare a run with a baseline: 0 when it is fine, 1 when it is worse, 3 when there is no data"
FAILED = 2  # what goes wrong is no regression

_FORMATS = ("text", "json", "junit", "markdown")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which runs, from which database, what to fail on, in which form."""
    parser.epilog = "Exit code: 0 fine, 1 worse, 3 no data, 2 for everything else, its own failures included."
    parser.add_argument(
        "--baseline",
        required=True,
        metavar="REF",
        help="a run's number or UUID, a named baseline, a branch, a tag, a commit, or latest",
    )
    parser.add_argument("--run", default="latest", metavar="REF", help="the run to look at; default: latest")
    parser.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")
    fail_on_argument(parser)
    parser.add_argument("--format", choices=_FORMATS, default="text", help="default: text")
    parser.add_argument(
        "--lab", type=Path, metavar="FILE", help="where thresholds stand (default: in ./pyproject.toml)"
    )


def fail_on_argument(parser: argparse.ArgumentParser) -> None:
    """Which verdicts make the exit code, as hil.gate.result reads them."""
    parser.add_argument(
        "--fail-on",
        default="regression,no-data",
        metavar="WHAT[,WHAT]",
        help="of regression, no-data, not-comparable, new, improvement; or never; "
        "default: regression,no-data",
    )


def run(options: argparse.Namespace) -> int:
    """Print the comparison; the exit code is that of the gate."""
    with collecting_later():
        from hil.gate.checking import check
        from hil.gate.result import fail_on

        what = fail_on(options.fail_on)
        result = check(options.db, options.run, options.baseline, options.lab, Path.cwd(), what)
    try:
        print(_text(result, options.format))
        sys.stdout.flush()
    except OutputError as error:
        if not error.reader_gone:  # who reads the first lines alone asks for the exit code still
            raise
    return result.code


def _text(result: Result, form: str) -> str:
    from hil.gate.data import json_text
    from hil.gate.junit import junit_text
    from hil.gate.markdown import markdown_text
    from hil.gate.text import text_lines

    if form == "text":
        return "\n".join(text_lines(result))
    forms = {"json": json_text, "junit": junit_text, "markdown": markdown_text}
    return forms[form](result).rstrip("\n")
