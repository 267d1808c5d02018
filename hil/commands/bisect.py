"""`hil bisect`: which commit made a model worse."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from hil.collecting import collecting_later
from hil.escaping import escaped
from hil.text.streams import OutputError

if TYPE_CHECKING:
    from hil.bisect.finding import Seen

HELP = "find the commit that made a model worse: 0 when one is named, 3 when none can be"
FAILED = 2  # what goes wrong is no answer
_SIGNAL = 128


def arguments(parser: argparse.ArgumentParser) -> None:
    """Between which commits, what to measure, and where."""
    parser.description = (
        "Builds and runs the firmware of commits between GOOD and BAD, until one is left that made METRIC "
        "worse. The lab is today's, its firmware and models are the commits': those in the repository here, "
        "in a worktree of its own. Commits whose image is stored, or is another's, are not run again."
    )
    parser.epilog = (
        "Exit code: 0 one commit is named, 3 none can be (it is no worse at BAD, or commits could not be "
        "run), 2 for everything else, its own failures included."
    )
    parser.add_argument("good", metavar="GOOD", help="a commit, branch or tag at which it was fine")
    parser.add_argument("bad", metavar="BAD", help="a later one at which it is worse")
    parser.add_argument(
        "--model", required=True, metavar="NAME[/PRECISION]", help="without one: the precision that got worst"
    )
    parser.add_argument(
        "--metric", required=True, metavar="METRIC", help="such as latency_cycles or flash_bytes"
    )
    parser.add_argument(
        "--models-dir", type=Path, metavar="DIR", help="models of your own, in the repository"
    )
    parser.add_argument("--board", metavar="NAME", help="default: the lab's, where it has one alone")
    parser.add_argument(
        "--lab", type=Path, metavar="FILE", help="the lab file (default: the lab is one QEMU board)"
    )
    parser.add_argument(
        "--db",
        metavar="URL",
        help="where runs are looked for and stored (default: SQLite in the user's data folder)",
    )
    parser.add_argument("--vectors", type=_count, metavar="N", help="only the first N vectors")
    parser.add_argument("--most-vectors", type=_count, metavar="N", help="at most N vectors")
    parser.add_argument(
        "--hang-after",
        type=_seconds,
        metavar="SECONDS",
        help="how long a board may be silent before it hangs",
    )
    parser.add_argument(
        "--repeats",
        type=_count,
        metavar="N",
        help="runs of each commit (default: one, or ten where runs of the same image differ)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, as docs/bisect.md describes it")


def run(options: argparse.Namespace) -> int:
    """Print each commit that was looked at, then what it came to."""
    from hil.bench.ending import Ended, Ending
    from hil.bisect.bisecting import Asked, bisect
    from hil.bisect.telling import json_text, text_lines

    asked = Asked(
        good=options.good,
        bad=options.bad,
        model=options.model,
        metric=options.metric,
        board=options.board,
        lab=options.lab,
        db=options.db,
        models=options.models_dir,
        folder=Path.cwd(),
        command=shlex.join(["hil", *sys.argv[1:]]),
        vectors=options.vectors,
        most_vectors=options.most_vectors,
        hang_after_s=options.hang_after,
        repeats=options.repeats,
    )
    ending = Ending()
    ending.take()
    try:
        with collecting_later(), _Screen(sys.stderr if options.json else sys.stdout) as screen:
            finding = bisect(asked, ending.held, screen)
    except Ended:
        return _SIGNAL + (ending.by or signal.SIGINT)
    finally:
        ending.release()
    with _whoever_reads():
        print(json_text(finding) if options.json else "\n".join(text_lines(finding)), flush=True)
    return finding.code


@contextmanager
def _whoever_reads() -> Iterator[None]:
    """Who reads the first lines alone asks for the exit code still."""
    try:
        yield
    except OutputError as error:
        if not error.reader_gone:
            raise


class _Screen:
    """A line for each commit that was looked at; on a terminal also one that says what is being done."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = sys.stderr.isatty()

    def __enter__(self) -> _Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self._erase()

    def seen(self, seen: Seen) -> None:
        """Those that were run, or could not be; of those that need no run the end tells."""
        from hil.bisect.telling import seen_line

        self._erase()
        with _whoever_reads():
            print(seen_line(seen), file=self._out, flush=True)

    def doing(self, line: str) -> None:
        """What is being done."""
        from hil.text.progress import ERASE

        if self._live:
            sys.stderr.write(ERASE)
            sys.stderr.write(escaped(line))
            sys.stderr.flush()

    def note(self, line: str) -> None:
        """What a compiler warned of."""
        self._erase()
        print(f"hil: {line}", file=sys.stderr)

    def _erase(self) -> None:
        from hil.text.progress import ERASE

        if self._live:
            sys.stderr.write(ERASE)
            sys.stderr.flush()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds
