"""The command `hil time`: what a program for the emulated Cortex-M4 costs, estimated without a board."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.errors import ProgramError
from hil.text.progress import waiting
from hil.text.table import table_lines

if TYPE_CHECKING:
    from hil.measure.cycles import RegionCost
    from hil.qemu.standalone import Outcome, Region

_FUNCTIONS_SHOWN = 12
_SECONDS_MOST = 1e6
_WAITS_MOST = 15  # as many as an STM32's ACR.LATENCY can name


def add_parser(commands: Any) -> None:
    """Add the command to the parser of `hil`."""
    parser = commands.add_parser(
        "time",
        help="estimate the Cortex-M4 cycles and the stack of any program for the mps2-an386",
        description="Runs a stand-alone ELF for QEMU's mps2-an386, and estimates its cost on a Cortex-M4. "
        "By semihosting it can print; this machine's files and commands are refused it.",
    )
    parser.add_argument("elf", type=Path, metavar="ELF")
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
    parser.set_defaults(command=_time)


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


def _time(options: argparse.Namespace) -> int:
    from hil.qemu.standalone import Region, run

    if (options.start is None) != (options.end is None) or (options.function and options.start):
        raise ProgramError(
            "the region is not clear",
            remedy="give --function, or --from and --to, or none for the whole program",
        )
    region = Region(options.function, options.start, options.end)
    if options.regions is not None and region.is_whole:
        raise ProgramError(
            "--regions counts parts of a program", remedy="give --function, or --from and --to"
        )
    signal.signal(signal.SIGTERM, _ended)
    with waiting(sys.stderr, f"{options.elf.name} runs") as end_waiting:
        outcome = run(
            options.elf,
            region,
            say=_printer(options.json, end_waiting),
            profile=options.profile or options.folded is not None or options.json,
            wait_states=options.wait_states,
            most=options.regions,
            timeout_s=options.timeout,
            host_access=options.host_access,
        )
    complete = [one for one in outcome.regions if one.complete]
    measured = complete or list(outcome.regions)
    if measured:
        told = _as_json(options, region, outcome, measured)
        # At once: the verdict that follows is of no use where this cannot be written.
        print(json.dumps(told, indent=1) if options.json else "\n".join(_lines(told)), flush=True)
        if options.folded is not None:
            _write_folded(options.folded, measured)
    if outcome.refused:
        print(f"hil: {options.elf.name}: {_refusal(outcome.refused)}", file=sys.stderr)
    return _verdict(options.elf, region, outcome, bool(complete))


def _ended(number: int, frame: object) -> None:
    """SIGTERM ends the command as an error would, with everything undone."""
    sys.exit(128 + number)


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


def _as_json(
    options: argparse.Namespace, region: Region, outcome: Outcome, measured: list[RegionCost]
) -> dict[str, Any]:
    """What was found, as `--json` prints it; the figures are the median region's, the profile is of all."""
    from hil.measure.cycles import calibration, middle, profile
    from hil.measure.profile import functions

    table = calibration()
    one = middle(measured)
    low, high = table.band(one)
    told: dict[str, Any] = {
        "elf": str(options.elf),
        "region": region.title,
        "regions": len(measured),
        "instructions": one.instructions,
        "cycles": {"low": one.low, "nominal": one.nominal, "high": one.high},
        "band": {"low": round(low), "high": round(high)},
        "method": "estimated",
        "technique": table.technique,
        "wait_states": options.wait_states,
        "float_share": round(one.float_share, 4),
        "stack_bytes": one.stack_bytes,
        "stack_exact": one.stack_exact,
        "stacks": [{"top": stack.top, "bytes": stack.bytes} for stack in one.stacks],
        "other_tasks": {
            "instructions": one.other_tasks.instructions,
            "cycles": one.other_tasks.cycles,
            "sure": one.tasks_sure,
        },
        "other_stacks_cycles": one.other_stacks_cycles,
        "sp_read": one.sp_read,
        "unknown_instructions": one.unknown,
        "unknown_example": one.unknown_example,
        "clock": "instructions" if outcome.icount else "not used",
        "reads_dwt": outcome.reads_dwt,
        "refused": list(outcome.refused),
        "trouble": outcome.trouble,
        "exit_code": outcome.exit_code,
        "kinds": [
            {"class": name, "instructions": cost.instructions, "cycles": cost.nominal}
            for name, cost in sorted(one.kinds.items(), key=lambda item: -item[1].nominal)
            if cost.nominal or cost.instructions
        ],
        "all_regions": [
            {"instructions": each.instructions, "cycles": each.nominal, "stack_bytes": each.stack_bytes}
            for each in measured
        ],
    }
    if any(each.paths for each in measured):
        told["functions"] = [
            {
                "function": cost.name,
                "calls": cost.calls,
                "instructions": cost.instructions,
                "own_cycles": cost.own,
                "total_cycles": cost.total,
            }
            for cost in functions(profile(measured, table.technique))
        ]
    return told


