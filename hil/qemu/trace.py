"""What the timing plug-in writes, read: symbols go in, one line of JSON comes out for each region."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from hil.errors import ProbeError, refusal
from hil.files import replace_file
from hil.measure.cycles import KindCost, RegionCost, StackUse, TaskCost, calibration
from hil.measure.elf import load_functions, vector_table
from hil.measure.profile import PathCost
from hil.qemu.runtime import unwritable

REPORT_NAME = "timing.jsonl"
SYMBOLS_NAME = "timing.symbols"


class PluginTrace:
    """The regions of an emulated board's firmware, in its folder."""

    def __init__(self, folder: Path) -> None:
        self._report = folder / REPORT_NAME
        self._symbols = folder / SYMBOLS_NAME
        self._read = 0

    @property
    def technique(self) -> str:
        """The technique of cycles that this trace gives."""
        return calibration().technique

    def begin(self, elf: Path) -> None:
        """Name the functions of the image that runs next, and forget the regions so far."""
        self._read = 0
        try:
            write_symbols(self._symbols, elf)
            with suppress(FileNotFoundError):
                os.truncate(self._report, 0)  # the plug-in appends
        except OSError as error:
            raise unwritable(error) from error

    def take(self) -> list[RegionCost]:
        """The regions that ended since; ProbeError when the report is damaged."""
        try:
            with self._report.open("rb") as report:
                report.seek(self._read)
                fresh = report.read()
        except FileNotFoundError:
            return []
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._read += len(whole)
        return [region_of(line) for line in whole.splitlines()]

    def why_lost(self) -> str | None:
        """Why the report may not hold all of them: its disk is full, or it was removed."""
        folder = self._report.parent
        try:
            full = os.statvfs(folder).f_bavail == 0
        except OSError as error:
            return refusal(error)
        return f"the disk of {folder.parent} is full" if full else None


def write_symbols(path: Path, elf: Path) -> None:
    """Write what hil/qemu/timing/symbols.h reads of an image; the file changes at once, and is a new one.

    An exception also begins at its handler's second instruction: when it comes while QEMU repeats an access
    to a device (`cpu_io_recompile`), no plug-in hears of the first.
    """
    functions = load_functions(elf)
    vectors = vector_table(elf, functions=functions)
    lines = [f"function {one.address:x} {one.size:x} {one.name}" for one in functions]
    for handler in vectors.handlers:
        kind = "interrupt" if handler.interrupt else "handler"
        lines += [f"{kind} {handler.address:x}", f"{kind} {handler.second:x}"]
    if vectors.reset is not None:
        lines.append(f"reset {vectors.reset:x} {vectors.initial_sp:x}")
    replace_file(path, "\n".join([*lines, ""]))


def region_of(line: bytes) -> RegionCost:
    """One line of the report; ProbeError when it is none."""
    try:
        told = json.loads(line)
        low, nominal, high = told["cycles"]
        unknown = int(told["unknown"])
        _check_sums(told)
        return RegionCost(
            sequence=told.get("sequence"),
            complete=told["complete"],
            instructions=told["instructions"],
            low=low,
            nominal=nominal,
            high=high,
            stack_bytes=told["stack"],
            stack_exact=told["stack_exact"],
            sp_read=told["sp_read"],
            stack_total_bytes=told.get("stack_total"),
            stacks=tuple(StackUse(top, size) for top, size in told["stacks"]),
            other_tasks=TaskCost(*told["other_tasks"]),
            tasks_sure=told["tasks_sure"],
            other_stacks_cycles=told["other_stacks"],
            unknown=unknown,
            unknown_example=_opcode(told) if unknown else None,
            kinds={name: KindCost(*numbers) for name, *numbers in told["kinds"]},
            paths=_paths(told.get("nodes", [])),
            functions=tuple(
                (name, kind, cycles) for name, *kinds in told.get("functions", []) for kind, cycles in kinds
            ),
        )
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ProbeError(
            "the timing plug-in's report is damaged",
            evidence=f"{type(error).__name__}: {error} in {line[:80]!r}",
            remedy="check that the disk is not full, and run it again",
        ) from error


def _check_sums(told: dict[str, Any]) -> None:
    """ValueError unless the classes add up to the whole."""
    for place, whole in enumerate([told["instructions"], *told["cycles"]], 1):
        if sum(kind[place] for kind in told["kinds"]) != whole:
            raise ValueError(f"the classes do not add up to {whole}")


def _opcode(told: dict[str, Any]) -> str:
    opcode = told["unknown_opcode"]
    digits = f"{opcode >> 16:04x} {opcode & 0xFFFF:04x}" if opcode > 0xFFFF else f"{opcode:04x}"
    return f"{digits} at {told['unknown_address']:#010x}"


def _paths(nodes: list[list[Any]]) -> tuple[PathCost, ...]:
    """The tree as paths; a node stands after its parent, the root is none. Nodes of one path are summed."""
    names: list[tuple[str, ...]] = []
    sums: dict[tuple[str, ...], list[int]] = {}
    for parent, name, calls, instructions, cycles in nodes:
        path = () if parent < 0 else (*names[parent], name)
        names.append(path)
        if path and (calls or instructions or cycles):
            total = sums.setdefault(path, [0, 0, 0])
            for place, value in enumerate((calls, instructions, cycles)):
                total[place] += value
    return tuple(PathCost(path, *total) for path, total in sums.items())
