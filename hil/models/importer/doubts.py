"""What the data say against a request: normalised twice, too sensitive, outputs other than expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.errors import ModelError, VectorError
from hil.models.gates import GATES
from hil.models.importer.arrays import read_array, shape_text
from hil.models.importer.layout import Layout
from hil.models.importer.request import Material, Request
from hil.models.importer.weights import read_weights
from hil.text.wording import percent
from hil.values import FLOAT_TOLERANCE

Floats = npt.NDArray[Any]
Outputs = Callable[[Request, Material], Floats]  # in float64

_FARTHER, _BEYOND = 1.5, 0.5  # so much stranger are data that were normalised before, in standard deviations
_EXPECTED_WITHIN = 0.01  # of the largest expected: trainers compute in float32, a wrong gate is further off
_TRIED = 16  # vectors that other readings are tried with


def normalised_twice(material: Material, share: Callable[[Material], float | None]) -> str | None:
    """A text when mean and std take the vectors away from mean 0 and deviation 1, not towards them; None
    where there is no such doubt. ``share`` gives the share of right classes, None without labels.
    """
    weights = material.weights
    if not (weights.mean != 0).any() and not (weights.std != 1).any():
        return None
    raw, after = _strangeness(material, applied=False), _strangeness(material, applied=True)
    if after < _FARTHER * raw + _BEYOND:
        return None
    plain = replace(weights, mean=np.zeros_like(weights.mean), std=np.ones_like(weights.std))
    with_them, without = share(material), share(replace(material, weights=plain))
    shares = (
        f"; with them {percent(with_them)}% are right, without {percent(without)}%"
        if with_them is not None and without is not None
        else ""
    )
    return (
        f"the vectors look normalised already, and mean and std normalise them again{shares}. "
        "Bring raw vectors, or leave mean and std out of the weights"
    )


def _strangeness(material: Material, *, applied: bool) -> float:
    """How far the vectors are from mean 0 and standard deviation 1, the mean over the features that vary."""
    mean, std = material.weights.mean, material.weights.std
    width = mean.shape[1]
    parts = []
    for vector in material.inputs:
        rows = vector.astype(np.float64).reshape(len(vector), -1, width)
        if applied:
            steps = slice(None, len(vector)) if len(mean) > 1 else slice(None)
            rows = (rows - mean[steps, None]) / std[steps, None]
        parts.append(rows.reshape(-1, width))
    values = np.concatenate(parts)
    spread = values.std(axis=0)
    varies = spread > 1e-12 * np.abs(values).max(initial=1e-30)
    if not varies.any():
        return 0.0
    return float(
        (np.abs(values.mean(axis=0)) + np.abs(np.log(spread, where=varies, out=spread)))[varies].mean()
    )


def too_sensitive(golden: Floats, reference: Floats, largest_weight: float) -> str | None:
    """A text when float32 ``golden`` (N, outputs) is so far from float64 ``reference`` by rounding alone that
    an image may miss it; None when it is not.
    """
    scale = np.abs(golden).max(axis=1)
    apart = np.abs(golden - reference).max(axis=1) / np.where(scale > 0, scale, 1.0)
    wrong = int(np.count_nonzero(apart > FLOAT_TOLERANCE))
    if not wrong:
        return None
    return (
        f"f32: rounding alone moves the outputs of {wrong:,} of {len(apart):,} vectors by up to "
        f"{np.max(apart):.2g} of the largest, and an image may be off by {FLOAT_TOLERANCE:g}: it will hardly "
        f"agree with its reference. The weights, up to {largest_weight:.3g}, make the model that sensitive: "
        "leave f32 out with --precision q15,q7, or train it with smaller ones"
    )


@dataclass(frozen=True)
class Expected:
    """What the trainer gives for the vectors, (N, outputs); ``form`` turns logits into what it is."""

    values: Floats
    path: Path
    name: str
    form: Callable[[Floats], Floats]

    def distance(self, outputs: Floats) -> float:
        """The largest distance of the first ``outputs`` from those expected, of the largest expected."""
        values = self.values[: len(outputs)]
        largest = float(np.abs(self.values).max()) or 1.0
        return float(np.abs(self.form(outputs) - values).max()) / largest


def read_expected(path: Path, count: int, outputs: int) -> Expected:
    """``logits.npy`` (N, outputs), of a single output also (N,): logits, their softmax or its logarithm;
    VectorError when it is something else.
    """
    try:
        array = read_array(path)
    except ModelError as error:
        raise VectorError(f"no expected outputs in {path}", evidence=error.evidence) from error
    fits = array.shape == (count, outputs) or (outputs == 1 and array.shape == (count,))
    numbers = array.dtype.kind in "fiu"
    if not numbers or not fits or not np.isfinite(array).all():
        found = f"{array.dtype} {shape_text(array)}, not numbers {count}×{outputs}"
        raise VectorError(
            f"the expected outputs in {path} cannot be used",
            evidence="some are NaN or infinite" if numbers and fits else found,
            remedy="save what your trainer gives for the vectors, in their order",
        )
    values = array.reshape(count, outputs).astype(np.float64)
    if outputs > 1 and (values >= 0).all() and np.allclose(values.sum(axis=1), 1, atol=1e-3):
        return Expected(values, path, "probabilities", lambda logits: np.exp(_log_softmax(logits)))
    if outputs > 1 and (values <= 0).all() and np.allclose(np.exp(values).sum(axis=1), 1, atol=1e-3):
        return Expected(values, path, "logarithms of probabilities", _log_softmax)
    return Expected(values, path, "outputs", lambda logits: logits)


def _log_softmax(logits: Floats) -> Floats:
    wide = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(wide - np.log(np.exp(wide).sum(axis=1, keepdims=True)))


def compare_expected(
    expected: Expected, reference: Floats, request: Request, material: Material, outputs: Outputs
) -> str:
    """What to tell of float64 ``reference`` beside what was expected; ModelError when they differ, with the
    readings of the request that would give it. ``outputs`` computes another reading.
    """
    distance = expected.distance(reference)
    if distance <= _EXPECTED_WITHIN:
        return f"{expected.name} as in {expected.path}, within {distance:.1e} of the largest"
    ours = expected.form(reference)
    worst = int(np.argmax(np.abs(ours - expected.values).max(axis=1)))
    few = replace(material, inputs=material.inputs[:_TRIED])
    fitting = [
        text
        for text, other, weights in _readings(request, few)
        if expected.distance(outputs(other, weights)) <= _EXPECTED_WITHIN
    ]
    raise ModelError(
        f"the model does not give the {expected.name} in {expected.path}",
        evidence=f"vector {worst} gives {_few(ours[worst])}, expected {_few(expected.values[worst])}; "
        f"{distance:.1%} of the largest apart",
        remedy=f"it does with {' or with '.join(fitting)}"
        if fitting
        else "check --gate, --update, --layout, --squashed, mean and std, and the order of the vectors",
    )


def _readings(request: Request, material: Material) -> Iterator[tuple[str, Request, Material]]:
    """Other ways to understand the request, one thing changed at a time, with how to ask for each."""
    gates: Sequence[str | None] = [None] if request.gate is None else list(GATES)
    for gate in gates:
        for update in GATES:
            if (gate, update) != (request.gate, request.update):
                text = f"--update {update}" if gate is None else f"--gate {gate} --update {update}"
                yield text, replace(request, gate=gate, update=update), material
    weights = material.weights
    plain = replace(weights, mean=np.zeros_like(weights.mean), std=np.ones_like(weights.std))
    yield "no mean and std", request, replace(material, weights=plain)
    turned: Layout = "rows" if weights.layout == "cols" else "cols"
    for text, layout, squashed in (
        ("scalars as trained" if request.squashed else "--squashed", weights.layout, not request.squashed),
        (f"--layout {turned}", turned, request.squashed),
    ):
        with suppress(ModelError):  # that does not fit the weights
            read = read_weights(
                request.weights,
                request.cell,
                features=weights.mean.shape[1],
                most_steps=len(weights.mean),
                layout=layout,
                squashed=squashed,
            )
            yield text, request, replace(material, weights=read)


def _few(values: Floats) -> str:
    text = ", ".join(f"{value:.4g}" for value in values[:6])
    return f"[{text}{', …' if len(values) > 6 else ''}]"