def _lines(told: dict[str, Any]) -> list[str]:
    """The report for people."""
    cycles, band = told["cycles"], told["band"]
    of = f"{told['region']}, {told['regions']} times; the median" if told["regions"] > 1 else told["region"]
    below, above = (
        band[end] / cycles["nominal"] - 1 if cycles["nominal"] else 0.0 for end in ("low", "high")
    )
    exactly = "exact" if told["stack_exact"] else "at least"
    if len(told["stacks"]) > 1:
        exactly += f"; the deepest of {len(told['stacks'])} stacks"
    lines = [
        f"region        {of}",
        f"instructions  {told['instructions']:,}  (counted)",
        f"cycles        {cycles['nominal']:,}  (estimated, {told['technique']}, "
        f"wait states {told['wait_states']}; {band['low']:,} to {band['high']:,}, {below:+.0%} {above:+.0%})",
        f"stack         {told['stack_bytes']:,} B  (tracked, {exactly})",
    ]
    lines += _lines_of_tasks(told)
    if told["clock"] == "instructions":
        lines.append(
            "clock         counts instructions, 1 ns each: interrupts come some 60 times more rarely than "
            "on a board, and waiting for a clock or in WFI is not estimated"
        )
    if told["reads_dwt"]:
        lines.append(
            "DWT           the program reads it: its cycle counter CYCCNT stands at 0 in QEMU; "
            "--function, --from and --to count what lies between"
        )
    if told["unknown_instructions"]:
        lines.append(
            f"unknown       {told['unknown_instructions']:,} instructions that the model does not know, "
            f"one cycle each assumed: {told['unknown_example']}"
        )
    lines += [
        "",
        *_table(("class", "instructions", "cycles"), [tuple(kind.values()) for kind in told["kinds"]]),
    ]
    if told.get("functions"):
        shown = told["functions"][:_FUNCTIONS_SHOWN]
        heads = ("function", "calls", "instructions", "own cycles", "with calls")
        if told["regions"] > 1:
            lines += ["", f"all {told['regions']} regions together:"]
        lines += ["", *_table(heads, [tuple(function.values()) for function in shown])]
        if len(told["functions"]) > len(shown):
            lines.append(f"… and {len(told['functions']) - len(shown)} more")
    return lines


def _lines_of_tasks(told: dict[str, Any]) -> list[str]:
    """What other tasks than the region's have to do with its figures."""
    lines = []
    others, strayed = told["other_tasks"], told["other_stacks_cycles"]
    if not others["sure"]:
        lines.append(
            f"other tasks   {others['cycles']:,} cycles passed in what seem to be other tasks, not counted "
            "here; this QEMU does not tell tasks apart (9.0 and newer do)"
        )
    elif others["cycles"]:
        lines.append(f"other tasks   {others['cycles']:,} cycles passed in other tasks, not counted here")
    if strayed:
        lines.append(
            f"other stacks  {strayed / told['cycles']['nominal']:.0%} of the cycles, {strayed:,}, on another "
            "stack than it began on: another task's, perhaps"
        )
    return lines


def _table(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    cells = [[f"{cell:,}" if isinstance(cell, int) else cell for cell in row] for row in rows]
    return table_lines(heads, cells, rule=False)
