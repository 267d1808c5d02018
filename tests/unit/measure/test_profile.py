"""Functions and folded stacks are what the call paths add up to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hil.measure.profile import FunctionCost, PathCost, Profile, folded, functions


def profile(*paths: PathCost) -> Profile:
    return Profile("cycle-model-1", 2, paths, ())


def test_a_function_adds_up_over_the_paths_that_reach_it() -> None:
    held = profile(
        PathCost(("run",), 2, 10, 20),
        PathCost(("run", "step"), 16, 100, 150),
        PathCost(("run", "step", "matvec"), 32, 1000, 1600),
        PathCost(("run", "head", "matvec"), 2, 200, 300),
    )
    assert functions(held) == [
        FunctionCost("matvec", 34, 1200, 1900, 1900),
        FunctionCost("step", 16, 100, 150, 1750),
        FunctionCost("run", 2, 10, 20, 2070),
        FunctionCost("head", 0, 0, 0, 300),  # on the way alone
    ]
    assert held.cycles == 2070


def test_a_function_that_calls_itself_counts_once_in_its_total() -> None:
    held = profile(
        PathCost(("f",), 1, 1, 10), PathCost(("f", "f"), 1, 1, 7), PathCost(("f", "g", "f"), 1, 1, 5)
    )
    (f, g) = functions(held)
    assert (f.name, f.calls, f.own, f.total) == ("f", 3, 22, 22)
    assert (g.name, g.own, g.total) == ("g", 0, 5)


def test_functions_of_equal_cost_are_ordered_by_total_then_name() -> None:
    held = profile(PathCost(("b",), 1, 1, 5), PathCost(("a",), 1, 1, 5), PathCost(("c", "d"), 1, 1, 0))
    assert [cost.name for cost in functions(held)] == ["a", "b", "c", "d"]
    deeper = profile(PathCost(("z",), 1, 1, 5), PathCost(("z", "y"), 1, 1, 5))
    assert [cost.name for cost in functions(deeper)] == ["z", "y"]


def test_folded_stacks_are_semicolons_a_space_and_cycles_in_the_paths_order() -> None:
    paths = [
        PathCost(("run", "step"), 8, 90, 150),
        PathCost(("run",), 1, 10, 20),
        PathCost(("a b",), 1, 1, 0),
    ]
    assert folded(paths) == ["a b 0", "run 20", "run;step 150"]


def test_nothing_costs_nothing() -> None:
    assert functions(profile()) == []
    assert folded(()) == []
    assert profile().cycles == 0


NAMES = st.sampled_from("abc")
COUNTS = st.integers(0, 1 << 50)
PATHS = st.dictionaries(st.lists(NAMES, min_size=1, max_size=5).map(tuple), st.tuples(COUNTS, COUNTS, COUNTS))


@given(PATHS)
def test_nothing_is_lost_and_nothing_counted_twice(
    paths: dict[tuple[str, ...], tuple[int, int, int]],
) -> None:
    held = profile(*(PathCost(path, *counts) for path, counts in paths.items()))
    found = functions(held)
    assert sum(cost.own for cost in found) == held.cycles
    assert sum(cost.calls for cost in found) == sum(calls for calls, _, _ in paths.values())
    assert sum(cost.instructions for cost in found) == sum(count for _, count, _ in paths.values())
    assert all(cost.own <= cost.total <= held.cycles for cost in found)
    assert sum(int(line.rpartition(" ")[2]) for line in folded(held.paths)) == held.cycles
