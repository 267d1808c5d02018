"""Differences as they are drawn: a colour and a sign for what takes more, and for what takes less."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hil.measure.profile import ClassCost, PathCost, Profile
from hil_dashboards.figures.differences import (
    POINTS_MOST,
    flame_difference,
    memory_difference,
    shade,
    vectors_figure,
)


def parts(figure: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Of each part, by its label, its colour, the word beside it and what is told beside the pointer."""
    (trace,) = figure["data"]
    return {
        label: (colour, word, told)
        for label, colour, word, told in zip(
            trace["labels"], trace["marker"]["colors"], trace["text"], trace["hovertext"], strict=True
        )
    }


def test_symbols_that_grew_are_red_and_those_that_shrank_blue_with_their_bytes() -> None:
    before = {
        (".text", "step"): 1000,
        (".text", "tanh"): 600,
        (".rodata", "weights"): 3000,
        (".text", "old"): 9,
    }
    after = {
        (".text", "step"): 1400,
        (".text", "tanh"): 500,
        (".rodata", "weights"): 3000,
        (".text", "new"): 50,
    }
    found = parts(memory_difference(before, after, "flash"))
    assert found["step"][:2] == (shade(400, 400), "+400 B")
    assert found["tanh"][:2] == (shade(-100, 400), "−100 B")
    assert found["weights"][:2] == (shade(0, 400), "")
    assert found["new"][1] == "+50 B, new"
    assert "+400 B since before" in found["step"][2]
    assert "unchanged" in found["weights"][2]
    assert "Flash 4,950 B (+341 B)" in found
    assert ".text 1,950 B (+341 B)" in found
    assert "old" not in found


def test_small_symbols_together_are_compared_with_the_same_ones_before() -> None:
    after = {(".text", f"f{number:03}"): 1000 - number for number in range(200)}
    before = {place: took - (place[1] == "f199") * 7 for place, took in after.items()}
    found = parts(memory_difference(before, after, "flash"))
    (label,) = (one for one in found if one.endswith("smaller ones)"))
    assert found[label][1] == "+7 B"


def profile(**own: int) -> Profile:
    paths = [PathCost(("run",), 10, 100, 1000)]
    paths += [PathCost(("run", name), 10, cycles, cycles) for name, cycles in own.items()]
    return Profile("cycle-model-1", 10, tuple(paths), (ClassCost("alu", 1, sum(own.values()) + 1000),))


def test_functions_are_coloured_by_their_own_cycles_an_inference() -> None:
    found = parts(
        flame_difference(profile(step=5000, tanh=3000, old=50), profile(step=7000, tanh=2500, late=900))
    )
    assert found["step"][:2] == (shade(200, 200), "+200")
    assert found["tanh"][:2] == (shade(-50, 200), "−50")
    assert found["late"][1] == "new"
    assert "this path is new" in found["late"][2]
    assert found["run"][:2] == (shade(0, 200), "")
    assert "since before ±0 itself, +235 with what it calls" in found["run"][2]
    assert found["inference"][1] == "+235"


def test_vectors_are_drawn_by_their_share_and_marked_which_way_they_went() -> None:
    before = np.array([100.0, 100.0, 0.0, 200.0])
    figure = vectors_figure("latency_cycles", "cycles", before, np.array([150.0, 100.0, 5.0, 100.0]))
    drawn = {trace["name"]: (trace["x"], trace["y"], trace["marker"]["symbol"]) for trace in figure["data"]}
    assert drawn == {
        "more (1)": ([0], [0.5], "triangle-up"),
        "equal (1)": ([1], [0.0], "circle-open"),
        "less (1)": ([3], [-0.5], "triangle-down"),
    }
    assert figure["data"][0]["hovertext"] == ["vector 0: 100 → 150, +50 (+50 %)"]


def test_of_too_many_vectors_those_that_changed_most_are_drawn() -> None:
    before = np.full(POINTS_MOST + 10, 100.0)
    after = before.copy()
    after[-5:] = 101.0
    figure = vectors_figure("latency_cycles", "cycles", before, after)
    assert figure["data"][0]["x"] == list(range(POINTS_MOST + 5, POINTS_MOST + 10))
    assert sum(len(trace["x"]) for trace in figure["data"]) == POINTS_MOST


@pytest.mark.parametrize("more", [-1000, -500, -1, 0, 1, 500, 1000])
def test_white_letters_can_be_read_on_every_shade(more: float) -> None:
    def linear(byte: int) -> float:
        share = byte / 255
        return share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, bytes.fromhex(shade(more, 1000)[1:]))
    contrast = 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    assert contrast >= 4.5
