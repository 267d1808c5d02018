"""The plug-in's report, read: whole lines alone, and never a damaged one as if it were sound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hil.errors import ProbeError
from hil.image import prebuilt_images
from hil.kinds import KINDS
from hil.measure.cycles import KindCost, StackUse, TaskCost
from hil.measure.elf import load_functions
from hil.measure.profile import PathCost
from hil.qemu.trace import REPORT_NAME, SYMBOLS_NAME, PluginTrace, region_of

IMAGES = prebuilt_images(next(iter(KINDS)))
TOLD: dict[str, Any] = {
    "region": 3,
    "complete": True,
    "sequence": 41,
    "kinds": [["alu", 10, 10, 10, 10], ["load", 2, 3, 4, 5], ["fetch", 0, 1, 1, 1]],
    "instructions": 12,
    "cycles": [14, 15, 16],
    "stack": 48,
    "stack_exact": False,
    "sp_read": True,
    "stack_total": 120,
    "stacks": [[0x20008000, 48], [0x21000100, 16]],
    "other_tasks": [70, 90],
    "tasks_sure": False,
    "other_stacks": 5,
    "unaligned": 1,
    "unknown": 2,
    "unknown_address": 0x1234,
    "unknown_opcode": 0xEE000100,
    "nodes": [
        [-1, "", 0, 0, 0],
        [0, "outer", 1, 5, 6],
        [1, "inner", 2, 4, 5],
        [1, "inner", 1, 3, 4],
        [0, "handler", 0, 0, 0],
    ],
    "functions": [["outer", ["alu", 6]], ["inner", ["alu", 5], ["load", 3]], ["empty"]],
}


def _line(**changed: Any) -> bytes:
    return json.dumps({**TOLD, **changed}).encode() + b"\n"


def test_a_line_is_read_as_it_was_written() -> None:
    region = region_of(_line())
    assert (region.sequence, region.complete, region.instructions) == (41, True, 12)
    assert (region.low, region.nominal, region.high) == (14, 15, 16)
    assert (region.stack_bytes, region.stack_exact, region.stack_total_bytes) == (48, False, 120)
    assert region.sp_read
    assert region.functions == (("outer", "alu", 6), ("inner", "alu", 5), ("inner", "load", 3))
    assert region.stacks == (StackUse(0x20008000, 48), StackUse(0x21000100, 16))
    assert (region.other_tasks, region.tasks_sure, region.other_stacks_cycles) == (TaskCost(70, 90), False, 5)
    assert (region.unknown, region.unknown_example) == (2, "ee00 0100 at 0x00001234")
    assert region.kinds["load"] == KindCost(2, 3, 4, 5)
    # Nodes of one path are one, and what nobody was in is none.
    assert region.paths == (PathCost(("outer",), 1, 5, 6), PathCost(("outer", "inner"), 3, 7, 9))


def test_what_may_be_absent() -> None:
    short = {key: value for key, value in TOLD.items() if key not in ("sequence", "stack_total", "nodes")}
    region = region_of(json.dumps({**short, "unknown": 0}).encode())
    assert (region.sequence, region.stack_total_bytes, region.paths) == (None, None, ())
    assert region.unknown_example is None
    assert region_of(_line(unknown_opcode=0xB650)).unknown_example == "b650 at 0x00001234"


def test_no_part_of_a_line_is_taken_for_one() -> None:
    line = _line().rstrip()
    for end in range(len(line)):
        with pytest.raises(ProbeError, match="report is damaged"):
            region_of(line[:end])


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"null", b"[1, 2]", b'"text"', b"\xff\xfe", b'{"needs": "icount"}'),
        *(_line(cycles=[1, 2]), _line(cycles=7), _line(kinds=[["alu", 1]]), _line(kinds=None)),
        *(_line(nodes=[[5, "orphan", 1, 1, 1]]), _line(nodes=[[0]]), _line(unknown="many")),
    ],
)
def test_a_damaged_line_is_shown(line: bytes) -> None:
    with pytest.raises(ProbeError, match="the timing plug-in's report is damaged") as caught:
        region_of(line)
    assert repr(line[:80]) in str(caught.value)


def test_half_a_line_waits_for_the_rest(tmp_path: Path) -> None:
    trace, report = PluginTrace(tmp_path), tmp_path / REPORT_NAME
    assert trace.take() == []
    first, second = _line(sequence=1), _line(sequence=2)
    report.write_bytes(first + second[:25])
    assert [region.sequence for region in trace.take()] == [1]
    assert trace.take() == []
    with report.open("ab") as file:
        file.write(second[25:] + _line(sequence=3))
    assert [region.sequence for region in trace.take()] == [2, 3]


def test_another_image_begins_anew(tmp_path: Path) -> None:
    trace, report = PluginTrace(tmp_path), tmp_path / REPORT_NAME
    trace.begin(IMAGES[0])
    with report.open("ab") as file:
        file.write(_line(sequence=1) + _line(sequence=2)[:9])
    assert len(trace.take()) == 1
    trace.begin(IMAGES[0])
    assert trace.take() == []
    with report.open("ab") as file:
        file.write(_line(sequence=7))
    assert [region.sequence for region in trace.take()] == [7]


def test_the_symbols_are_those_of_the_image(tmp_path: Path) -> None:
    trace, symbols = PluginTrace(tmp_path), tmp_path / SYMBOLS_NAME
    trace.begin(IMAGES[0])
    before = symbols.stat().st_ino
    rows = [line.split() for line in symbols.read_text().splitlines()]
    functions = [(int(row[1], 16), int(row[2], 16), row[3]) for row in rows if row[0] == "function"]
    assert functions == [(one.address, one.size, one.name) for one in load_functions(IMAGES[0])]
    address = {name: start for start, _, name in functions}
    told = {(row[0], int(row[1], 16)) for row in rows if row[0] != "function"}
    assert ("reset", address["Reset_Handler"]) in told
    assert ("interrupt", address["SysTick_Handler"]) in told
    assert ("handler", address["Fault_Handler"]) in told
    trace.begin(IMAGES[-1])
    assert symbols.stat().st_ino != before  # the plug-in sees another file, even within a clock's tick
    assert {path.name for path in tmp_path.iterdir()} <= {SYMBOLS_NAME, REPORT_NAME}


def test_a_folder_that_takes_no_symbols_is_told_in_a_line() -> None:
    with pytest.raises(ProbeError, match=r"cannot be written .*/proc/self/fdinfo"):
        PluginTrace(Path("/proc/self/fdinfo")).begin(IMAGES[0])
