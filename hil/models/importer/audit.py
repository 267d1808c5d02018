"""Every fixed-point operation of a model against float: how large, how often saturated, how far off.

Sums cannot overflow: ``hil.models.fixed`` proves it from the weights when they are rounded, and asserts it
while the reference runs. Activations saturate, and that is counted here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError
from hil.models.architecture import by_length
from hil.models.cell.golden_float import Step, steps
from hil.models.cell.quantise import CellScales
from hil.models.cell.weights import Cell, CellShape
from hil.models.fixed import LARGEST, Int64
from hil.models.gates import FIXED_GATES
from hil.models.rnn import golden_float
from hil.models.rnn.network import Rnn
from hil.models.rnnpool.network import RnnPoolWeights
from hil.models.rnnpool.slide import slide
from hil.models.spec import ModelSpec
from hil.values import Precision

Floats = npt.NDArray[Any]
Named = tuple[str, Floats]

_AT_ONCE = 64  # vectors: what float has to remember of a pool stays small


@dataclass(frozen=True)
class Operation:
    """One operation over all vectors, in the unit of the values themselves.

    ``largest``: the largest magnitude before saturation; ``range``: what 16 bits hold; ``saturated``: the
    share of values that were clipped; ``error``: the largest distance from float of those that were not, and
    ``float_largest`` the largest magnitude in float.
    """

    name: str
    largest: float
    range: float
    saturated: float
    error: float
    float_largest: float


class _Tally:
    """Gathers one operation."""

    def __init__(self) -> None:
        self.largest = self.error = self.float_largest = 0.0
        self.values = self.clipped = 0

    def add(self, exact: Int64, kept: Int64, scale: float, expected: Floats) -> None:
        self.largest = max(self.largest, float(np.abs(exact).max(initial=0)) * scale)
        apart = np.where(exact == kept, np.abs(kept * scale - expected), 0.0)
        self.error = max(self.error, float(apart.max(initial=0.0)))
        self.float_largest = max(self.float_largest, float(np.abs(expected).max(initial=0.0)))
        self.values += kept.size
        self.clipped += int((exact != kept).sum())


def audit(spec: ModelSpec, weights: Any, precision: Precision, inputs: Sequence[Floats]) -> list[Operation]:
    """Run raw ``inputs``, N arrays (T, D), in q15 or q7 and in float64, and compare operation by operation.

    In the order of computation. ModelError for an architecture that cannot be followed.
    """
    scales = _scales(spec, precision)
    tallies: dict[str, _Tally] = {}
    for same in by_length(inputs):
        for start in range(0, len(same), _AT_ONCE):
            part = [inputs[number] for number in same[start : start + _AT_ONCE]]
            _compare(spec, weights, precision, part, scales, tallies)
    return [
        Operation(
            name=name,
            largest=tally.largest,
            range=LARGEST * scales[name],
            saturated=tally.clipped / max(tally.values, 1),
            error=tally.error,
            float_largest=tally.float_largest,
        )
        for name, tally in tallies.items()
    ]


def _compare(
    spec: ModelSpec,
    weights: Any,
    precision: Precision,
    part: Sequence[Floats],
    scales: dict[str, float],
    tallies: dict[str, _Tally],
) -> None:
    floats = _float_operations(weights, part, precision)

    def trace(name: str, exact: Int64, kept: Int64) -> None:
        expected_name, expected = next(floats)
        assert expected_name == name, f"{name} is not {expected_name}"
        tallies.setdefault(name, _Tally()).add(exact, kept, scales[name], expected)

    wired = [spec.architecture.wire(spec, weights, precision, vector) for vector in part]
    _, real = next(floats)
    kept = np.stack(wired).astype(np.int64)
    ideal = np.rint(real / scales["input"]).astype(np.int64)
    exact = np.where(np.abs(ideal) > LARGEST, ideal, kept)  # the host rounds once, float32 twice
    tallies.setdefault("input", _Tally()).add(exact, kept, scales["input"], real)
    spec.architecture.golden(spec, weights, precision, wired, trace)


def _scales(spec: ModelSpec, precision: Precision) -> dict[str, float]:
    """The scale of each operation's values, by the name that the reference traces it with."""
    scales, network = spec.scales[precision], spec.network
    if spec.architecture.name == "rnn":
        of_cell = _cell_scales(network.cell, scales.cell, precision)
        return {"input": scales.cell.input, **of_cell, "outputs": scales.outputs}
    if spec.architecture.name == "rnnpool":
        found = {"input": scales.pool.first.input, "classifier": scales.outputs}
        for name in ("first", "second"):
            of_cell = _cell_scales(getattr(network.shape, name), getattr(scales.pool, name), precision)
            found |= {f"{name}.{key}": scale for key, scale in of_cell.items()}
        return found
    raise ModelError(f"architecture {spec.architecture.name} cannot be audited")


def _cell_scales(shape: CellShape, scales: CellScales, precision: Precision) -> dict[str, float]:
    gate, update = (FIXED_GATES[name] for name in shape.gates(precision))
    return {
        "left": scales.left,
        "right": scales.right,
        "pre": 2.0**-scales.pre,
        "z": 2.0 ** -gate.unit(scales.pre),
        "c": 2.0 ** -update.unit(scales.pre),
        "state": scales.state,
    }


def _float_operations(weights: Any, part: Sequence[Floats], precision: Precision) -> Iterator[Named]:
    """The same operations in float64, in the same order, the input first."""
    batch = np.stack(list(part)).astype(np.float64)
    if isinstance(weights, Rnn):
        yield from _of_rnn(weights, batch, precision)
    elif isinstance(weights, RnnPoolWeights):
        yield from _of_pool(weights, batch, precision)


def _of_rnn(model: Rnn, batch: Floats, precision: Precision) -> Iterator[Named]:
    batch = golden_float.normalise(model, batch)
    yield "input", batch
    state = np.zeros((len(batch), model.network.cell.hidden))
    for step in steps(model.cell, batch, precision=precision):
        yield from _of_step(model.cell, step)
        state = step.state
    if model.classifier is not None:
        yield "outputs", golden_float.classify(model, state)


def _of_pool(model: RnnPoolWeights, batch: Floats, precision: Precision) -> Iterator[Named]:
    patch = model.pool.shape.patch
    seen: list[Named] = [("input", batch)]

    def follow(cell: Cell, prefix: str) -> Callable[[Floats], Floats]:
        def run(sequences: Floats) -> Floats:
            state = np.zeros((len(sequences), cell.shape.hidden))
            for step in steps(cell, sequences, precision=precision):
                seen.extend((f"{prefix}.{name}", values) for name, values in _of_step(cell, step))
                state = step.state
            return state

        return run

    maps = batch.reshape(len(batch), patch, patch, -1)
    first, second = follow(model.pool.first, "first"), follow(model.pool.second, "second")
    values = slide(first, second, maps, patch, patch).reshape(len(batch), -1)
    if model.classifier is not None and model.classifier_bias is not None:
        seen.append(("classifier", values @ model.classifier.astype(np.float64).T + model.classifier_bias))
    yield from seen


def _of_step(cell: Cell, step: Step) -> Iterator[Named]:
    if cell.w1 is not None:
        yield "left", step.left
    if cell.u1 is not None:
        yield "right", step.right
    yield "pre", step.pre
    if step.z is not None:
        yield "z", step.z
    yield "c", step.c
    yield "state", step.state
