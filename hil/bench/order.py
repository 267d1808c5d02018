"""In which order a pool takes its cases: so that its boards end together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

from hil.bench.attempt import Wanted
from hil.bench.plan import Case
from hil.errors import HilError
from hil.models.catalog import find_model
from hil.models.vectors import count_vectors
from hil.values import Precision

K = TypeVar("K", bound=Hashable)

# Instructions per multiply-accumulate, and how many an emulator does in a second: for the order alone.
_PER_MAC = {Precision.F32: 2.5, Precision.Q15: 1.3, Precision.Q7: 1.8}
_PER_S = 100e6
_START_S = 0.2  # of flashing, starting and evaluating


def longest_first(wants: Mapping[K, Case], wanted: Wanted) -> dict[K, Case]:
    """The cases by what they will take: those over the UART first, and the others from the longest on."""
    seconds = {key: estimated_s(case, wanted) for key, case in wants.items()}
    keys = sorted(wants, key=lambda key: (not wants[key].over_uart, -seconds[key]))
    return {key: wants[key] for key in keys}


def estimated_s(case: Case, wanted: Wanted) -> float:
    """What a case takes on an emulated board, roughly; the start alone where its model cannot be read."""
    try:
        spec = case.own or find_model(case.model)
        count = wanted.count(spec.vectors)
        held = count_vectors(spec)
        vectors = held if count is None else min(held, count)
        return _START_S + vectors * (spec.macs or 0) * _PER_MAC[Precision(case.precision)] / _PER_S
    except (HilError, ValueError):  # whoever runs it tells
        return _START_S
