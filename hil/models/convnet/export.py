"""Convolution networks as C, over one arena that ``hil.models.convnet.plan`` lays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hil.models import ctext
from hil.models.cell.export import CellSource
from hil.models.convnet.golden_fixed import FixedAffine, FixedAverage, FixedConvNet
from hil.models.convnet.network import ConvNetWeights, Layer
from hil.models.convnet.plan import Buffer, Plan, Stage, gathers, make_plan
from hil.models.fixed import FixedMatrix
from hil.models.rnnpool.export import pool_f32, pool_fixed, scratch_check
from hil.models.rnnpool.golden_fixed import FixedPool
from hil.values import Precision

if TYPE_CHECKING:
    from hil.models.spec import ModelSpec

Fields = Sequence[tuple[str, object]]


@dataclass(frozen=True)
class LayerSource:
    """C that defines one layer, the headers of kernels/ that it needs, and a number that its call takes."""

    text: str
    headers: tuple[str, ...]
    number: str = ""


def source_f32(spec: ModelSpec, model: ConvNetWeights) -> str:
    """float32: takes bytes."""
    layers = [_layer_f32(model, layer) for layer in model.network.layers]
    return _source(spec, Precision.F32, layers)


def source_fixed(spec: ModelSpec, model: FixedConvNet, precision: Precision) -> str:
    """q15 or q7: takes bytes."""
    layers = [
        _layer_fixed(layer, fixed, model.network.mean, precision)
        for layer, fixed in zip(model.network.layers, model.layers, strict=True)
    ]
    return _source(spec, precision, layers)


def _layer_f32(model: ConvNetWeights, layer: Layer) -> LayerSource:
    if layer.number in model.pools:
        pool = pool_f32(layer.name, model.pools[layer.number], layer.stride, *_places(layer))
        return _pool(layer, pool)
    if layer.kind == "max":
        return LayerSource(ctext.struct("hil_window", layer.name, _window(layer)), ("pool_f32.h",))
    if layer.kind == "average":
        share = np.float32(1.0 / (layer.before.height * layer.before.width))
        return LayerSource("", ("pool_f32.h",), ctext.literal(share))
    affine = model.affine[layer.number]
    weight = affine.weight.reshape(layer.after.channels, -1)
    if layer.number == 0:
        weight = (weight.astype(np.float64) / model.network.std).astype(np.float32)
    limits = [("low", "-HIL_NO_LIMIT"), ("high", "HIL_NO_LIMIT")]
    if layer.relu is not None:
        high = ctext.literal(np.float32(layer.relu)) if layer.relu else "HIL_NO_LIMIT"
        limits = [("low", "0.0f"), ("high", high)]
    if layer.kind == "depthwise":
        fields = [("bias", f"{layer.name}_bias"), ("weights", f"{layer.name}_weights"), *limits]
        parts = [
            ctext.array(f"{layer.name}_bias", affine.bias),
            ctext.array(f"{layer.name}_weights", np.ascontiguousarray(weight.T)),
            ctext.struct("hil_depthwise_f32", layer.name, [*_window(layer, "window."), *fields]),
        ]
        return LayerSource("\n".join(parts), ("depthwise_f32.h",))
    gather = "hil_gather_u8_f32" if layer.number == 0 else "hil_gather_f32"
    extra = [("mean", ctext.literal(np.float32(model.network.mean)))] if layer.number == 0 else []
    matrix, header = ctext.float_matrix(f"{layer.name}_matrix", [weight], affine.bias)
    return _conv("f32", layer, matrix, header, gather, [*extra, *limits])


def _layer_fixed(layer: Layer, fixed: object, mean: int, precision: Precision) -> LayerSource:
    if isinstance(fixed, FixedPool):
        return _pool(layer, pool_fixed(layer.name, fixed, layer.stride, *_places(layer)))
    if isinstance(fixed, FixedAverage):
        return LayerSource("", ("pool_fixed.h",), str(fixed.multiplier))
    if not isinstance(fixed, FixedAffine):
        return LayerSource(ctext.struct("hil_window", layer.name, _window(layer)), ("pool_fixed.h",))
    relu = [("relu", int(layer.relu is not None))]
    if layer.kind == "depthwise":
        return _depthwise_fixed(layer, fixed.matrix, precision, relu)
    gather = "hil_gather_u8_fixed" if layer.number == 0 else "hil_gather_fixed"
    extra = [("mean", mean)] if layer.number == 0 else []
    matrix, header = ctext.fixed_matrix(f"{layer.name}_matrix", fixed.matrix)
    return _conv("fixed", layer, matrix, header, gather, [*extra, *relu])


def _depthwise_fixed(layer: Layer, matrix: FixedMatrix, precision: Precision, relu: Fields) -> LayerSource:
    channels = layer.after.channels
    bias = matrix.bias if matrix.bias is not None else np.zeros(channels, dtype=np.int32)
    arrays = {
        "multipliers": np.broadcast_to(matrix.multipliers, channels).astype(np.int32),
        "bias": bias,
        "weights": np.ascontiguousarray(matrix.first.T),
    }
    parts = [ctext.array(f"{layer.name}_{name}", values) for name, values in arrays.items()]
    fields = [
        *_window(layer, "window."),
        *((name, f"{layer.name}_{name}") for name in arrays),
        ("pixel", f"hil_depthwise_{precision}"),
        *relu,
    ]
    parts.append(ctext.struct("hil_depthwise_fixed", layer.name, fields))
    return LayerSource("\n".join(parts), ("depthwise_fixed.h",))


def _conv(suffix: str, layer: Layer, matrix: str, header: str, gather: str, extra: Fields) -> LayerSource:
    fields = [
        *_window(layer, "window."),
        ("matrix", f"&{layer.name}_matrix"),
        ("gather", gather if gathers(layer) else None),
        *extra,
    ]
    if layer.kind == "dense":
        return LayerSource(matrix, (header, "rectify.h" if suffix == "fixed" else "clip_f32.h"))
    text = "\n".join([matrix, ctext.struct(f"hil_conv_{suffix}", layer.name, fields)])
    return LayerSource(text, (header, f"conv_{suffix}.h"))


def _pool(layer: Layer, source: CellSource) -> LayerSource:
    assert layer.pool is not None
    return LayerSource(f"{source.text}{scratch_check(layer.pool)}", source.headers)


def _places(layer: Layer) -> tuple[int, int]:
    return layer.after.height, layer.after.width


def _window(layer: Layer, prefix: str = "") -> Fields:
    return [
        (f"{prefix}height", layer.before.height),
        (f"{prefix}width", layer.before.width),
        (f"{prefix}channels", layer.before.channels),
        (f"{prefix}out_height", layer.after.height),
        (f"{prefix}out_width", layer.after.width),
        (f"{prefix}kernel", layer.kernel),
        (f"{prefix}stride", layer.stride),
        (f"{prefix}pad", layer.pad),
    ]


def _source(spec: ModelSpec, precision: Precision, layers: Sequence[LayerSource]) -> str:
    net = spec.network
    plan = make_plan(net, precision)
    dtype = np.float32 if precision is Precision.F32 else np.int16
    c_type = ctext.C_TYPES[np.dtype(dtype).name]
    headers = [header for layer in layers for header in layer.headers]
    headers += ["band.h"] * any(one.producer is not None and one.layer.pool is None for one in plan.stages)
    definitions = "\n".join(layer.text for layer in layers if layer.text)
    calls = _Calls(plan, precision, c_type, [layer.number for layer in layers])
    body = "".join(calls.stage(stage) for stage in plan.stages)
    return f"""{ctext.includes(headers)}

