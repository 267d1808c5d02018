"""`hil time`: what a program for the emulated Cortex-M4 costs, estimated without a board."""

from __future__ import annotations

import argparse
import signal
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hil.errors import ProgramError

if TYPE_CHECKING:
    from hil.bench.ending import Ending
    from hil.measure.cycles import RegionCost
    from hil.qemu.standalone import Outcome, Region

HELP = "estimate the Cortex-M4 cycles and the stack of any program for the mps2-an386"
_SECONDS_MOST = 1e6
_WAITS_MOST = 15  # as many as an STM32's ACR.LATENCY can name


def arguments(parser: argparse.ArgumentParser) -> None:
    """The program, what of it to measure, and how to tell it."""
    parser.description = (
        "Runs a stand-alone ELF for QEMU's mps2-an386, and estimates its cost on a Cortex-M4. "
        "By semihosting it can print; this machine's files and commands are refused it."
    )
    parser.add_argument("elf", type=Path, metavar="ELF", help="a stand-alone program")
    parser.add_argument("--function", metavar="SYMBOL", help="measure each call of this function")
    parser.add_argument("--from", dest="start", metavar="SYMBOL", help="measure from here …")
    parser.add_argument("--to", dest="end", metavar="SYMBOL", help="… to here")
    parser.add_argument("--profile", action="store_true", help="show what each function costs")
    parser.add_argument("--folded", type=Path, metavar="FILE", help="write call paths for a flame graph")
    parser.add_argument(
        "--json", action="store_true", help="print JSON; what the program prints goes to stderr"
    )
    parser.add_argument("--regions", type=_count, metavar="N", help="end after N regions")
    parser.add_argument("--wait-states", type=_waits, default=0, metavar="N", help="of flash (default: 0)")
    parser.add_argument(
        "--host-access",
        action="store_true",
        help="let the program read and write files and run commands on this machine, by semihosting",
    )
    parser.add_argument("--timeout", type=_seconds, default=120.0, metavar="S", help="seconds (default: 120)")


def _number(text: str, least: float, most: float, kind: type[int] | type[float]) -> float:
    """A number of the command line; argparse's error says what it may be when it is none or out of range."""
    try:
        number = kind(text)
    except ValueError:
        number = most + 1
    if not least <= number <= most:
        what = "a whole number" if kind is int else "a number"
        raise argparse.ArgumentTypeError(f"{text!r} is not {what} from {least:,} to {most:,}")
    return number


def _count(text: str) -> int:
    return int(_number(text, 1, 1_000_000, int))


def _waits(text: str) -> int:
    return int(_number(text, 0, _WAITS_MOST, int))


def _seconds(text: str) -> float:
    return _number(text, 0.001, _SECONDS_MOST, float)


def run(options: argparse.Namespace) -> int:
    """Print what the program prints and what it costs; 1 where it did not end as it should."""
    import json

    from hil.commands.reports.time import as_told, report_lines
    from hil.qemu import standalone
    from hil.text.progress import waiting

    if (options.start is None) != (options.end is None) or (options.function and options.start):
        raise ProgramError(
            "the region is not clear",
            remedy="give --function, or --from and --to, or none for the whole program",
        )
    region = standalone.Region(options.function, options.start, options.end)
    if options.regions is not None and region.is_whole:
        raise ProgramError(
            "--regions counts parts of a program", remedy="give --function, or --from and --to"
        )
    with _ending() as ending, waiting(sys.stderr, f"{options.elf.name} runs") as end_waiting:
        outcome = standalone.run(
            options.elf,
            region,
            say=_printer(options.json, end_waiting),
            profile=options.profile or options.folded is not None or options.json,
            wait_states=options.wait_states,
            most=options.regions,
            timeout_s=options.timeout,
            host_access=options.host_access,
            held=ending.held,
        )
    complete = [one for one in outcome.regions if one.complete]
    measured = complete or list(outcome.regions)
    if measured:
        told = as_told(options.elf, region, outcome, measured, options.wait_states)
        # At once: the verdict that follows is of no use where this cannot be written.
        print(json.dumps(told, indent=1) if options.json else "\n".join(report_lines(told)), flush=True)
        if options.folded is not None:
            _write_folded(options.folded, measured)
    if outcome.refused:
        print(f"hil: {options.elf.name}: {_refusal(outcome.refused)}", file=sys.stderr)
    return _verdict(options.elf, region, outcome, bool(complete))


@contextmanager
def _ending() -> Iterator[Ending]:
    """Inside, SIGTERM, too, ends the command as an error would, with everything undone."""
    from hil.bench.ending import Ended, Ending

    ending = Ending()
    ending.take()
    try:
        yield ending
    except Ended:
        if ending.by is None or ending.by is signal.SIGINT:
            raise
        sys.exit(128 + ending.by)
    finally:
        ending.release()


def _verdict(elf: Path, region: Region, outcome: Outcome, complete: bool) -> int:
    """0 when all went well; otherwise a line that says what did not, and 1."""
    problem = None
    if outcome.trouble is not None:
        problem = outcome.trouble
        if region.is_whole and "did not end" in problem:
            problem += "; --function, --from and --to measure a part of it, --regions ends it then"
    elif outcome.exit_code:
        problem = f"it ended with exit code {outcome.exit_code}"
    elif not complete:
        problem = f"{region.title} was never " + ("left" if outcome.regions else "reached")
    if problem is None:
        return 0
    print(f"hil: {elf.name}: {problem}", file=sys.stderr)
    return 1


def _refusal(refused: tuple[str, ...]) -> str:
    first, more = refused[0], len(refused) - 1
    others = f" and {more} more (--json lists them)" if more else ""
    return f"it was not let {first}{others} on this machine; --host-access lets it"


def _printer(to_stderr: bool, first: Callable[[], None]) -> Callable[[bytes], object]:
    """What hands on the program's bytes; ``first`` clears the screen for them."""
    stream = sys.stderr if to_stderr else sys.stdout
    decoder = getincrementaldecoder("utf-8")("backslashreplace")

    def say(data: bytes) -> None:
        first()
        stream.buffer.write(data)
        stream.buffer.flush()

    def show(data: bytes) -> None:
        first()
        stream.write(decoder.decode(data))  # what would steer the terminal is escaped there
        stream.flush()

    return show if stream.isatty() else say


def _write_folded(path: Path, regions: list[RegionCost]) -> None:
    from hil.measure.cycles import calibration, profile
    from hil.measure.profile import folded

    lines = folded(profile(regions, calibration().technique).paths)
    try:
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    except OSError as error:
        raise ProgramError(f"{path} cannot be written", evidence=str(error.strerror)) from error
