"""Names that trainers write -> one name per weight.

EdgeML's trainers save W or W1, W2; U or U1, U2; Bg, Bh, zeta, nu (FastGRNN) or B, alpha, beta (FastRNN); FC,
FCbias. Its PyTorch cells call the biases bias_gate and bias_update, its C code writes sigmoid_zeta where the
scalar is already squashed, and stdDev. A state dict puts the module's path before each name
(``rnn.cell.W``), TensorFlow its scope, and a number behind (``rnn/W:0``): both are dropped, but the path
tells RNNPool's two cells apart. Linear layers called fc, classifier, head or hidden2keyword are the FC.

RNNPool, two cells. Either a suffix, as EdgeML's C code has it: W1, U1, Bg1, Bh1, zeta1, nu1 for the cell that
runs over rows and columns, W2, U2, … for the bidirectional one; there 1 and 2 are the cells, so the matrices
are whole. Or a prefix: rnn1.W, rnn2.W (or cell_rnn. and cell_bidirrnn., as the PyTorch layer calls them);
there W1 and W2 are the low-rank factors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hil.errors import ModelError
from hil.models.importer.arrays import Array
from hil.models.importer.foreign import network_advice, quantised_advice, torch_advice
from hil.models.importer.problems import Problems

CELLS = ("fastgrnn", "fastrnn", "rnnpool")
MATRICES = ("W", "W1", "W2", "U", "U1", "U2")
SCALARS = {"fastgrnn": ("zeta", "nu"), "fastrnn": ("alpha", "beta"), "rnnpool": ("zeta", "nu")}
BIASES = {"fastgrnn": ("Bg", "Bh"), "fastrnn": ("B",), "rnnpool": ("Bg", "Bh")}
HEAD = ("FC", "FCbias", "mean", "std")

_HEAD_ALIASES = {"stdDev": "std"}
_CLASSIFIER = re.compile(
    r"(?:fc|classifier|head|hidden2keyword)(?:[._]?(weights?|kernel|bias))?", re.IGNORECASE
)
_GATED_ALIASES = {"B_g": "Bg", "bias_gate": "Bg", "B_h": "Bh", "bias_update": "Bh"}
_UNGATED_ALIASES = {"Bh": "B", "B_h": "B", "bias_update": "B"}
_PREFIXES = {"rnn1": 0, "cell_rnn": 0, "rnn2": 1, "cell_bidirrnn": 1}
_SUFFIXED = re.compile(r"(.*[A-Za-z])([12])")


@dataclass(frozen=True)
class Given:
    """One array and the name it came with; ``squashed`` when that name says so of a scalar."""

    name: str
    array: Array
    squashed: bool = False

    @property
    def always_rows(self) -> bool:
        """Whether it is the matrix of a PyTorch Linear layer, which is outputs × inputs beside any cell."""
        return self.name.endswith(".weight")


@dataclass(frozen=True)
class Named:
    """Arrays by their one name: of each cell, and of what stands around; ``unused`` are names not known."""

    cells: tuple[Mapping[str, Given], ...]
    head: Mapping[str, Given]
    unused: tuple[str, ...]


def sort_names(arrays: Mapping[str, Array], cell: str, path: Path, problems: Problems) -> Named:
    """Sort the arrays of a trainer; a weight that two names claim with different numbers is a problem.

    ModelError for weights that are of something else than one cell: what it is, and what to do.
    """
    _check_kind(arrays, cell, path)
    cells: tuple[dict[str, Given], ...] = tuple({} for _ in range(2 if cell == "rnnpool" else 1))
    head: dict[str, Given] = {}
    unused = []
    for name, array in arrays.items():
        found = _find(_parts(name), cell)
        if found is None:
            unused.append(name)
            continue
        number, known, squashed = found
        home = head if number is None else cells[number]
        twin = home.get(known)
        if twin is None:
            home[known] = Given(name, array, squashed)
        elif twin.squashed != squashed or not np.array_equal(twin.array, array):
            problems.add(f"{twin.name} and {name} both say what {known} is, and differ")
    return Named(cells, head, tuple(unused))


def _check_kind(arrays: Mapping[str, Array], cell: str, path: Path) -> None:
    """ModelError when the names are those of quantised weights, or of more than one cell."""
    advice = quantised_advice(path, arrays) or torch_advice(arrays)
    if advice is None and cell != "rnnpool":
        parted = {name: _parts(name) for name in arrays}
        advice = network_advice(
            {
                name: ".".join(parts[:-1])
                for name, parts in parted.items()
                if (found := _find(parts, cell)) is not None and found[0] is not None
            }
        )
    if advice is not None:
        what, way = advice
        raise ModelError(f"the weights in {path} cannot be imported as one {cell}", evidence=what, remedy=way)


def _parts(name: str) -> list[str]:
    """A path's parts, without what TensorFlow puts behind."""
    return re.sub(r":\d+$", "", name).replace("/", ".").split(".")


def _find(parts: list[str], cell: str) -> tuple[int | None, str, bool] | None:
    """(cell number or None for the head, the one name, squashed); None when the name means nothing here."""
    named = [part for part in parts if not part.isdigit()] or parts
    for candidate in (".".join(named[-2:]), named[-1]):
        known = _HEAD_ALIASES.get(candidate, candidate)
        classifier = _CLASSIFIER.fullmatch(candidate)
        if classifier is not None:
            known = "FCbias" if (classifier[1] or "").lower() == "bias" else "FC"
        if known in HEAD:
            return None, known, False
    if cell != "rnnpool":
        return _in_cell(parts[-1], cell, 0)
    numbers = {_PREFIXES[part] for part in parts[:-1] if part in _PREFIXES}
    if len(numbers) == 1:
        return _in_cell(parts[-1], cell, numbers.pop())
    match = _SUFFIXED.fullmatch(parts[-1])
    if match is None or len(parts) > 1:
        return None
    return _in_cell(match[1], cell, int(match[2]) - 1)


def _in_cell(name: str, cell: str, number: int) -> tuple[int, str, bool] | None:
    squashed = name.startswith("sigmoid_")
    bare = name.removeprefix("sigmoid_")
    known = (_UNGATED_ALIASES if cell == "fastrnn" else _GATED_ALIASES).get(bare, bare)
    if known in SCALARS[cell]:
        return number, known, squashed
    if not squashed and (known in MATRICES or known in BIASES[cell]):
        return number, known, False
    return None
