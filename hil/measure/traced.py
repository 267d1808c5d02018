"""Measures of a session from a trace of its core: counted instructions, estimated cycles, the stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hil import metrics
from hil.errors import ProbeError
from hil.kinds import Kind
from hil.measure.cycles import RegionCost, calibration, profile
from hil.measure.profile import Profile
from hil.values import Measure, Method, Samples

WAIT_STATES = 0  # what an estimate of the bench is for
CONDITIONS = {"wait_states": float(WAIT_STATES)}


@dataclass(frozen=True)
class Traced:
    """What a trace gave; ``notes`` say what it did not, and why.

    ``bands`` (vectors, 2) are where each vector's cycles are expected, None without a trace.
    """

    measures: tuple[Measure, ...] = ()
    samples: tuple[Samples, ...] = ()
    profile: Profile | None = None
    notes: tuple[str, ...] = ()
    bands: npt.NDArray[np.float64] | None = None


def traced(
    regions: Sequence[RegionCost],
    numbers: Sequence[int],
    kind: Kind,
    technique: str,
) -> Traced:
    """The measures of the vectors of these numbers, each matched with the region that carries its number.

    A vector computed again has several regions, which are alike: the last one counts. When a vector has no
    region there are no measures, and a note instead.
    """
    by_number = {region.sequence: region for region in regions if region.complete}
    missing = [number for number in numbers if number not in by_number]
    if missing:
        what = "none" if len(missing) == len(numbers) else f"{len(numbers) - len(missing)}"
        return Traced(notes=(f"no cycles: the trace holds {what} of {len(numbers)} inferences",))
    mine = [by_number[number] for number in numbers]
    instructions = metrics.INSTRUCTIONS.samples(
        np.array([region.instructions for region in mine], dtype=np.int64), Method.COUNTED, "plugin"
    )
    cycles = np.array([region.nominal for region in mine], dtype=np.int64)
    bands = np.array([calibration().band(region) for region in mine])
    measures = (
        _median(instructions),
        *_estimates(cycles, bands, kind, technique),
        _deepest(mine, metrics.STACK_MODEL_BYTES, [region.stack_bytes for region in mine]),
        *_in_total(mine),
    )
    samples = (instructions, *_estimated_samples(cycles, kind, technique))
    return Traced(measures, samples, profile(mine, technique), _unknown(mine), bands)


def check_agreement(traced: Samples, counted: Samples, within: float) -> None:
    """ProbeError where the board's counter and the trace differ by more instructions than ``within``.

    The counter also sees the few instructions that read it, and does not see parts of a tick.
    """
    exact = traced.values.astype(np.int64)
    differences = counted.values.astype(np.int64) - exact
    worst = int(np.argmax(np.abs(differences)))
    if abs(differences[worst]) > within:
        raise ProbeError(
            "the board's counter and the trace do not agree",
            evidence=f"inference {worst}: {counted.values[worst]:,} instructions by its {counted.technique}, "
            f"{exact[worst]:,} by the trace",
            remedy="do not trust either: the emulator may be of a version that counts otherwise",
        )


def _median(samples: Samples) -> Measure:
    return Measure(samples.metric, _middle(samples.values), samples.unit, samples.method, samples.technique)


def _middle(values: npt.NDArray[np.generic]) -> float:
    """The median, the lower one of two: a count that occurred."""
    return float(np.sort(values)[(len(values) - 1) // 2])


def _estimates(
    cycles: npt.NDArray[np.int64], bands: npt.NDArray[np.float64], kind: Kind, technique: str
) -> tuple[Measure, Measure]:
    """Medians over the vectors, of the nominal cycles and of both ends of the band."""
    nominal = _middle(cycles)
    low, high = (_middle(ends) for ends in bands.T)
    us = 1e6 / kind.clock_hz
    clock = {"clock_hz": float(kind.clock_hz), **CONDITIONS}
    return (
        metrics.LATENCY_US.measure(
            nominal * us, Method.ESTIMATED, technique, None, (low * us, high * us), clock
        ),
        metrics.LATENCY_CYCLES.measure(nominal, Method.ESTIMATED, technique, None, (low, high), CONDITIONS),
    )


def _estimated_samples(cycles: npt.NDArray[np.int64], kind: Kind, technique: str) -> tuple[Samples, Samples]:
    us = cycles * (1e6 / kind.clock_hz)
    return (
        metrics.LATENCY_US.samples(us, Method.ESTIMATED, technique),
        metrics.LATENCY_CYCLES.samples(cycles, Method.ESTIMATED, technique),
    )


def _deepest(regions: Sequence[RegionCost], metric: metrics.Metric, depths: Sequence[int]) -> Measure:
    exact = all(region.stack_exact for region in regions)
    technique = "tracked" if exact else "tracked-at-least"
    conditions = {"sp": "read"} if any(region.sp_read for region in regions) else {}
    return metric.measure(float(max(depths)), Method.COUNTED, technique, conditions=conditions)


def _in_total(regions: Sequence[RegionCost]) -> tuple[Measure, ...]:
    depths = [region.stack_total_bytes for region in regions if region.stack_total_bytes is not None]
    return (_deepest(regions, metrics.STACK_BYTES, depths),) if len(depths) == len(regions) else ()


def _unknown(regions: Sequence[RegionCost]) -> tuple[str, ...]:
    """A note on instructions that the model does not know, each taken as one cycle."""
    count = sum(region.unknown for region in regions)
    example = next((region.unknown_example for region in regions if region.unknown_example), None)
    if not count:
        return ()
    return (f"cycles hold {count:,} instructions that the model does not know, one cycle each: {example}",)
