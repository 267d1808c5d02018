"""Where boxes of a treemap and frames of a flame graph lie."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.measure.flame import frames, gone
from hil.measure.profile import ClassCost, PathCost, Profile
from hil.measure.treemap import Box, squarified

SIZES = st.lists(st.integers(1, 10**6), min_size=1, max_size=40).map(lambda sizes: sorted(sizes)[::-1])


def profile(*paths: tuple[str, int], regions: int = 1) -> Profile:
    costs = tuple(PathCost(tuple(path.split(";")), 1, cycles, cycles) for path, cycles in paths)
    return Profile("cycle-model-2", regions, costs, (ClassCost("alu", 1, 1),))


@given(SIZES, st.floats(10, 2000), st.floats(10, 2000))
def test_boxes_fill_the_whole_in_proportion_and_apart(sizes: list[int], width: float, height: float) -> None:
    boxes = squarified(sizes, Box(3.0, 5.0, width, height))
    whole = width * height
    for size, box in zip(sizes, boxes, strict=True):
        assert box.width * box.height == pytest.approx(whole * size / sum(sizes), rel=1e-6)
        assert box.x >= 3 - 1e-6
        assert box.y >= 5 - 1e-6
        assert box.x + box.width <= 3 + width * (1 + 1e-6)
        assert box.y + box.height <= 5 + height * (1 + 1e-6)
    for one, other in combinations(boxes, 2):
        across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
        down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
        assert min(across, down) <= 1e-6 * (width + height)


def test_boxes_of_like_sizes_are_no_slivers() -> None:
    boxes = squarified([6, 6, 4, 3, 2, 2, 1], Box(0, 0, 600, 400))
    assert max(max(box.width / box.height, box.height / box.width) for box in boxes) < 3


@pytest.mark.parametrize("within", [Box(0, 0, 0, 100), Box(0, 0, 100, 0)])
def test_nothing_fits_into_no_room(within: Box) -> None:
    assert all(box.width == box.height == 0 for box in squarified([3, 2], within))


def test_frames_lie_within_their_callers_and_beside_each_other() -> None:
    found = frames(profile(("a", 10), ("a;b", 60), ("a;b;c", 10), ("a;d", 20)))
    at = {frame.path: frame for frame in found}
    assert [frame.path for frame in found] == [("a",), ("a", "b"), ("a", "b", "c"), ("a", "d")]
    assert [(round(one.start, 6), round(one.width, 6), one.depth) for one in found] == [
        (0.0, 1.0, 0),
        (0.0, 0.7, 1),
        (0.0, 0.1, 2),
        (0.7, 0.2, 1),
    ]
    assert (at["a", "b"].own, at["a", "b"].total) == (60, 70)


def test_a_caller_without_a_cost_of_its_own_has_a_frame() -> None:
    found = frames(profile(("a;b", 30), ("z", 10)))
    assert [(one.path, one.width) for one in found] == [(("a",), 0.75), (("a", "b"), 0.75), (("z",), 0.25)]


def test_a_function_that_calls_itself_has_a_frame_a_call() -> None:
    found = frames(profile(("a", 10), ("a;a", 10), ("a;a;a", 20)))
    assert [(one.depth, one.width) for one in found] == [(0, 1.0), (1, 0.75), (2, 0.5)]


def test_a_difference_is_of_an_inference_whatever_the_number_of_them() -> None:
    before, now = profile(("a", 100), ("a;b", 300), regions=10), profile(("a", 20), ("a;c", 70), regions=2)
    found = {frame.path[-1]: frame for frame in frames(now, before)}
    assert (found["a"].more, found["c"].more) == (0, 35)
    assert (found["a"].total_before, found["c"].total_before) == (40, 0)
    assert gone(now, before) == ((("a", "b"), 30.0),)


def test_a_profile_without_cycles_has_no_frames() -> None:
    assert frames(profile(("a", 0))) == ()
