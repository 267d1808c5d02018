"""How many emulators there are, and in which order they take cases."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from hil import limits
from hil.bench.attempt import Wanted
from hil.bench.order import longest_first
from hil.bench.plan import Case, plan
from hil.bench.pool import EMULATOR_BYTES, sizes
from hil.errors import LabError
from hil.lab.boards import BoardSpec, builtin_lab
from hil.models.catalog import ModelLibrary

QEMU = builtin_lab().boards[0]
LEFT, RIGHT = replace(QEMU, name="left"), replace(QEMU, name="right")
SILICON = BoardSpec("desk", replace(QEMU.kind, emulator=None), "probe", "serial")


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "processors", lambda: 4)
    monkeypatch.setattr(limits, "free_memory", lambda: 64 << 30)


def cases(*boards: BoardSpec, models: str = "fastgrnn_*") -> tuple[Case, ...]:
    return plan(boards, models)


def test_there_are_as_many_as_processors_and_never_more_than_cases() -> None:
    assert sizes([QEMU], cases(QEMU), None) == {"qemu": 4}
    assert sizes([QEMU], cases(QEMU, models="fastgrnn_digits"), None) == {"qemu": 3}
    assert sizes([QEMU], cases(QEMU, models="fastgrnn_digits"), 2) == {"qemu": 2}
    assert sizes([QEMU], cases(QEMU), 500) == {"qemu": 9}


def test_boards_of_several_names_share_the_processors_out() -> None:
    assert sizes([LEFT, RIGHT], cases(LEFT, RIGHT), None) == {"left": 2, "right": 2}
    eight = [replace(QEMU, name=f"board-{number}") for number in range(8)]
    assert set(sizes(eight, cases(*eight), None).values()) == {1}
    alone = replace(LEFT, pool=False)
    assert sizes([alone, RIGHT], cases(alone, RIGHT), 3) == {"left": 1, "right": 3}
    assert sizes([SILICON], cases(SILICON), 3) == {}


def test_short_memory_lowers_the_default_and_refuses_what_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "free_memory", lambda: (300 << 20) + 2 * EMULATOR_BYTES)
    assert sizes([QEMU], cases(QEMU), None) == {"qemu": 2}
    assert sizes([QEMU], cases(QEMU), 2) == {"qemu": 2}
    with pytest.raises(LabError, match=r"--pool=5 takes more memory .*5 emulators .* give --pool=2 or less"):
        sizes([QEMU], cases(QEMU), 5)
    monkeypatch.setattr(limits, "free_memory", lambda: 0)  # one is tried whatever the system says
    assert sizes([QEMU], cases(QEMU), None) == {"qemu": 1}
    assert sizes([QEMU], cases(QEMU), 1) == {"qemu": 1}


def test_the_uarts_case_is_first_and_then_the_longest() -> None:
    wants = {case.image_name: case for case in plan((QEMU,), "fastgrnn_digits,rnnpool_face,perf_vww")}
    order = list(longest_first(wants, Wanted()))
    assert wants[order[0]].over_uart
    assert order[1:4] == ["rnnpool_face/f32", "rnnpool_face/q7", "rnnpool_face/q15"]
    assert order[-1].startswith("perf_vww")
    assert sorted(order) == sorted(wants)


def test_models_of_ones_own_and_broken_ones_have_their_place(tmp_path: Path) -> None:
    own = Path(__file__).parents[3] / "examples" / "own_model" / "models"
    shutil.copytree(own / "nearest", tmp_path / "nearest")
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "model.json").write_text("{")
    chosen = plan((QEMU,), "nearest,cut,rnnpool_face/q15", ModelLibrary(tmp_path))
    wants = {case.image_name: case for case in chosen}
    assert list(longest_first(wants, Wanted())) == ["rnnpool_face/q15", "nearest/q15", "cut"]


@pytest.mark.parametrize(
    ("vectors", "most", "default", "count"),
    [
        (None, None, None, None),
        (None, None, 200, 200),
        (50, None, 8, 50),
        (None, 100, 8, 8),
        (None, 100, 200, 100),
        (None, 100, None, 100),
        (50, 20, 8, 20),
    ],
)
def test_how_many_vectors_are_wanted(
    vectors: int | None, most: int | None, default: int | None, count: int | None
) -> None:
    assert Wanted(vectors, most).count(default) == count
