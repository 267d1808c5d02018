"""Cases for the cascades' kernels, with the answers that the references give.

A random cascade is tuned on its own bags, so that early exits, scans that end early and both paths come up:
the margin's bias is the middle of its values, and its limit lies among them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.cascade import golden_fixed, golden_float, quantise
from hil.models.cascade.network import CLUTTER_SCORE, Cascade, CascadeNetwork, Scan
from hil.models.cascade.scan import Ends, Instances, ends
from hil.models.cell.golden_fixed import FixedCell
from hil.models.cell.weights import Cell, CellShape
from hil.models.gates import FIXED_GATES
from hil.values import Precision
from kernel_cases import (
    FIXED_NAMES,
    FUSED_TAILS,
    Case,
    Draw,
    fixed_cell_bytes,
    float_cell_bytes,
    float_matrix_bytes,
    matrix_bytes,
)

Arrays = npt.NDArray[Any]

CASCADE, CASCADE_F32, NULLS = 1, 2, 3  # enum kind of cascades.c
CLEAR = 1e-4  # by how much float decisions must be clear of each other
GATES = [("quantSigm", "quantTanh"), ("quantSigm4", "quantTanh"), ("sigmoid", "tanh"), ("quantSigm", "relu")]


def random_cascade(rng: np.random.Generator, draw: Draw) -> tuple[Cascade, list[Arrays]]:
    """A cascade and bags of counts on which some lower tier fires."""
    hidden = draw.integer(1, draw.one_of([9, 40]))
    lower = _shape(draw, draw.integer(1, 4), hidden)
    upper = _shape(draw, hidden, draw.integer(1, draw.one_of([9, 40])))
    length = draw.integer(1, draw.one_of([6, 40]))
    stride = draw.integer(1, length)
    check_every = draw.integer(1, draw.one_of([4, length + 3]))
    classes = draw.integer(2, 5)
    middle, divisor = draw.one_of([0, 2048, -700]), draw.one_of([1, 64, 300])
    steps = length + draw.integer(0, 6) * stride + draw.integer(0, stride - 1)
    scan = Scan(length, stride, check_every, draw.integer(1, 3), 1.0)
    if draw.one_of([True, True, True, False]):
        scan = replace(scan, consecutive=min(scan.consecutive, scan.instances(steps)))
    network = CascadeNetwork(lower, upper, scan, classes, middle, divisor)

    def weights(*size: int) -> npt.NDArray[np.float32]:
        return np.asarray(rng.standard_normal(size) / np.sqrt(size[-1]), dtype=np.float32)

    model = Cascade(
        network=network,
        lower=_cell(rng, lower),
        margin=3.0 * weights(1, lower.hidden),
        margin_bias=np.zeros(1, np.float32),
        upper=_cell(rng, upper),
        classifier=weights(classes, upper.hidden),
        classifier_bias=weights(classes),
    )
    bags = rng.normal(middle, 2.0 * divisor, (draw.integer(2, 6), steps, lower.features))
    counts = np.clip(np.rint(bags), -32768, 32767).astype(np.int16)
    return _tuned(model, counts, draw), list(counts)


def _tuned(model: Cascade, counts: Arrays, draw: Draw) -> Cascade:
    """The margin's bias and limit in the middle of gaps between the values that occur."""
    margins = np.sort(_all_margins(model, counts))
    model = replace(model, margin_bias=np.array([-_gap(margins, 0.2, 0.6)], np.float32))
    large = np.sort(np.abs(_all_margins(model, counts)))
    share = draw.one_of([0.1, 0.4, 0.7])
    limit = max(_gap(large, share, share + 0.3), 1e-3)
    return replace(model, network=replace(model.network, scan=replace(model.network.scan, limit=limit)))


def _all_margins(model: Cascade, counts: Arrays) -> Arrays:
    """The margins at every look if no instance stopped early."""
    scan = replace(model.network.scan, limit=1e30)
    found = []
    for end in scan.ends:
        cut = replace(scan, length=end, check_every=end)
        shorter = replace(model, network=replace(model.network, scan=cut))
        usable = counts[:, : (scan.instances(counts.shape[1]) - 1) * scan.stride + end]
        found.append(golden_float.lower(shorter, list(usable), np.float64).margins.reshape(-1))
    return np.concatenate(found)


def _gap(values: Arrays, low: float, high: float) -> float:
    """The middle of the widest gap between sorted values from one quantile to another."""
    part = values[int(low * (len(values) - 1)) : int(np.ceil(high * (len(values) - 1))) + 1]
    if len(part) < 2:
        return float(part[0]) - 0.1
    at = int(np.diff(part).argmax())
    return float(part[at : at + 2].mean())


def _shape(draw: Draw, features: int, hidden: int) -> CellShape:
    gate, update = draw.one_of(GATES)
    kind = draw.one_of(["fastgrnn", "fastgrnn", "fastrnn"])
    ranks = [draw.one_of([0, draw.integer(1, 9)]) for _ in range(2)]
    return CellShape(features, hidden, ranks[0], ranks[1], gate, update, kind)


def _cell(rng: np.random.Generator, shape: CellShape) -> Cell:
    """Weights at which the state's rounding does not grow over the steps."""

    def weights(*size: int) -> npt.NDArray[np.float32]:
        return np.asarray(0.6 * rng.standard_normal(size) / np.sqrt(size[-1]), dtype=np.float32)

    return Cell(
        shape=shape,
        w1=weights(shape.rank_w, shape.features) if shape.rank_w else None,
        w2=weights(shape.hidden, shape.left),
        u1=weights(shape.rank_u, shape.hidden) if shape.rank_u else None,
        u2=weights(shape.hidden, shape.right),
        bias_gate=weights(shape.hidden) if shape.kind == "fastgrnn" else None,
        bias_update=weights(shape.hidden),
        zeta=float(np.float32(rng.uniform(0.3, 0.95))),
        nu=float(np.float32(rng.uniform(0, 0.5))),
    )


