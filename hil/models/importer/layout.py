"""Rows or columns: which way round the matrices lie, and every weight checked and turned to rows.

Two layouts are in use. ``rows``: y = Wx, with W H×D, W1 rW×D, W2 H×rW, U1 rU×H, U2 H×rU, FC classes×H
(EdgeML's C code and CUDA cell). ``cols``: y = xW, every matrix the other way round (its PyTorch and
TensorFlow cells). The shapes mostly leave no doubt; a square W without a telling FC does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError, cut
from hil.models.importer.arrays import shape_text
from hil.models.importer.names import BIASES, MATRICES, SCALARS, Given, Named
from hil.models.importer.problems import Problems

Float32 = npt.NDArray[np.float32]
Layout = Literal["rows", "cols"]
LAYOUTS: tuple[Layout, ...] = ("rows", "cols")

_READINGS = {
    "rows": "rows (y = Wx: W H×D, FC classes×H; EdgeML's C code and CUDA cell)",
    "cols": "cols (y = xW: W D×H, FC H×classes; EdgeML's PyTorch and TensorFlow cells)",
}
_LARGEST = 65_535  # sizes travel as uint16
_LEAST_STD = 1e-30  # its inverse is multiplied with, in float32
_FLAT = 200.0  # the logistic function of ±200 is 1 and 0 in float32


@dataclass(frozen=True)
class Sizes:
    """One cell: D ``features``, H ``hidden``; a rank of 0 leaves that matrix whole."""

    features: int
    hidden: int
    rank_w: int
    rank_u: int


@dataclass(frozen=True)
class Scalar:
    """zeta, nu, alpha or beta: as trained (``raw``) and through the logistic function (``squashed``)."""

    raw: float
    squashed: float

    @classmethod
    def of(cls, value: float, squashed: bool) -> Scalar:
        """From either; a raw value of ±_FLAT stands for a squashed 1 or 0."""
        if not squashed:
            return cls(value, float(0.5 * (1.0 + np.tanh(0.5 * value))))
        with np.errstate(divide="ignore"):
            raw = float(np.log(value) - np.log1p(-value))
        return cls(min(max(raw, -_FLAT), _FLAT), value)


@dataclass(frozen=True)
class CellArrays:
    """One cell's weights in the row layout, float32, matrices and biases (H,) by name."""

    sizes: Sizes
    arrays: Mapping[str, Float32]
    scalars: Mapping[str, Scalar]


@dataclass(frozen=True)
class Weights:
    """A whole model in the row layout.

    ``classifier`` (classes, inputs) and ``classifier_bias`` (classes,), or None for a pool without one;
    ``mean`` and ``std`` (1, D) or (T, D), zeros and ones where none were given. ``layout`` is the one they
    came in.
    """

    cells: tuple[CellArrays, ...]
    classifier: Float32 | None
    classifier_bias: Float32 | None
    mean: Float32
    std: Float32
    layout: Layout
    unused: tuple[str, ...]


@dataclass
class _Reading:
    """The weights read in one layout, and what does not fit."""

    layout: Layout
    cells: list[CellArrays] = field(default_factory=list)
    classifier: Float32 | None = None
    classifier_bias: Float32 | None = None
    misfits: Problems = field(default_factory=Problems)


def arrange(
    named: Named,
    cell: str,
    path: Path,
    problems: Problems,
    *,
    features: int,
    most_steps: int = 1,
    layout: Layout | None = None,
    squashed: bool = False,
) -> Weights:
    """The weights in the row layout, ``layout`` inferred where it is None.

    ``features`` and ``most_steps`` are those of the vectors. ModelError names all that is missing, mis-shaped
    or not finite, or both readings when the shapes fit either.
    """
    _complete(named, cell, problems)
    _numbers(named, problems)
    problems.raise_model(path, "save what is named here, and import again")
    readings = [_read(named, cell, each, features, squashed) for each in ([layout] if layout else LAYOUTS)]
    mean, std = _normalisation(named.head, features, most_steps, problems)
    chosen = _choose(readings, path, problems)
    return Weights(
        cells=tuple(chosen.cells),
        classifier=chosen.classifier,
        classifier_bias=chosen.classifier_bias,
        mean=mean,
        std=std,
        layout=chosen.layout,
        unused=named.unused,
    )


