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
            macs[case.model] = _macs(case, wanted)
        return macs[case.model] * _PER_MAC.get(case.precision, 1.0)

    keys = sorted(wants, key=lambda key: (not wants[key].over_uart, -cost(wants[key])))
    return {key: wants[key] for key in keys}


def wanted_vectors(case: Case, wanted: Wanted) -> int | None:
    """How many vectors of the case's model are to run; None where that cannot be told."""
    try:
        return _vectors(_spec(case), wanted)
    except HilError:  # whoever runs it tells
        return None


def _macs(case: Case, wanted: Wanted) -> int:
    """Multiply-accumulates of all vectors that are wanted; 0 where they cannot be told."""
    try:
        spec = _spec(case)
        return (spec.macs or 0) * _vectors(spec, wanted)
    except HilError:
        return 0


def _spec(case: Case) -> ModelSpec:
    return case.own or find_model(case.model)


def _vectors(spec: ModelSpec, wanted: Wanted) -> int:
    count, held = wanted.count(spec.vectors), count_vectors(spec)
    return held if count is None else min(held, count)
