"""In which order a pool takes its cases: so that its boards end together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

from hil.bench.attempt import Wanted
from hil.bench.plan import Case
from hil.errors import HilError
from hil.models.catalog import find_model
from hil.models.spec import ModelSpec
from hil.models.vectors import count_vectors
from hil.values import Precision

K = TypeVar("K", bound=Hashable)

# Instructions per multiply-accumulate.
_PER_MAC: Mapping[str, float] = {Precision.F32: 2.5, Precision.Q15: 1.3, Precision.Q7: 1.8}


def longest_first(wants: Mapping[K, Case], wanted: Wanted) -> dict[K, Case]:
    """The cases by what they will take: those over the UART first, and the others from the longest on.

    That is a guess from vectors, multiply-accumulates and precision; what cannot be read comes last.
    """
    macs: dict[str, int] = {}  # no two models of a run have the same name

    def cost(case: Case) -> float:
        if case.model not in macs:
            macs[case.model] = _macs(case.own or case.model, wanted)
        return macs[case.model] * _PER_MAC.get(case.precision, 1.0)

    keys = sorted(wants, key=lambda key: (not wants[key].over_uart, -cost(wants[key])))
    return {key: wants[key] for key in keys}


def _macs(model: ModelSpec | str, wanted: Wanted) -> int:
    """Multiply-accumulates of all vectors that are wanted; 0 where they cannot be told."""
    try:
        spec = find_model(model) if isinstance(model, str) else model
        count = wanted.count(spec.vectors)
        held = count_vectors(spec)
    except HilError:  # whoever runs it tells
        return 0
    return (spec.macs or 0) * (held if count is None else min(held, count))
