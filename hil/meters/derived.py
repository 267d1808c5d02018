"""What follows from the findings of several meters."""

from __future__ import annotations

from hil.errors import HilError
from hil.measure.cascade import tier_costs, tier_measures
from hil.measure.traced import CONDITIONS, check_agreement
from hil.meters.base import Findings, Streamed
from hil.metrics import INSTRUCTIONS, LATENCY_CYCLES, LATENCY_US, Metric
from hil.values import Samples


def agreement(found: Findings, seen: Streamed) -> Findings:
    """The same; ProbeError where the board's counter and its trace count other instructions."""
    exact = _traced(found, INSTRUCTIONS)
    if exact is None or seen.cost.metric != INSTRUCTIONS.name:
        return found
    board = seen.session.board
    counter = board.kind.counter
    try:
        check_agreement(exact, seen.cost, counter.per_tick + counter.reading)
    except HilError as error:
        raise error.at(board.name) from None
    return found


def tiers(found: Findings, seen: Streamed) -> Findings:
    """Behind what an inference costs, what either way through a model of two tiers does."""
    path = seen.vectors.path_output
    if path is None:
        return found
    exact = _traced(found, INSTRUCTIONS)
    if exact is not None:
        told = tier_measures(seen.outputs, path, exact)
    else:
        told = tier_measures(seen.outputs, path, seen.cost, seen.session.board.conditions)
    cycles = _traced(found, LATENCY_CYCLES)
    if cycles is not None:
        told += tier_costs(seen.outputs, path, cycles, CONDITIONS, found.bands)
    return found.with_behind((INSTRUCTIONS, LATENCY_US, LATENCY_CYCLES), told)


def _traced(found: Findings, metric: Metric) -> Samples | None:
    """The trace's values, which are found before the counter's; None without a trace."""
    return None if found.bands is None else found.samples_of(metric)
