"""Treemaps of memory and icicles of cycles: parts add up to what they are within."""

from __future__ import annotations

from collections import Counter

import pytest

from hil.measure.memory import SymbolUse
from hil.measure.profile import PathCost, Profile
from hil_dashboards.figures.flame import WHOLE, flame_figure, flame_nodes, totals
from hil_dashboards.figures.memory import memory_figure, memory_nodes, sizes
from hil_dashboards.figures.tree import Node

SYMBOLS = (
    SymbolUse("weights", ".rodata", 6000, 0),
    SymbolUse("state", ".data", 40, 40),
    SymbolUse("run", ".text", 300, 0),
    SymbolUse("run", ".text", 200, 0),  # a static function of another file
    SymbolUse("arena", ".bss", 0, 4096),
)
PROFILE = Profile(
    "cycle-model-2",
    10,
    (
        PathCost(("infer",), 10, 50, 100),
        PathCost(("infer", "run"), 10, 50, 300),
        PathCost(("infer", "run", "step"), 80, 400, 600),
        PathCost(("infer", "step"), 10, 1, 1),
    ),
    (),
)


def held(nodes: list[Node]) -> dict[str, int]:
    return {node.id: node.value for node in nodes}


def assert_adds_up(nodes: list[Node]) -> None:
    """Plotly draws nothing of a tree whose parts take more than what they are within."""
    values, parts = held(nodes), Counter[str]()
    assert len(values) == len(nodes)
    for node in nodes[1:]:
        parts[node.parent] += node.value
    assert nodes[0].parent == ""
    assert all(parts[node] <= values[node] for node in parts)


def test_flash_by_section_and_symbol() -> None:
    nodes = memory_nodes(sizes(SYMBOLS, "flash"), "Flash")
    assert held(nodes) == {
        "Flash": 6540,
        "Flash/.rodata": 6000,
        "Flash/.rodata/weights": 6000,
        "Flash/.text": 500,
        "Flash/.text/run": 500,
        "Flash/.data": 40,
        "Flash/.data/state": 40,
    }
    assert_adds_up(nodes)
    assert nodes[2].told == ("weights", "6,000 B in .rodata", "91.7 % of the whole")


def test_ram_has_no_part_that_takes_none_of_it() -> None:
    assert sizes(SYMBOLS, "ram") == {(".bss", "arena"): 4096, (".data", "state"): 40}


def test_the_smallest_of_many_symbols_are_one_part_of_their_section() -> None:
    many = [SymbolUse(f"f{place}", ".text", 1000 - place, 0) for place in range(400)]
    nodes = memory_nodes(sizes(many, "flash"), "Flash")
    assert len(nodes) < 160
    assert nodes[-1].label == "(250 smaller ones)"
    assert nodes[-1].value == sum(one.flash_bytes for one in many[150:])
    assert_adds_up(nodes)


def test_a_figure_holds_names_as_text() -> None:
    figure = memory_figure((SymbolUse("<b>x", ".text", 8, 0),), "flash")
    assert figure["data"][0]["labels"] == ["Flash", ".text", "&lt;b&gt;x"]
    assert figure["data"][0]["values"] == [8, 8, 8]


def test_no_symbols_are_an_empty_whole() -> None:
    assert held(memory_nodes({}, "RAM")) == {"RAM": 0}


def test_totals_hold_what_a_function_calls() -> None:
    assert totals(PROFILE) == {
        (): 1001,
        ("infer",): 1001,
        ("infer", "run"): 900,
        ("infer", "run", "step"): 600,
        ("infer", "step"): 1,
    }


def test_call_paths_stand_below_each_other() -> None:
    nodes = flame_nodes(PROFILE)
    assert held(nodes) == {WHOLE: 1001, "infer": 1001, "infer;run": 900, "infer;run;step": 600}
    assert_adds_up(nodes)
    assert nodes[0].told == ("inference", "100 cycles per inference")
    assert nodes[2].told == (
        "run",
        "90 cycles per inference with what it calls, 89.9 %",
        "30 of them its own",
        "calls per inference: 1; its own instructions: 5",
    )


def test_a_path_that_has_no_cost_of_its_own_is_there() -> None:
    nodes = flame_nodes(Profile("t", 1, (PathCost(("a", "b"), 1, 1, 1),), ()))
    assert held(nodes) == {WHOLE: 1, "a": 1, "a;b": 1}


@pytest.mark.parametrize("paths", [(), (PathCost(("a",), 1, 0, 0),)])
def test_a_profile_without_cycles_is_an_empty_whole(paths: tuple[PathCost, ...]) -> None:
    assert flame_figure(Profile("t", 1, paths, ()))["data"][0]["values"] == [0]