def _complete(named: Named, cell: str, problems: Problems) -> None:
    """Note what is missing, or given in two forms."""
    several = len(named.cells) > 1
    for number, given in enumerate(named.cells, start=1):
        whose = f" of cell {number}" if several else ""
        for letter in ("W", "U"):
            factors = [f"{letter}{i}" for i in (1, 2) if f"{letter}{i}" in given]
            if letter in given and factors:
                problems.add(f"both {letter} and {', '.join(factors)}{whose} are given: keep one form")
            elif letter not in given and not factors:
                problems.add(f"{letter}{whose} is missing (or {letter}1 and {letter}2)")
            elif len(factors) == 1:
                problems.add(f"{letter}{3 - int(factors[0][1])}{whose} is missing: {factors[0]} is there")
        for name in (*BIASES[cell], *SCALARS[cell]):
            if name not in given:
                problems.add(f"{name}{whose} is missing")
    head = [name for name in ("FC", "FCbias") if name not in named.head]
    if not several or len(head) == 1:
        for name in head:
            problems.add(f"{name} is missing")
    for name, other in (("mean", "std"), ("std", "mean")):
        if name in named.head and other not in named.head:
            problems.add(f"{other} is missing: {name} is there")
    if problems.texts and named.unused:
        problems.add(f"names that mean nothing here: {', '.join(cut(named.unused))}")


def _numbers(named: Named, problems: Problems) -> None:
    """Note what is not finite, or beyond float32."""
    for given in (each for home in (*named.cells, named.head) for each in home.values()):
        wrong = np.argwhere(~np.isfinite(given.array))
        with np.errstate(over="ignore"):
            narrow = given.array.astype(np.float32)
        if len(wrong):
            at = ", ".join(str(int(index)) for index in wrong[0])
            problems.add(f"{given.name} is not finite at [{at}], {len(wrong)} of {given.array.size}")
        elif not np.isfinite(narrow).all():
            problems.add(f"{given.name} is too large for float32")


def _read(named: Named, cell: str, layout: Layout, features: int, squashed: bool) -> _Reading:
    reading = _Reading(layout)
    width = features
    for given in named.cells:
        arrays = _read_cell(given, cell, reading, width, squashed)
        reading.cells.append(arrays)
        width = arrays.sizes.hidden
    if "FC" in named.head and "FCbias" in named.head:
        inputs = width * (4 if cell == "rnnpool" else 1)
        bias = _vector(named.head["FCbias"], None, "classes", reading.misfits)
        reading.classifier_bias = bias
        reading.classifier = _matrix(
            named.head["FC"], layout, (len(bias), inputs), ("classes", "inputs"), reading.misfits
        )
    return reading


def _read_cell(
    given: Mapping[str, Given], cell: str, reading: _Reading, features: int, squashed: bool
) -> CellArrays:
    misfits, layout = reading.misfits, reading.layout
    arrays: dict[str, Float32] = {}
    hidden = 0
    for name in BIASES[cell]:
        arrays[name] = _vector(given[name], hidden or None, "H", misfits)
        hidden = hidden or len(arrays[name])
    ranks = {}
    for letter, columns, size in (("W", features, "D"), ("U", hidden, "H")):
        if letter in given:
            ranks[letter] = 0
            arrays[letter] = _matrix(given[letter], layout, (hidden, columns), ("H", size), misfits)
        else:
            ranks[letter] = rank = _rank(given[letter + "1"], layout)
            named = f"r{letter}"
            arrays[letter + "1"] = _matrix(
                given[letter + "1"], layout, (rank, columns), (named, size), misfits
            )
            arrays[letter + "2"] = _matrix(given[letter + "2"], layout, (hidden, rank), ("H", named), misfits)
    scalars = {name: _scalar(given[name], squashed, misfits) for name in SCALARS[cell]}
    ordered = {name: arrays[name] for name in (*MATRICES, *BIASES[cell]) if name in arrays}
    return CellArrays(Sizes(features, hidden, ranks["W"], ranks["U"]), ordered, scalars)


def _rank(given: Given, layout: Layout) -> int:
    shape = given.array.shape
    return int(shape[0 if layout == "rows" else -1]) if shape else 0


def _vector(given: Given, size: int | None, meaning: str, misfits: Problems) -> Float32:
    """(n,), from n, 1×n or n×1."""
    array = given.array
    wanted = size or array.size
    if sorted(array.shape)[-1:] != [array.size] or array.size != wanted or array.size > _LARGEST:
        misfits.add(f"{given.name} is {shape_text(array)}, not {wanted} ({meaning})")
        return np.zeros(wanted, dtype=np.float32)
    return np.asarray(array, dtype=np.float32).ravel()