{definitions}
{ctext.buffers(spec, np.uint8, dtype)}static _Alignas(8) {c_type} arena[{plan.arena // plan.element}];

{calls.functions()}static int run(uint32_t steps)
{{
    (void)steps;
{body}    return 0;
}}

{ctext.model_struct(spec, precision, np.uint8, dtype)}"""


@dataclass(frozen=True)
class _Calls:
    """The calls of an inference."""

    plan: Plan
    precision: Precision
    c_type: str
    numbers: Sequence[str]

    @property
    def suffix(self) -> str:
        return "f32" if self.precision is Precision.F32 else "fixed"

    def functions(self) -> str:
        """One function for each stage that goes row by row."""
        pooling = {stage.layer.number: self._pooling(stage) for stage in self.plan.stages if stage.layer.pool}
        banded = {
            stage.layer.number: self._banded(stage, stage.producer)
            for stage in self.plan.stages
            if stage.producer is not None and stage.layer.pool is None
        }
        return "".join(text for _, text in sorted((pooling | banded).items()))

    def stage(self, stage: Stage) -> str:
        """The lines of one stage in ``run``."""
        layer, name = stage.layer, stage.layer.name
        source, target = _at(stage.source, "input"), _at(stage.target, "output")
        if layer.pool is not None:
            line = f"    const int {name}_status = run_{name}({source}, {target});\n"
            return f"{line}    if ({name}_status < 0) {{\n        return {name}_status;\n    }}\n"
        if stage.producer is not None:
            return f"    run_{name}({source}, {target});\n"
        if layer.kind == "dense":
            return f"    {name}_matrix.project(&{name}_matrix, {source}, NULL, {target});\n" + self._relu(
                layer, target
            )
        if layer.kind == "average":
            pixels = layer.before.height * layer.before.width
            sizes = f"{pixels}, {layer.before.channels}, {self.numbers[layer.number]}"
            return f"    hil_average_{self.suffix}({source}, {sizes}, {target});\n"
        if layer.kind == "max":
            return f"    hil_max_{self.suffix}(&{name}, {source}, {target});\n"
        return f"    {self._kernel(layer)}_run(&{name}, {source}, {target}{self._patch(stage, layer)});\n"

    def _pooling(self, stage: Stage) -> str:
        layer, name, producer = stage.layer, stage.layer.name, stage.producer
        held = "".join(
            f"        .{part} = arena + {stage.offset(part)},\n" for part in ("rows", "columns", "scratch")
        )
        rows = (layer.after.height - 1) * layer.stride + layer.kernel
        return f"""static int run_{name}(const {self._source_type(producer)} *map, {self.c_type} *out)
{{
    static const struct hil_rnnpool_{self.suffix}_state state = {{
{held}    }};
    for (uint32_t y = 0; y < {rows}; y++) {{
{self._row(stage)}        if (status < 0) {{
            return status;
        }}
    }}
    return 0;
}}

"""

    def _banded(self, stage: Stage, producer: Layer) -> str:
        layer, name = stage.layer, stage.layer.name
        pitch = layer.before.width * layer.before.channels
        out = f"out + y * {layer.after.width * layer.after.channels}"
        made = f"rows + (band.made - band.first) * {pitch}"
        return f"""static void run_{name}(const {self._source_type(producer)} *map, {self.c_type} *out)
{{
    {self.c_type} *const rows = arena + {stage.offset("band")};
    struct hil_band band = {{0, 0}};
    for (uint32_t y = 0; y < {layer.after.height}; y++) {{
        const uint32_t end = hil_band_move(&band, &{name}.window, y, rows, {pitch} * sizeof *rows);
        for (; band.made < end; band.made++) {{
            {self._produce(stage, producer, "band.made", made)}
        }}
        {self._kernel(layer)}_row(&{name}, rows, band.first, y, {out});
    }}
}}

"""

    def _produce(self, stage: Stage, producer: Layer, y: str, to: str) -> str:
        """The call that makes one row of a producer's map."""
        if producer.kind == "depthwise":
            return f"{self._kernel(producer)}_row(&{producer.name}, map, 0, {y}, {to});"
        return (
            f"{self._kernel(producer)}_row(&{producer.name}, map, {y}, {to}{self._patch(stage, producer)});"
        )

    def _source_type(self, producer: Layer | None) -> str:
        return "void" if producer is not None and producer.number == 0 else self.c_type

    def _row(self, stage: Stage) -> str:
        """Lines that make row y of the padded map and push it."""
        layer, producer = stage.layer, stage.producer
        shape, pad = layer.before, layer.pad
        pitch = shape.width * shape.channels
        push = (
            f"        const int status = hil_rnnpool_{self.suffix}_push(&{layer.name}, &state, y, %s, out);\n"
        )
        if producer is None and not pad:
            return push % f"map + y * {pitch}"
        row = f"arena + {stage.offset('row')}"
        inside = f"{row} + {pad * shape.channels}" if pad else row
        y = f"y - {pad}" if pad else "y"
        if producer is None:
            make = f"memcpy({inside}, map + ({y}) * {pitch}, {pitch} * sizeof *map);"
        else:
            make = self._produce(stage, producer, y, inside)
        if not pad:
            return f"        {make}\n" + push % row
        elements = (shape.width + 2 * pad) * shape.channels
        clear = f"        memset({row}, 0, {elements} * sizeof *arena);\n"
        inside = f"        if (y >= {pad} && y < {pad + shape.height}) {{\n            {make}\n        }}\n"
        return clear + inside + push % row

    def _relu(self, layer: Layer, target: str) -> str:
        if layer.relu is None:
            return ""
        if self.precision is not Precision.F32:
            return f"    hil_rectify_fixed({target}, {layer.after.channels});\n"
        high = ctext.literal(np.float32(layer.relu)) if layer.relu else "HIL_NO_LIMIT"
        return f"    hil_clip_f32({target}, {layer.after.channels}, 0.0f, {high});\n"

    def _kernel(self, layer: Layer) -> str:
        return f"hil_{'depthwise' if layer.kind == 'depthwise' else 'conv'}_{self.suffix}"

    def _patch(self, stage: Stage, layer: Layer) -> str:
        """The last argument of a convolution; a depthwise one gathers nothing."""
        if layer.kind == "depthwise":
            return ""
        return f", arena + {stage.offset('patch')}" if gathers(layer) else ", NULL"


def _at(buffer: Buffer | None, otherwise: str) -> str:
    return otherwise if buffer is None else f"arena + {buffer.offset}"
