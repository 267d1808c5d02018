"""Where a network's maps lie in memory while it runs: a pure function of its description.

A layer before an RNNPool that makes its map row by row is not run whole: each row goes into the pool as it is
made, so the map before the pool is held one row at a time. All other maps lie alternately at the low and the
high end of one arena; what a stage needs besides lies between its input and its output. The image and the
output of the network have buffers of their own, which the runtime fills and reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hil.models.convnet.network import ConvNet, Layer
from hil.models.rnnpool.export import pool_scratch
from hil.values import Precision

ALIGNMENT = 8  # bytes
_ROW_BY_ROW = ("conv", "pointwise", "depthwise")


@dataclass(frozen=True)
class Buffer:
    """A piece of the arena: ``offset`` and ``elements``, both in elements."""

    name: str
    offset: int
    elements: int


@dataclass(frozen=True)
class Stage:
    """One step of an inference: ``layer``, and the ``producer`` whose rows stream into it.

    ``source`` and ``target`` are its maps, None for the image and for the network's output.
    """

    layer: Layer
    producer: Layer | None
    source: Buffer | None
    target: Buffer | None
    held: tuple[Buffer, ...]

    def offset(self, name: str) -> int:
        """Where what it holds under that name lies."""
        return next(buffer.offset for buffer in self.held if buffer.name == name)


@dataclass(frozen=True)
class Plan:
    """The stages in order; sizes in bytes."""

    stages: tuple[Stage, ...]
    element: int
    arena: int
    image: int
    output: int

    @property
    def peak(self) -> int:
        """All static memory of an inference: image, arena, output."""
        return self.image + self.arena + self.output


def make_plan(net: ConvNet, precision: Precision, *, streamed: bool = True) -> Plan:
    """Lay a network out; not ``streamed`` is the plain order, with every map whole."""
    element = 4 if precision is Precision.F32 else 2
    steps = _steps(net.layers, streamed)
    needs = [_needs(layer, producer) for layer, producer in steps]
    last = len(steps) - 1
    sizes = [0 if number == last else layer.after.elements for number, (layer, _) in enumerate(steps)]
    grain = ALIGNMENT // element
    totals = [
        sum(_aligned(size, grain) for _, size in need)
        + _aligned(sizes[number], grain)
        + (_aligned(sizes[number - 1], grain) if number else 0)
        for number, need in enumerate(needs)
    ]
    arena = max(totals)
    stages: list[Stage] = []
    source: Buffer | None = None
    for number, (layer, producer) in enumerate(steps):
        target = _target(layer.name, sizes[number], number, arena, grain)
        low = source if number % 2 else target  # targets lie low and high in turn, the first one low
        free = _aligned(low.elements, grain) if low is not None else 0
        held = _place(needs[number], free, grain)
        stages.append(Stage(layer, producer, source, target, held))
        source = target
    return Plan(tuple(stages), element, arena * element, net.input.elements, net.outputs * element)


def _steps(layers: Sequence[Layer], streamed: bool) -> list[tuple[Layer, Layer | None]]:
    """Each layer with the producer that streams into it; a producer is no step of its own."""
    steps: list[tuple[Layer, Layer | None]] = []
    for number, layer in enumerate(layers):
        following = layers[number + 1].kind if number + 1 < len(layers) else ""
        if streamed and following == "rnnpool" and layer.kind in _ROW_BY_ROW:
            continue
        before = layers[number - 1] if number else None
        streams = streamed and layer.kind == "rnnpool" and before is not None and before.kind in _ROW_BY_ROW
        steps.append((layer, before if streams else None))
    return steps


def _needs(layer: Layer, producer: Layer | None) -> list[tuple[str, int]]:
    """What a stage holds besides its maps: names and elements."""
    needs = _gathered(layer)
    if layer.pool is None:
        return needs
    width = (layer.after.width - 1) * layer.stride + layer.kernel
    overlap = -(-layer.kernel // layer.stride)
    hidden = layer.pool.first.hidden
    if producer is not None or layer.pad:
        needs.append(("row", (layer.before.width + 2 * layer.pad) * layer.before.channels))
    needs += [
        ("rows", layer.kernel * _aligned(layer.after.width * hidden, 2)),
        ("columns", overlap * _aligned(width * hidden, 2)),
        ("scratch", pool_scratch(layer.pool)),
    ]
    return needs + (_gathered(producer) if producer is not None else [])


def _gathered(layer: Layer) -> list[tuple[str, int]]:
    """The window that a convolution gathers before it multiplies."""
    return [("patch", layer.kernel**2 * layer.before.channels)] if gathers(layer) else []


def gathers(layer: Layer) -> bool:
    """Whether a layer's windows are copied; a single pixel is used where it lies, unless it is of bytes."""
    return layer.kind == "conv" and (layer.number == 0 or layer.kernel > 1)


def _target(name: str, elements: int, number: int, arena: int, grain: int) -> Buffer | None:
    if elements == 0:
        return None
    return Buffer(name, arena - _aligned(elements, grain) if number % 2 else 0, elements)


def _place(needs: Sequence[tuple[str, int]], free: int, grain: int) -> tuple[Buffer, ...]:
    held = []
    for name, elements in needs:
        held.append(Buffer(name, free, elements))
        free += _aligned(elements, grain)
    return tuple(held)


def _aligned(elements: int, grain: int) -> int:
    return -(-elements // grain) * grain
