"""RNNPool as C: the structs of rnnpool_fixed.h or rnnpool_f32.h, and a block that is a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hil.models import ctext
from hil.models.cell.export import CellSource, cell_f32, cell_fixed, scratch
from hil.models.cell.weights import CellShape
from hil.models.rnnpool.golden_fixed import FixedPool, FixedRnnPool
from hil.models.rnnpool.network import Pool, PoolShape, RnnPoolWeights
from hil.values import Precision

if TYPE_CHECKING:
    from hil.models.spec import ModelSpec

SEQUENCES = 8  # HIL_RNNPOOL_SEQUENCES of rnnpool_shape.h


def pool_f32(name: str, pool: Pool, stride: int, out_height: int, out_width: int) -> CellSource:
    """A ``struct hil_rnnpool_f32`` with its cells."""
    cells = [cell_f32(f"{name}_first", pool.first), cell_f32(f"{name}_second", pool.second)]
    return _pool("f32", name, cells, pool.shape.channels, pool.shape.patch, stride, out_height, out_width)


def pool_fixed(name: str, pool: FixedPool, stride: int, out_height: int, out_width: int) -> CellSource:
    """A ``struct hil_rnnpool_fixed`` with its cells."""
    cells = [cell_fixed(f"{name}_first", pool.first), cell_fixed(f"{name}_second", pool.second)]
    return _pool("fixed", name, cells, pool.first.features, pool.patch, stride, out_height, out_width)


def cell_scratch(shape: CellShape, sequences: int) -> int:
    """Elements of scratch for a cell: HIL_CELL_SCRATCH of cell_shape.h."""
    parts = (shape.rank_w, shape.rank_u, shape.hidden * sequences, shape.hidden)
    return sum(part + part % 2 for part in parts)


def pool_scratch(shape: PoolShape, sequences: int) -> int:
    """Elements of scratch for either cell: ``sequences`` of the first in lock step, 4 of the second."""
    return max(cell_scratch(shape.first, sequences), cell_scratch(shape.second, 4))


def scratch_check(shape: PoolShape, sequences: int, elements: int) -> str:
    """C that fails to compile where the kernels need more than ``elements``."""
    return "".join(
        f'_Static_assert({scratch(cell, count)} <= {elements}, "scratch is too small");\n'
        for cell, count in ((shape.first, sequences), (shape.second, 4))
    )


def source_f32(spec: ModelSpec, model: RnnPoolWeights) -> str:
    """float32: takes the patch as it is."""
    pool = pool_f32("pool", model.pool, model.pool.shape.patch, 1, 1)
    classifier = None
    if model.classifier is not None:
        classifier = ctext.float_matrix("classifier", [model.classifier], model.classifier_bias)
    return _source(spec, Precision.F32, pool, classifier)


def source_fixed(spec: ModelSpec, model: FixedRnnPool, precision: Precision) -> str:
    """q15 or q7: takes a patch that the host quantised."""
    pool = pool_fixed("pool", model.pool, model.pool.patch, 1, 1)
    classifier = None if model.classifier is None else ctext.fixed_matrix("classifier", model.classifier)
    return _source(spec, precision, pool, classifier)


def _pool(
    suffix: str,
    name: str,
    cells: list[CellSource],
    channels: int,
    patch: int,
    stride: int,
    out_height: int,
    out_width: int,
) -> CellSource:
    shape = ctext.struct(f"hil_rnnpool_{suffix}", name, [
        ("shape.channels", channels),
        ("shape.out_height", out_height),
        ("shape.out_width", out_width),
        ("shape.patch", patch),
        ("shape.stride", stride),
        ("first", f"&{name}_first"),
        ("second", f"&{name}_second"),
    ])  # fmt: skip
    headers = [header for cell in cells for header in cell.headers]
    return CellSource("\n".join([*(cell.text for cell in cells), shape]), (f"rnnpool_{suffix}.h", *headers))


def _source(
    spec: ModelSpec, precision: Precision, pool: CellSource, classifier: tuple[str, str] | None
) -> str:
    net = spec.network
    suffix, dtype = ("f32", np.float32) if precision is Precision.F32 else ("fixed", np.int16)
    c_type = ctext.C_TYPES[np.dtype(dtype).name]
    patch, outputs = net.shape.patch, net.shape.outputs
    elements = pool_scratch(net.shape, 2 * patch)
    parts, headers = [pool.text], [*pool.headers]
    values, finish = "output", ""
    if classifier is not None:
        parts.append(classifier[0])
        headers.append(classifier[1])
        values = "values"
        finish = "    classifier.project(&classifier, values, NULL, output);\n"
    definitions = "\n".join(parts)
    held = f"static _Alignas(4) {c_type} values[{outputs}];\n" if classifier is not None else ""
    held += f"static _Alignas(4) {c_type} states[{2 * patch * net.shape.first.hidden}];\n"
    return f"""{ctext.includes(headers)}

{definitions}
{ctext.buffers(spec, dtype, dtype)}{held}static _Alignas(4) {c_type} scratch[{elements}];
{scratch_check(net.shape, 2 * patch, elements)}
static int run(uint32_t steps)
{{
    (void)steps;
    const int status = hil_rnnpool_{suffix}_patch(&pool, input, {net.features}, states, scratch, {values});
    if (status < 0) {{
        return status;
    }}
{finish}    return 0;
}}

{ctext.model_struct(spec, precision, dtype, dtype)}"""
