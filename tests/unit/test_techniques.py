"""Every technique that the code obtains a value by is explained; found by reading the code itself."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import hil
from hil.kinds import KINDS
from hil.measure.accuracy import golden_exact
from hil.measure.cycles import calibration
from hil.metrics import METRICS
from hil.techniques import TECHNIQUES, technique_of

CODE = sorted(Path(hil.__file__).parent.rglob("*.py"))


def literals(tree: ast.AST) -> set[str]:
    """Texts that stand as the technique of ``metric.measure(value, method, technique)`` and its like."""
    found = set()
    for call in (one for one in ast.walk(tree) if isinstance(one, ast.Call)):
        named = getattr(call.func, "attr", getattr(call.func, "id", ""))
        given = [one.value for one in call.keywords if one.arg == "technique"]
        if named in ("measure", "samples"):
            given += call.args[2:3]
        found |= {one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return found


def test_what_the_code_says_is_explained() -> None:
    said = set().union(*(literals(ast.parse(path.read_text())) for path in CODE))
    assert {"labels", "elf", "painted", "link", "host-clock", "dwt", "timer"} <= said, "the code is read"
    said |= {one for metric in METRICS.values() for one in metric.techniques}
    said |= {kind.counter.technique for kind in KINDS.values()}
    said |= {calibration().technique, "tracked-at-least"}
    for dtype in (np.int16, np.float32):
        outputs = np.ones((2, 3), dtype)
        said.add(golden_exact(outputs, outputs).technique)
    assert [one for one in sorted(said) if technique_of(one) is None] == []


@pytest.mark.parametrize("name", ["ppk2", "by shape", "", "cycle-model-", "elf2", "my own"])
def test_others_are_not(name: str) -> None:
    assert technique_of(name) is None


def test_each_is_told_once() -> None:
    names = [one.name for one in TECHNIQUES]
    assert len(names) == len(set(names))
    assert all(one.methods and one.told for one in TECHNIQUES)
