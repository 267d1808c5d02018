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

Fields = list[tuple[str, object]]

SEQUENCES, PATCHES = 16, 4  # HIL_RNNPOOL_SEQUENCES and HIL_RNNPOOL_PATCHES of rnnpool_shape.h


def pool_f32(name: str, pool: Pool, stride: int, out_height: int, out_width: int) -> CellSource:
    """A ``struct hil_rnnpool_f32`` with its cells."""
    cells = [cell_f32(f"{name}_first", pool.first), cell_f32(f"{name}_second", pool.second)]
    fields = _shape(pool.shape.channels, pool.shape.patch, stride, out_height, out_width)
    return _pool("f32", name, cells, fields, ["rnnpool_f32.h"])


def pool_fixed(name: str, pool: FixedPool, stride: int, out_height: int, out_width: int) -> CellSource:
    """A ``struct hil_rnnpool_fixed`` with its cells."""
    cells = [cell_fixed(f"{name}_first", pool.first), cell_fixed(f"{name}_second", pool.second)]
    many = f"many_{pool.first.mix.precision}"
    fields = _shape(pool.first.features, pool.patch, stride, out_height, out_width)
    return _pool("fixed", name, cells, [*fields, ("many", f"hil_{many}")], ["rnnpool_fixed.h", f"{many}.h"])


def cell_scratch(shape: CellShape, sequences: int) -> int:
    """Elements of scratch for a cell: HIL_CELL_SCRATCH of cell_shape.h."""
    parts = (shape.rank_w, shape.rank_u, shape.hidden * sequences, shape.hidden)
    return sum(part + part % 2 for part in parts)


def pool_scratch(shape: PoolShape, patches: int = PATCHES) -> int:
    """Elements of scratch for either cell, as rnnpool_fixed.h says; ``patches`` is 1 for a block alone."""
    second = cell_scratch(shape.second, 4 * patches)
    held = 4 * patches * shape.second.hidden if patches > 1 else 0
    return max(cell_scratch(shape.first, SEQUENCES), second + held)


def scratch_check(shape: PoolShape, patches: int = PATCHES) -> str:
    """C that fails to compile where the kernels need more than ``pool_scratch``."""
    second = shape.second
    sizes = [
        scratch(shape.first, SEQUENCES),
        f"HIL_RNNPOOL_SCRATCH({second.hidden}, {second.rank_w}, {second.rank_u}, {patches})",
    ]
    elements = pool_scratch(shape, patches)
    return "".join(f'_Static_assert({size} <= {elements}, "scratch is too small");\n' for size in sizes)


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


def _shape(channels: int, patch: int, stride: int, out_height: int, out_width: int) -> Fields:
    return [
        ("shape.channels", channels),
        ("shape.out_height", out_height),
        ("shape.out_width", out_width),
        ("shape.patch", patch),
        ("shape.stride", stride),
    ]


def _pool(suffix: str, name: str, cells: list[CellSource], fields: Fields, headers: list[str]) -> CellSource:
    all_fields = [*fields, ("first", f"&{name}_first"), ("second", f"&{name}_second")]
    text = [*(cell.text for cell in cells), ctext.struct(f"hil_rnnpool_{suffix}", name, all_fields)]
    return CellSource("\n".join(text), (*headers, *(header for cell in cells for header in cell.headers)))


def _source(
    spec: ModelSpec, precision: Precision, pool: CellSource, classifier: tuple[str, str] | None
) -> str:
    net = spec.network
    suffix, dtype = ("f32", np.float32) if precision is Precision.F32 else ("fixed", np.int16)
    c_type = ctext.C_TYPES[np.dtype(dtype).name]
    patch, outputs = net.shape.patch, net.shape.outputs
    lane = patch * net.shape.first.hidden
    parts, headers = [pool.text], [*pool.headers]
    values, finish = "output", ""
    if classifier is not None:
        parts.append(classifier[0])
        headers.append(classifier[1])
        values = "values"
        finish = "    classifier.project(&classifier, values, NULL, output);\n"
    definitions = "\n".join(parts)
    held = f"static _Alignas(4) {c_type} values[{outputs}];\n" if classifier is not None else ""
    held += f"static _Alignas(4) {c_type} states[{2 * (lane + lane % 2)}];\n"
    return f"""{ctext.includes(headers)}

{definitions}
{ctext.buffers(spec, dtype, dtype)}{held}static _Alignas(4) {c_type} scratch[{pool_scratch(net.shape, 1)}];
{scratch_check(net.shape, 1)}
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
