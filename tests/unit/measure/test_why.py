"""What a change is put down to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hil.measure.memory import SymbolUse
from hil.measure.profile import ClassCost, FunctionClass, PathCost, Profile
from hil.measure.why import (
    Part,
    Turned,
    classes_changed,
    classes_of_function,
    functions_changed,
    most_of,
    symbols_changed,
    vectors_turned,
)


def profile(regions: int = 10, /, **own: int) -> Profile:
    """Of functions with so many own cycles in a region, called by `run`, but for what their names say."""
    paths = [
        PathCost(
            ("run",) if name == "run" else ("run", *name.split("__")),
            1,
            cycles * regions // 2,
            cycles * regions,
        )
        for name, cycles in own.items()
    ]
    return Profile(
        "cycle-model-2", regions, tuple(paths), (ClassCost("alu", 1, sum(own.values()) * regions),)
    )


def test_the_function_that_did_most_comes_first() -> None:
    before, after = profile(run=100, a=50, b=70), profile(20, run=100, a=80, b=75)
    assert functions_changed(before, after) == (Part("a", 50, 80), Part("b", 70, 75))
    assert functions_changed(before, after, instructions=True)[0] == Part("a", 25, 40)
    assert functions_changed(before, before) == ()


def test_a_function_on_several_paths_is_one() -> None:
    before, after = profile(run=1, a=10, b__a=10, b=5), profile(run=1, a=10, b__a=30, b=5)
    assert functions_changed(before, after) == (Part("a", 20, 40),)


def test_a_renamed_function_is_compared_with_what_it_was() -> None:
    before, after = profile(run=100, old=50, b=70), profile(run=100, new=60, b=70)
    assert functions_changed(before, after) == (Part("new", 50, 60, was="old"),)


def test_a_function_that_was_inlined_is_compared_with_its_caller() -> None:
    before, after = profile(run=100, small=50), profile(run=160)
    assert functions_changed(before, after) == (Part("run", 150, 160, joined=("small",)),)
    assert functions_changed(after, before) == (Part("run", 160, 150, joined=("small",)),)


def test_what_is_new_or_gone_without_any_kin_says_so() -> None:
    before, after = profile(run=100, old=50), profile(run=100, new=500)
    assert functions_changed(before, after) == (Part("new", 0, 500), Part("old", 50, 0))


def test_classes_of_instructions() -> None:
    assert classes_changed(profile(run=10), profile(20, run=30)) == (Part("alu", 10, 30),)


def test_classes_are_those_of_the_function_that_did_it() -> None:
    def of(regions: int, **own: int) -> Profile:
        classes = [FunctionClass(name, "alu", 10 * regions) for name in own]
        classes += [FunctionClass(name, "load", (cycles - 10) * regions) for name, cycles in own.items()]
        return replace(profile(regions, **own), function_classes=tuple(classes))

    before, after = of(10, run=100, a=50), of(20, run=60, a=80)
    (first, second) = functions_changed(before, after)
    assert most_of((first, second)) == first
    assert classes_of_function(before, after, second) == (Part("load", 40, 70),)
    renamed = Part("a", 100, 80, was="run")
    assert classes_of_function(before, after, renamed) == (Part("load", 90, 70),)
    joined = Part("run", 150, 60, joined=("a",))
    assert classes_of_function(before, of(10, run=60), joined) == (
        Part("load", 130, 50),
        Part("alu", 20, 10),
    )
    assert classes_of_function(profile(run=1), after, first) == ()


def test_symbols_by_what_they_grew() -> None:
    before = [SymbolUse("a", ".text", 100, 0), SymbolUse("s", ".bss", 0, 50), SymbolUse("a", ".rodata", 5, 0)]
    after = [SymbolUse("a", ".text", 120, 0), SymbolUse("s", ".bss", 0, 90), SymbolUse("n", ".text", 60, 0)]
    assert symbols_changed(before, after) == (Part("n", 0, 60), Part("a", 105, 120))
    assert symbols_changed(before, after, ram=True) == (Part("s", 50, 90),)


def test_vectors_that_changed_their_class() -> None:
    before, after = np.array([1, 2, 3], np.uint8), np.array([1, 7, 0], np.uint16)
    assert vectors_turned(before, after) == (Turned(1, 2, 7), Turned(2, 3, 0))
    with pytest.raises(ValueError, match="not pairs"):
        vectors_turned(before, after[:2])
