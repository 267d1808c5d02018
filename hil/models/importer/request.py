"""What a user wants imported, and what was read for it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError
from hil.models.catalog import models_dir
from hil.models.gates import GATES
from hil.models.importer.layout import Layout, Weights
from hil.models.importer.names import CELLS
from hil.models.importer.vectors import Floats
from hil.reading import read_text
from hil.values import Precision

GENERATOR = "hil model import"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


@dataclass(frozen=True)
class Request:
    """What a user wants imported, and where: ``out`` is the folder that holds one folder per model.

    ``gate`` is None for a FastRNN; without ``labels`` no accuracy is known. ``targets`` in their place are
    what the outputs of a regression should be. ``expect`` is what the trainer gives for the vectors.
    """

    weights: Path
    cell: str
    name: str
    gate: str | None
    update: str
    vectors: Path
    labels: Path | None
    out: Path
    precisions: tuple[Precision, ...]
    layout: Layout | None = None
    squashed: bool = False
    targets: Path | None = None
    expect: Path | None = None


@dataclass(frozen=True)
class Material:
    """All that was read: the weights in rows, and the vectors as the architecture takes them."""

    weights: Weights
    inputs: Sequence[Floats]
    labels: npt.NDArray[np.int64] | None
    targets: npt.NDArray[np.float64] | None

    @property
    def outputs(self) -> int:
        """How many the model has: the classifier's, or the last states."""
        if self.weights.classifier is not None:
            return len(self.weights.classifier)
        return self.weights.cells[-1].sizes.hidden * (4 if len(self.weights.cells) > 1 else 1)


def check_request(request: Request) -> None:
    if not _NAME.fullmatch(request.name):
        raise ModelError(
            f"{request.name!r} cannot be a model's name",
            remedy="use letters, digits, _ and -, at most 63, a letter or digit first",
        )
    if (models_dir() / request.name).exists():
        raise ModelError(
            f"a model called {request.name} comes with the lab", remedy="give yours another name"
        )
    if request.cell not in CELLS:
        raise ModelError(f"unknown cell {request.cell!r}", remedy=f"choose from: {', '.join(CELLS)}")
    if request.cell == "fastrnn" and request.gate is not None:
        raise ModelError("a FastRNN has no gate", remedy="leave --gate out; --update is its nonlinearity")
    if request.cell != "fastrnn" and request.gate is None:
        raise ModelError(f"{request.cell} has a gate", remedy=f"add --gate, one of {', '.join(GATES)}")
    if request.labels is not None and request.targets is not None:
        raise ModelError(
            "a model has labels or targets",
            remedy="give --labels where outputs are scores of classes, --targets where they are values",
        )
    for option, name in (("--gate", request.gate), ("--update", request.update)):
        if name is not None and name not in GATES:
            raise ModelError(f"unknown {option} {name!r}", remedy=f"choose from: {', '.join(GATES)}")
    _check_place(request.out / request.name)


def _check_place(target: Path) -> None:
    """ModelError when what lies there was not imported: a folder of one's own C must not be replaced."""
    if not target.exists() and not target.is_symlink():
        return
    try:
        made = json.loads(read_text(target / "model.json"))["generator"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        made = None
    if made != GENERATOR:
        what = "is no model" if made is None else "was not imported"
        raise ModelError(
            f"{target} is there and {what}", remedy="choose another --name or --out, or remove it"
        )


def shown(path: Path) -> str:
    """A file's name as text: what is no UTF-8 in it, or would break a line, as a question mark."""
    text = path.resolve().name.encode("utf-8", "replace").decode()
    return "".join(letter if letter.isprintable() else "?" for letter in text)
