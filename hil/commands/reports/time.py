"""What `hil time` prints: what a program costs, for programs and for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hil.measure.cycles import RegionCost, calibration, middle, profile
from hil.measure.profile import functions
from hil.qemu.standalone import Outcome, Region
from hil.text.table import table_lines

_FUNCTIONS_SHOWN = 12


def as_told(
    elf: Path, region: Region, outcome: Outcome, measured: list[RegionCost], wait_states: int
) -> dict[str, Any]:
    """What was found, as `--json` prints it; the figures are the median region's, the profile is of all."""
    table = calibration()
    one = middle(measured)
    low, high = table.band(one)
    told: dict[str, Any] = {
        "elf": str(elf),
        "region": region.title,
        "regions": len(measured),
        "instructions": one.instructions,
        "cycles": {"low": one.low, "nominal": one.nominal, "high": one.high},
        "band": {"low": round(low), "high": round(high)},
        "method": "estimated",
        "technique": table.technique,
        "wait_states": wait_states,
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


def report_lines(told: dict[str, Any]) -> list[str]:
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
    lines += ["", *_table(("class", "instructions", "cycles"), told["kinds"])]
    if told.get("functions"):
        shown = told["functions"][:_FUNCTIONS_SHOWN]
        heads = ("function", "calls", "instructions", "own cycles", "with calls")
        if told["regions"] > 1:
            lines += ["", f"all {told['regions']} regions together:"]
        lines += ["", *_table(heads, shown)]
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


def _table(heads: tuple[str, ...], rows: list[dict[str, Any]]) -> list[str]:
    cells = [[f"{cell:,}" if isinstance(cell, int) else cell for cell in row.values()] for row in rows]
    return table_lines(heads, cells, rule=False)