def looks(scan: Scan, found: Instances, scanned: Ends) -> npt.NDArray[np.int64]:
    """How often each bag's margin was looked at, (N,), until its scan ended."""
    each = np.searchsorted(np.array(scan.ends), found.steps) + 1
    seen = np.arange(each.shape[1]) < scanned.scanned[:, None]
    return np.asarray((each * seen).sum(axis=1))


def fires(model: Cascade, counts: Sequence[Arrays], precision: Precision) -> bool:
    """Whether some bag reaches the upper tier, so that it can be calibrated."""
    found = golden_float.lower(model, counts, np.float64, precision)
    return bool(ends(found.margins, model.network.scan.consecutive).fired.any())


def fixed_case(precision: Precision) -> Callable[[Draw], Case]:
    """A cascade in fixed point, calibrated on its bags; sometimes it gets larger counts beside them."""

    def make(draw: Draw) -> Case:
        rng = np.random.default_rng(draw.integer(0, 2**32 - 1))
        model, counts = random_cascade(rng, draw)
        while not fires(model, counts, precision):
            model, counts = random_cascade(rng, _Plain(rng))
        fixed = quantise.quantise(model, quantise.calibrate(model, precision, counts), precision)
        wild = [rng.integers(-32768, 32767, counts[0].shape, endpoint=True).astype(np.int16)]
        bags = [*counts, *wild] if draw.one_of([True, False]) else counts
        found = golden_fixed.lower(fixed, np.stack(bags))
        seen = looks(fixed.scan, found, ends(found.margins, fixed.scan.consecutive))
        outputs = golden_fixed.run(fixed, bags)
        sparse = draw.one_of([False, True])
        request = b"".join(
            [
                _header(CASCADE, fixed.scan, model.network, np.stack(bags)),
                struct.pack("<2i", fixed.gain, fixed.limit),
                _fixed_cell(fixed.lower, sparse),
                matrix_bytes(fixed.margin),
                _fixed_cell(fixed.upper, sparse),
                matrix_bytes(fixed.classifier, sparse=sparse),
                fixed.clutter.tobytes(),
                np.stack(bags).tobytes(),
            ]
        )
        answer = np.concatenate([outputs, seen[:, None].astype(np.int16)], axis=1)
        return Case(f"{precision} {model.network}", request, answer, np.zeros(answer.shape))

    return make


def float_case(draw: Draw) -> Case:
    """A cascade in float32 of which no decision is so near that rounding could turn it."""
    rng = np.random.default_rng(draw.integer(0, 2**32 - 1))
    model, counts = random_cascade(rng, draw)
    found = golden_float.lower(model, counts, np.float64)
    while found.clearance.min(initial=1.0) < CLEAR:
        model, counts = random_cascade(rng, _Plain(rng))
        found = golden_float.lower(model, counts, np.float64)
    network, scan = model.network, model.network.scan
    seen = looks(scan, found, ends(found.margins, scan.consecutive))
    outputs = golden_float.run(model, counts, np.float64)
    sparse = draw.one_of([False, True])
    clutter = np.eye(1, network.classes, dtype=np.float32) * CLUTTER_SCORE
    request = b"".join(
        [
            _header(CASCADE_F32, scan, network, np.stack(counts)),
            struct.pack("<2f", 1.0 / network.divisor, scan.limit),
            float_cell_bytes(model.lower, sparse=sparse),
            float_matrix_bytes([model.margin], model.margin_bias),
            float_cell_bytes(model.upper, sparse=sparse),
            float_matrix_bytes([model.classifier], model.classifier_bias, sparse=sparse),
            clutter.astype(np.float32).tobytes(),
            np.stack(counts).tobytes(),
        ]
    )
    answer = np.concatenate([outputs, seen[:, None]], axis=1).astype(np.float32)
    error = np.zeros(answer.shape)
    error[:, : network.classes] = 1e-4 * np.abs(outputs[:, : network.classes]).max(axis=1, keepdims=True)
    return Case(f"f32 {network}", request, answer, error)


class _Plain:
    """Choices from a generator, for a second try."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def integer(self, low: int, high: int) -> int:
        return int(self._rng.integers(low, high, endpoint=True))

    def one_of(self, options: Sequence[Any]) -> Any:
        return options[self.integer(0, len(options) - 1)]


def _header(kind: int, scan: Scan, network: CascadeNetwork, bags: Arrays) -> bytes:
    sizes = (scan.length, scan.stride, scan.check_every, scan.consecutive, network.features)
    return struct.pack("<I7Ii", kind, *sizes, bags.shape[1], len(bags), network.middle)


def _fixed_cell(cell: FixedCell, sparse: bool) -> bytes:
    """What a cell of kernel_cases is made of, without its kind and its walks."""
    fused = (
        cell.gate is not None
        and FIXED_GATES[cell.gate.name].kernel == FIXED_NAMES[0]
        and cell.update.name == "quantTanh"
        and cell.gate.name == "quantSigm"
        and cell.pre in FUSED_TAILS
    )
    tail = FUSED_TAILS[cell.pre] if fused else int(cell.gate is None)
    return fixed_cell_bytes(cell, tail, sparse=sparse)


NO_POINTERS = Case("null pointers", struct.pack("<I", NULLS), np.full(8, -1, np.int32), np.zeros(8))

CASES: Mapping[str, Callable[[Draw], Case]] = {
    "cascade_q15": fixed_case(Precision.Q15),
    "cascade_q7": fixed_case(Precision.Q7),
    "cascade_f32": float_case,
}
