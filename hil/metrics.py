"""The lab's metrics: their names, titles and units, how their values compare, and which technique is finer.

Code that takes a measure makes it from one of these, and what shows or compares values looks them up by name:
nothing of it is said anywhere else. A name that is not here is a user's own, and as much is known of it as it
says itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING

from hil.values import Measure, Method, Samples

if TYPE_CHECKING:  # numpy is slow to import
    import numpy as np
    import numpy.typing as npt


class Better(StrEnum):
    """Which way a metric gets better."""

    LOWER = "lower"
    HIGHER = "higher"


@dataclass(frozen=True)
class Metric:
    """What the values of one name are.

    ``unit`` is empty for a user's own metric, whose measures alone tell. ``title`` stands on pages,
    ``column`` over a column of a run's table (None: it has none). ``better``: None where neither way is.
    ``exact`` are the methods by which the same image and vectors give the same value in every run, so that
    any change is one; by all others there is noise. ``share``: from 0 to 1, and told in percent. From
    ``whole_from`` on pages show no parts of the unit. ``of_vectors``: it depends on which vectors ran.
    ``per_vector``: its samples are values of single vectors, in their order; else of repeats, of which the
    first of one session has nothing to do with that of another. ``techniques`` obtain the same thing, from
    coarse to fine.
    """

    name: str
    unit: str
    title: str
    column: str | None = None
    better: Better | None = None
    exact: frozenset[Method] = frozenset()
    share: bool = False
    whole_from: float = inf
    of_vectors: bool = True
    per_vector: bool = True
    techniques: tuple[str, ...] = ()

    def finer(self, technique: str) -> tuple[str, ...]:
        """The techniques that obtain what this one does, but finer; tables then show those alone."""
        if technique not in self.techniques:
            return ()
        return self.techniques[self.techniques.index(technique) + 1 :]

    def measure(
        self,
        value: float,
        method: Method,
        technique: str,
        resolution: float | None = None,
        band: tuple[float, float] | None = None,
        conditions: Mapping[str, str | float] | None = None,
    ) -> Measure:
        """A value of this metric, in its unit."""
        return Measure(
            self.name, value, self.unit, method, technique, resolution, band, dict(conditions or {})
        )

    def samples(
        self,
        values: npt.NDArray[np.generic],
        method: Method,
        technique: str,
        resolution: float | None = None,
    ) -> Samples:
        """Values of this metric, one per vector or repeat, in its unit."""
        return Samples(self.name, values, self.unit, method, technique, resolution)


@dataclass(frozen=True)
class Tier:
    """A way through a two-tier model; what it costs is called after its metric, with a ``suffix``.

    ``title`` and ``told`` say which way it is, the latter of a sentence on the upper tier.
    """

    suffix: str
    title: str
    told: str

    def of(self, metric: Metric) -> Metric:
        """The metric of what the vectors cost that went this way."""
        title = f"{metric.title}, {self.title}"
        return replace(metric, name=metric.name + self.suffix, title=title, column=None)


LOWER_TIER = Tier("_lower", "lower tier alone", "without it")
BOTH_TIERS = Tier("_both", "both tiers", "with it")
TIERS = (LOWER_TIER, BOTH_TIERS)

_COUNTED = frozenset({Method.COUNTED})
_REPEATING = frozenset({Method.COUNTED, Method.ESTIMATED})  # a cycle model knows no noise
_MODELLED = frozenset({Method.MODELLED})  # the same cycles at the same currents, up to a sample
_LOW, _HIGH = Better.LOWER, Better.HIGHER


def _seconds(name: str, title: str, of_vectors: bool = False) -> Metric:
    return Metric(name, "s", title, better=_LOW, of_vectors=of_vectors)


def _power(
    name: str,
    unit: str,
    title: str,
    column: str | None = None,
    better: Better | None = None,
    of_vectors: bool = True,
) -> Metric:
    """What a power probe tells, in windows."""
    return Metric(
        name, unit, title, column, better, _MODELLED,
        whole_from=1000, of_vectors=of_vectors, per_vector=False,
    )  # fmt: skip


ACCURACY = Metric("accuracy", "1", "Accuracy", "accuracy", _HIGH, _COUNTED, share=True)
MEAN_ABSOLUTE_ERROR = Metric(
    "mean_absolute_error", "1", "Mean absolute error", "mean abs. error", _LOW, _COUNTED
)
R_SQUARED = Metric("r_squared", "1", "R²", "R²", _HIGH, _COUNTED)
GOLDEN_EXACT = Metric("golden_exact", "1", "Golden", None, _HIGH, _COUNTED, share=True)
# Samples alone: they tell which vectors changed their class.
PREDICTED = Metric("predicted", "1", "Predicted class", None, None, _COUNTED)
VECTORS = Metric("vectors", "1", "Vectors", None, None, _COUNTED, of_vectors=False)
INSTRUCTIONS = Metric(
    "instructions", "instructions", "Instructions", "instructions", _LOW, _REPEATING,
    techniques=("timer", "plugin"),
)  # fmt: skip
LATENCY_US = Metric("latency_us", "us", "Latency", "latency us", _LOW, _REPEATING, whole_from=1000)
LATENCY_CYCLES = Metric("latency_cycles", "cycles", "Cycles", "cycles", _LOW, _REPEATING)
ENERGY_PER_INFERENCE = _power("energy_per_inference", "uJ", "Energy per inference", "energy uJ", _LOW)
ENERGY_NET_PER_INFERENCE = _power("energy_net_per_inference", "uJ", "Energy above idle", better=_LOW)
# A faster image may take more power for less energy: neither way is better.
POWER_AVG = _power("power_avg", "mW", "Average power")
CURRENT_AVG = _power("current_avg", "mA", "Average current")
CURRENT_PEAK = _power("current_peak", "mA", "Peak current", better=_LOW)
CURRENT_IDLE = _power("current_idle", "mA", "Idle current", better=_LOW, of_vectors=False)
CASCADE_RATE = Metric("cascade_rate", "1", "Upper tier ran", None, None, _COUNTED, share=True)
FLASH_BYTES = Metric("flash_bytes", "B", "Flash", "flash B", _LOW, _COUNTED, of_vectors=False)
RAM_BYTES = Metric("ram_bytes", "B", "RAM", "RAM B", _LOW, _COUNTED, of_vectors=False)
STACK_BYTES = Metric(
    "stack_bytes", "B", "Stack", "stack B", _LOW, _COUNTED, techniques=("painted", "tracked")
)
STACK_MODEL_BYTES = Metric(
    "stack_model_bytes", "B", "Stack, model alone", None, _LOW, _COUNTED, techniques=("painted", "tracked")
)
CONNECT_S = _seconds("connect_s", "Connect")
PROGRAM_S = _seconds("program_s", "Program")
VERIFY_S = _seconds("verify_s", "Verify")
HANDSHAKE_S = _seconds("handshake_s", "Handshake")
STREAM_S = _seconds("stream_s", "Stream", of_vectors=True)
# A fixed piece of work on the host, which its clock's other times are divided by where they are compared.
REFERENCE_S = Metric("reference_s", "s", "Reference workload", of_vectors=False)
LINK_LOST = Metric("link_lost", "1", "Frames lost", better=_LOW)
LINK_DAMAGED = Metric("link_damaged", "1", "Damaged stretches", better=_LOW)
LINK_WIRE_BYTES = Metric("link_wire_bytes", "B", "Bytes on the wire", better=_LOW)

# In the order of a run's table.
METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        ACCURACY,
        MEAN_ABSOLUTE_ERROR,
        R_SQUARED,
        GOLDEN_EXACT,
        PREDICTED,
        VECTORS,
        INSTRUCTIONS,
        LATENCY_US,
        LATENCY_CYCLES,
        ENERGY_PER_INFERENCE,
        ENERGY_NET_PER_INFERENCE,
        POWER_AVG,
        CURRENT_AVG,
        CURRENT_PEAK,
        CURRENT_IDLE,
        CASCADE_RATE,
        FLASH_BYTES,
        RAM_BYTES,
        STACK_BYTES,
        STACK_MODEL_BYTES,
        CONNECT_S,
        PROGRAM_S,
        VERIFY_S,
        HANDSHAKE_S,
        STREAM_S,
        REFERENCE_S,
        LINK_LOST,
        LINK_DAMAGED,
        LINK_WIRE_BYTES,
    )
}

# Those that the dashboard's first page has columns for, in their order.
MATRIX = (
    ACCURACY,
    MEAN_ABSOLUTE_ERROR,
    R_SQUARED,
    GOLDEN_EXACT,
    LATENCY_US,
    LATENCY_CYCLES,
    INSTRUCTIONS,
    ENERGY_PER_INFERENCE,
    FLASH_BYTES,
    RAM_BYTES,
    STACK_BYTES,
    STREAM_S,
)

# Those of a session whose board has a power probe.
ENERGY = (
    ENERGY_PER_INFERENCE,
    ENERGY_NET_PER_INFERENCE,
    POWER_AVG,
    CURRENT_AVG,
    CURRENT_PEAK,
    CURRENT_IDLE,
)

_SIGNS = {"1": "", "instructions": "", "cycles": "", "us": "µs", "uJ": "µJ"}


@lru_cache
def lookup(name: str) -> Metric:
    """The metric of a name: one of the lab's, or what a user's own says of itself.

    Of a user's own nothing is exact, no way is better and no technique finer; its title is made of its name.
    """
    if name in METRICS:
        return METRICS[name]
    for tier in TIERS:
        if (of := METRICS.get(name.removesuffix(tier.suffix))) is not None:
            return tier.of(of)
    words = name.removesuffix("_bytes").removesuffix("_s").replace("_", " ")
    return Metric(name, "", words[:1].upper() + words[1:])


def unit_sign(unit: str) -> str:
    """A stored unit as it stands behind a value; empty when a metric's title already says it."""
    return _SIGNS.get(unit, unit)
