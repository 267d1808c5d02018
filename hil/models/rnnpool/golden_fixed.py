"""The fixed-point reference of RNNPool: what the C kernels must give, bit for bit, in q15 and q7."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hil.models.cell.golden_fixed import FixedCell, last_state
from hil.models.fixed import FixedMatrix, Int16, Int64, Trace, renamed, untraced
from hil.models.rnnpool.slide import slide


@dataclass(frozen=True)
class FixedPool:
    """The integers of one block; ``patch`` is P."""

    patch: int
    first: FixedCell
    second: FixedCell


@dataclass(frozen=True)
class FixedRnnPool:
    """A block that is a model, with its classifier where it has one."""

    pool: FixedPool
    classifier: FixedMatrix | None = None


def pool_map(pool: FixedPool, maps: Int16 | Int64, stride: int, trace: Trace = untraced) -> Int64:
    """Pool ``maps`` (N, H, W, C), padding included, to (N, out_height, out_width, 4 H2), all within int16."""

    def run(cell: FixedCell, prefix: str) -> Any:
        named = renamed(trace, prefix)
        return lambda batch: last_state(cell, batch, trace=named)

    return slide(run(pool.first, "first."), run(pool.second, "second."), maps, pool.patch, stride)


def run(model: FixedRnnPool, inputs: Sequence[Int16], trace: Trace = untraced) -> Int16:
    """Outputs (N, outputs) int16 of quantised ``inputs``, N patches (P, P C)."""
    patch = model.pool.patch
    maps = np.stack(list(inputs)).reshape(len(inputs), patch, patch, -1)
    values = pool_map(model.pool, maps, patch, trace).reshape(len(inputs), -1)
    if model.classifier is not None:
        values = model.classifier.project(values, name="classifier", trace=trace)
    return values.astype(np.int16)
