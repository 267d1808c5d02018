"""What images of a seeded history consist of, and what was planted in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from hil.measure.memory import SymbolUse

KIND = "qemu_mps2_an386"
FUNCTIONS = (
    "model_run",
    "layer_run",
    "dot_product",
    "tanh_table",
    "sigmoid_table",
    "vec_scale",
    "requantise",
)
# They make the symbols of an image add up to its measures.
_RUNTIME = {"runtime_run": 2116, "link_receive": 1404, "start_up": 620, "(no symbol)": 2420}
_BUFFERS = {"ring": 8192, "received": 1432}


@dataclass(frozen=True)
class Planted:
    """From a run on (0 is the oldest) a metric is ``factor`` times what it was; None stands for every one.

    Cycles that are planted are spent in ``function``, bytes of flash in a symbol of its name. Of accuracy the
    first vectors change their class. What is not ``rebuilt`` is no change of the image, but of the bench.
    """

    run: int
    metric: str
    factor: float
    model: str | None = None
    precision: str | None = None
    board: str | None = None
    function: str = "dot_product"
    rebuilt: bool = True

    def concerns(self, run: int, case: Case) -> bool:
        """Whether it shows in a session."""
        pairs = ((self.model, case.model), (self.precision, case.precision), (self.board, case.board))
        return run >= self.run and all(wanted in (None, held) for wanted, held in pairs)


@dataclass(frozen=True)
class Case:
    """What one session of every run is of; ``size`` is what its figures grow with.

    ``weights`` are bytes in flash, None: as many as ``size``; ``state`` those in RAM beside the buffers.
    """

    board: str
    model: str
    precision: str
    size: int
    kind: str = KIND
    weights: int | None = None
    state: int = 6000

    @property
    def rodata(self) -> int:
        """The bytes of its weights."""
        return self.size if self.weights is None else self.weights


def factor(planted: Sequence[Planted], metric: str, run: int, case: Case) -> float:
    """How many times what it was before anything was planted."""
    return prod(one.factor for one in planted if one.metric == metric and one.concerns(run, case))


def bytes_of(case: Case, metric: str) -> int:
    """Of flash or RAM, before anything was planted."""
    return 12_000 + case.rodata if metric == "flash_bytes" else 9_624 + case.state


def symbols_of(case: Case, run: int, planted: Sequence[Planted]) -> tuple[SymbolUse, ...]:
    """Functions, weights and state; what was planted in flash and RAM lies in a symbol of its name."""
    found = [SymbolUse(name, ".text", 400 + 40 * place, 0) for place, name in enumerate(FUNCTIONS)]
    found += [SymbolUse(f"helper_{place:02}", ".text", 60 + place, 0) for place in range(25)]
    found += [SymbolUse(name, ".text", size, 0) for name, size in _RUNTIME.items()]
    found += [SymbolUse("weights", ".rodata", case.rodata, 0), SymbolUse("state", ".bss", 0, case.state)]
    found += [SymbolUse(name, ".bss", 0, size) for name, size in _BUFFERS.items()]
    for metric, flash in (("flash_bytes", True), ("ram_bytes", False)):
        more = round(bytes_of(case, metric) * (factor(planted, metric, run, case) - 1))
        if more:
            named = next(one.function for one in planted if one.metric == metric)
            name = (named if more > 0 else "weights") if flash else "state"
            at = next(place for place, one in enumerate(found) if one.name == name)
            held = found[at]
            found[at] = replace(
                held,
                flash_bytes=held.flash_bytes + more * flash,
                ram_bytes=held.ram_bytes + more * (not flash),
            )
    return tuple(sorted(found, key=lambda one: (-one.flash_bytes - one.ram_bytes, one.section, one.name)))
