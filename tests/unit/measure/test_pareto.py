"""Which of several things another is in nothing worse than, and better in something."""

from __future__ import annotations

import itertools
import random

import pytest

from hil.measure.pareto import dominators


def test_what_is_better_in_both_dominates() -> None:
    points = {"a": (1.0, 5.0), "b": (2.0, 6.0), "c": (0.5, 9.0)}
    assert dominators(points, (False, False)) == {"a": [], "b": ["a"], "c": []}


def test_more_may_be_better() -> None:
    points = {"small": (10.0, 0.9), "large": (20.0, 0.95), "worse": (20.0, 0.9)}
    assert dominators(points, (False, True)) == {"small": [], "large": [], "worse": ["small", "large"]}


def test_equal_points_dominate_each_other_not() -> None:
    assert dominators({"a": (1.0, 1.0), "b": (1.0, 1.0)}, (False, False)) == {"a": [], "b": []}


def test_equal_in_one_and_better_in_the_other_dominates() -> None:
    assert dominators({"a": (1.0, 1.0), "b": (1.0, 2.0)}, (False, False)) == {"a": [], "b": ["a"]}


def test_a_third_coordinate_keeps_a_point_on_the_front() -> None:
    points = {"a": (1.0, 1.0, 9.0), "b": (2.0, 2.0, 1.0)}
    assert dominators(points, (False, False, False)) == {"a": [], "b": []}


def test_nothing_has_no_front() -> None:
    assert dominators({}, (False,)) == {}


@pytest.mark.parametrize("seed", range(20))
def test_every_dominated_point_is_dominated_by_one_of_the_front(seed: int) -> None:
    chance = random.Random(seed)
    points = {number: tuple(float(chance.randrange(8)) for _ in range(3)) for number in range(60)}
    found = dominators(points, (False, True, False))
    front = {key for key, better in found.items() if not better}
    assert front
    assert all(front & set(better) for better in found.values() if better)
    for one, other in itertools.permutations(front, 2):
        assert other not in found[one]
