"""Where a network's maps lie in memory while it runs: a pure function of its description.

A layer that makes its map row by row can stream: each row goes into the next layer as it is made, and the map
between the two never exists whole. An RNNPool takes the rows one at a time and keeps states, so whatever can
streams into it. A depthwise layer needs as many rows as its window has; there a layer streams where that
makes the arena smaller. All other maps lie alternately at the low and the high end of one arena; what a stage
needs besides lies between its input and its output. The image and the output of the network have buffers of
their own, which the runtime fills and reads.
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
    grain = ALIGNMENT // element
    steps = _steps(net.layers, _streams(net.layers, grain) if streamed else set())
    arena = max(_total(net.layers, step, grain) for step in steps)
    stages: list[Stage] = []
    source: Buffer | None = None
    for number, (layer, producer) in enumerate(steps):
        elements = _made(net.layers, layer)
        target = _target(layer.name, elements, number, arena, grain)
        low = source if number % 2 else target  # targets lie low and high in turn, the first one low
        free = _aligned(low.elements, grain) if low is not None else 0
        stages.append(Stage(layer, producer, source, target, _place(_needs(layer, producer), free, grain)))
        source = target
    return Plan(tuple(stages), element, arena * element, net.input.elements, net.outputs * element)


Step = tuple[Layer, Layer | None]  # a layer, and the producer whose rows stream into it


def _steps(layers: Sequence[Layer], streams: set[int]) -> list[Step]:
    """Each layer but the producers of those in ``streams``, which are no steps of their own."""
    return [
        (layer, layers[number - 1] if number in streams else None)
        for number, layer in enumerate(layers)
        if number + 1 not in streams
    ]


def _streams(layers: Sequence[Layer], grain: int) -> set[int]:
    """The numbers of the layers into which the one before streams."""
    able = [number for number in range(1, len(layers)) if layers[number - 1].kind in _ROW_BY_ROW]
    pools = {number for number in able if layers[number].kind == "rnnpool"}
    chosen = set(pools)
    for number in able:
        free = not {number - 1, number + 1} & chosen
        together = _total(layers, (layers[number], layers[number - 1]), grain)
        if layers[number].kind == "depthwise" and free and together < _apart(layers, number, grain):
            chosen.add(number)
    arena = max(_total(layers, step, grain) for step in _steps(layers, chosen))
    return pools | {number for number in chosen if _apart(layers, number, grain) > arena}


def _apart(layers: Sequence[Layer], number: int, grain: int) -> int:
    """What the larger of a layer and the one before needs of the arena when neither streams."""
    return max(_total(layers, (layers[one], None), grain) for one in (number - 1, number))


def _total(layers: Sequence[Layer], step: Step, grain: int) -> int:
    """What one step needs of the arena: its input, its output, and what it holds besides."""
    layer, producer = step
    begins = (producer or layer).number
    taken = _made(layers, layers[begins - 1]) if begins else 0
    sizes = [taken, _made(layers, layer), *(elements for _, elements in _needs(layer, producer))]
    return sum(_aligned(size, grain) for size in sizes)


def _made(layers: Sequence[Layer], layer: Layer) -> int:
    """Elements of a layer's output in the arena: none of the last one's."""
    return 0 if layer is layers[-1] else layer.after.elements


def _needs(layer: Layer, producer: Layer | None) -> list[tuple[str, int]]:
    """What a stage holds besides its maps: names and elements."""
    pitch = layer.before.width * layer.before.channels
    needs = _gathered(layer if producer is None else producer)
    if layer.pool is None:
        return needs if producer is None else [("band", layer.kernel * pitch), *needs]
    if producer is not None or layer.pad:
        needs.append(("row", pitch + 2 * layer.pad * layer.before.channels))
    width = (layer.after.width - 1) * layer.stride + layer.kernel
    overlap = -(-layer.kernel // layer.stride)
    hidden = layer.pool.first.hidden
    return [
        *needs,
        ("rows", layer.kernel * _aligned(layer.after.width * hidden, 2)),
        ("columns", overlap * _aligned(width * hidden, 2)),
        ("scratch", pool_scratch(layer.pool)),
    ]


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
