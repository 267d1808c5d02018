"""The search finds the first bad commit wherever it is, in as few tests as halving takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from math import ceil, log2

import numpy as np
import pytest

from hil.bisect.search import Search

Parents = dict[str, tuple[str, ...]]


def line(count: int) -> Parents:
    """c1 to cN, one after the other, newest first as git lists them."""
    return {f"c{number}": (f"c{number - 1}",) if number > 1 else () for number in range(count, 0, -1)}


def searched(
    parents: Parents,
    is_bad: Callable[[str], bool],
    skipped: Collection[str] = (),
    likely: Collection[str] = (),
    tests: int | None = None,
) -> tuple[list[str], int]:
    """What is left, and how many were tested for it."""
    search, count = Search(parents, next(iter(parents))), 0
    while (name := search.next((), likely, tests)) is not None:
        count += 1
        tests = None if tests is None else tests - 1
        if name in skipped:
            search.skip(name)
        elif is_bad(name):
            search.bad(name)
        else:
            search.good(name)
    return search.left, count


def histories(parents: Parents) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name in reversed(parents):
        found[name] = {name}.union(*(found[parent] for parent in parents[name]))
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 9, 10, 17, 40])
def test_every_place_in_a_line_is_found_in_as_few_tests_as_there_are(count: int) -> None:
    for first in range(1, count + 1):
        left, tests = searched(line(count), lambda name, first=first: int(name[1:]) >= first)
        assert left == [f"c{first}"]
        assert tests <= ceil(log2(count))


@pytest.mark.parametrize("first", range(1, 10))
def test_nine_commits_take_four_tests_whoever_is_believed_to_be_it(first: int) -> None:
    for believed in range(1, 10):
        left, tests = searched(line(9), lambda name: int(name[1:]) >= first, likely=[f"c{believed}"], tests=4)
        assert left == [f"c{first}"]
        assert tests <= 4


@pytest.mark.parametrize("first", range(1, 10))
def test_a_good_guess_takes_two(first: int) -> None:
    left, tests = searched(line(9), lambda name: int(name[1:]) >= first, likely=[f"c{first}"], tests=5)
    assert left == [f"c{first}"]
    assert tests <= 2


@pytest.mark.parametrize("first", range(1, 11))
def test_what_is_skipped_is_left_beside_the_one_that_it_may_hide(first: int) -> None:
    for skipped in (["c4"], ["c5"], ["c4", "c5", "c6"], ["c1"], ["c9"]):
        left, _ = searched(line(10), lambda name: int(name[1:]) >= first, skipped)
        assert f"c{first}" in left
        hidden = [name for name in left if name in skipped]
        assert len(left) <= len(hidden) + 1, (skipped, left)
        if f"c{first}" not in skipped and f"c{first - 1}" not in skipped:
            assert left == [f"c{first}"]


def test_nothing_can_be_told_where_all_between_is_skipped() -> None:
    left, tests = searched(line(5), lambda name: True, ["c1", "c2", "c3", "c4"])
    assert (left, tests) == (["c5", "c4", "c3", "c2", "c1"], 4)


def test_a_side_branch_is_searched_when_it_brought_it() -> None:
    parents: Parents = {
        "merge": ("main2", "side2"),
        "main2": ("main1",),
        "side2": ("side1",),
        "main1": (),
        "side1": (),
    }
    for first in ("side1", "side2", "main1", "main2", "merge"):
        held = {name for name, history in histories(parents).items() if first in history}
        left, tests = searched(parents, held.__contains__)
        assert left == [first]
        assert tests <= 3


@pytest.mark.parametrize("seed", range(60))
def test_any_commit_of_any_history_is_found(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 30))
    parents: Parents = {f"c{count}": ()}
    names = [f"c{number}" for number in range(1, count + 1)]
    for place in range(count - 1, -1, -1):
        earlier = names[:place]
        many = min(len(earlier), 1 + int(random.random() < 0.4))
        chosen: Sequence[str] = random.choice(earlier, many, replace=False).tolist() if earlier else []
        parents[names[place]] = tuple(chosen)
    inside = histories(parents)
    reached = {name: parents[name] for name in parents if name in inside[names[-1]]}
    for first in reached:
        left, _ = searched(reached, lambda name, first=first: first in inside[name])
        assert left == [first]


def test_a_commit_that_mended_it_clears_what_came_before() -> None:
    search = Search(line(10), "c10")
    search.bad("c3")
    search.good("c6")
    assert search.left == ["c10", "c9", "c8", "c7"]


def test_commits_that_are_no_different_from_a_parent_are_not_counted() -> None:
    search = Search(line(9), "c9")
    idle = [f"c{number}" for number in range(1, 10) if number not in (4, 7)]
    assert search.tests(idle) == 1
    assert search.next(idle) in ("c4", "c5", "c6")


def test_one_commit_alone_needs_no_test() -> None:
    search = Search(line(1), "c1")
    assert (search.next(), search.left, search.tests()) == (None, ["c1"], 0)