def _matrix(
    given: Given, layout: Layout, shape: tuple[int, int], meaning: tuple[str, str], misfits: Problems
) -> Float32:
    """``shape`` in rows, from an array in ``layout``."""
    if given.always_rows:
        layout = "rows"
    turned = given.array.T if layout == "cols" else given.array
    if turned.shape != shape or max(shape) > _LARGEST:
        want = shape if layout == "rows" else shape[::-1]
        said = meaning if layout == "rows" else meaning[::-1]
        misfits.add(
            f"{given.name} is {shape_text(given.array)}, not {want[0]}×{want[1]} ({said[0]}×{said[1]})"
        )
        return np.zeros(shape, dtype=np.float32)
    return np.ascontiguousarray(turned, dtype=np.float32)


def _scalar(given: Given, squashed: bool, misfits: Problems) -> Scalar:
    if given.array.size != 1:
        misfits.add(f"{given.name} is {shape_text(given.array)}, not one number")
        return Scalar.of(0.0, False)
    value = float(given.array.reshape(())[()])
    already = squashed or given.squashed
    if already and not 0.0 <= value <= 1.0:
        misfits.add(f"{given.name} is {value:g}: squashed values lie between 0 and 1")
        return Scalar.of(0.0, False)
    return Scalar.of(value, already)


def _normalisation(
    head: Mapping[str, Given], features: int, most_steps: int, problems: Problems
) -> tuple[Float32, Float32]:
    """Mean and std (1, D), or (T, D)."""
    mean, std = np.zeros((1, features), np.float32), np.ones((1, features), np.float32)
    if "mean" in head and "std" in head:
        mean = _per_feature(head["mean"], features, most_steps, problems)
        std = _per_feature(head["std"], features, most_steps, problems)
        if not (std > 0).all():
            problems.add(f"{head['std'].name} is not positive: smallest {np.min(std):g}")
        elif np.min(std) < _LEAST_STD:
            problems.add(f"{head['std'].name} is too small: {np.min(std):g}, at least {_LEAST_STD:g}")
    rows = max(len(mean), len(std))
    if min(len(mean), len(std)) not in (1, rows):
        problems.add(f"mean has {len(mean)} steps, std {len(std)}")
        std = mean
    mean, std = (np.ascontiguousarray(np.broadcast_to(each, (rows, features))) for each in (mean, std))
    return mean, std


def _per_feature(given: Given, features: int, most_steps: int, problems: Problems) -> Float32:
    """(1, D) or (T, D) from D, 1×D, T×D, or T·D numbers in a row."""
    array: npt.NDArray[Any] = given.array
    rows = array.size // features
    flat = array.ndim <= 1
    if array.size != rows * features or not (flat or array.shape == (rows, features)):
        rows = 0
    if rows != 1 and rows < most_steps:
        per_step = f"{most_steps}×{features} (steps × features)"
        problems.add(f"{given.name} is {shape_text(array)}, neither {features} (features) nor {per_step}")
        return np.ones((1, features), dtype=np.float32)
    return np.asarray(array, dtype=np.float32).reshape(rows, features)


def _choose(readings: list[_Reading], path: Path, problems: Problems) -> _Reading:
    """The reading that fits; ModelError when none does, or both do and differ."""
    fitting = [reading for reading in readings if not reading.misfits.texts]
    if len(fitting) == 2 and not problems.texts and not _same(*fitting):
        raise ModelError(
            f"the shapes of the weights in {path} do not tell their layout",
            evidence="every matrix fits either way round",
            remedy=f"add --layout {_READINGS['rows']} or --layout {_READINGS['cols']}",
        )
    if not fitting:
        best = min(readings, key=lambda reading: len(reading.misfits.texts))
        problems.add(f"read as {_READINGS[best.layout]}: " + ", ".join(best.misfits.texts))
    problems.raise_model(path, "check the shapes, --layout and the vectors' features")
    return fitting[0]


def _same(one: _Reading, other: _Reading) -> bool:
    pairs = [
        (mine, theirs)
        for left, right in zip(one.cells, other.cells, strict=True)
        for mine, theirs in zip(left.arrays.values(), right.arrays.values(), strict=True)
    ]
    if one.classifier is not None and other.classifier is not None:
        pairs.append((one.classifier, other.classifier))
    return all(mine.shape == theirs.shape and np.array_equal(mine, theirs) for mine, theirs in pairs)
