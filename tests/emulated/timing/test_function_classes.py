"""Which instructions each function's cycles go to: they add up to what the function spent itself."""

from __future__ import annotations

from collections import defaultdict

import pytest

from hil.board import open_board
from hil.image import Image, prebuilt_dir
from hil.lab.boards import builtin_lab
from hil.measure.profile import OTHER, functions
from hil.models.vectors import load_vectors
from hil.session import Session, first
from hil.values import Precision

pytestmark = pytest.mark.emulated


def test_the_classes_of_a_function_are_its_own_cycles() -> None:
    image = Image.load(prebuilt_dir("qemu_mps2_an386") / "fastgrnn_digits-f32.elf")
    with open_board(builtin_lab().boards[0]) as board, Session(board, image) as session:
        report = session.measure(first(load_vectors("fastgrnn_digits", Precision.F32), 5))
    assert report.profile is not None
    of: dict[str, dict[str, int]] = defaultdict(dict)
    for one in report.profile.function_classes:
        of[one.function][one.name] = one.cycles
    for cost in functions(report.profile):
        assert sum(of[cost.name].values()) == cost.own
        assert abs(of[cost.name].get(OTHER, 0)) <= 0.2 * cost.own
    assert max(of["hil_project_f32"].items(), key=lambda one: one[1])[0] == "fp multiply-accumulate"
    whole = {one.name: one.cycles for one in report.profile.classes}
    for name in set(whole) - {"exception"}:
        assert sum(held.get(name, 0) for held in of.values()) == pytest.approx(whole[name], rel=0.02, abs=20)
