"""Energy per inference, power and currents, of windows of a power probe's traces."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hil import metrics
from hil.measure.latency import median
from hil.measure.repeats import interval
from hil.measure.windows import EDGE_SAMPLES as EDGE_SAMPLES
from hil.measure.windows import Window as Window
from hil.measure.windows import Windows as Windows
from hil.measure.windows import idle_samples as idle_samples
from hil.measure.windows import windows as windows
from hil.metrics import Metric
from hil.power.base import PowerTrace
from hil.values import Measure, Method, Samples

LEAST_WINDOWS = 3
PEAK_S = 1e-4  # what is shorter makes no peak
PEAK_QUANTILE = 0.999
_PEAK = {"peak_of": f"{PEAK_QUANTILE * 100:g} % of means of {PEAK_S * 1e3:g} ms"}
_SAMPLED = (metrics.ENERGY_PER_INFERENCE, metrics.ENERGY_NET_PER_INFERENCE)
_STEP_SHARE = 1e-3  # a probe's step, in the coarsest part of a range: a peak is no better known
_REASONS = 3  # that a note names
_DIGITS = 10  # of a digest

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pass:
    """What a probe saw of one repeat, from before the board works to after it.

    Each window of ``windows`` holds so many ``inferences``. ``idle`` are the samples, from the first to
    before the second number, while the board waits before its first edge, where there are any. ``vector`` is
    the number of the vector that is repeated.
    """

    trace: PowerTrace
    windows: Windows
    inferences: int
    idle: tuple[int, int] | None = None
    vector: int | None = None


@dataclass(frozen=True, eq=False)
class EnergyFound:
    """What passes tell: ``measures``, ``samples`` of one value per valid window, and what to know of them."""

    measures: tuple[Measure, ...] = ()
    samples: tuple[Samples, ...] = ()
    notes: tuple[str, ...] = ()


def energy(
    passes: Sequence[Pass],
    *,
    method: Method,
    technique: str,
    conditions: Mapping[str, str | float],
    gain_share: float | None,
) -> EnergyFound:
    """The figures of a session's passes, or a note that says why there are none.

    A value is the median over all windows that count; its band is the interval over passes, which begin with
    a reset each. ``gain_share``, by how much the probe's gain may be wrong, is no part of it: where it is
    known it stands among the ``conditions``, with the supply and a digest of the calibration. A figure is
    given for three valid windows or more, if they are at least half of all.
    """
    most = max((len(one.windows.windows) for one in passes), default=0)
    every = sum(len(one.windows.windows) or most for one in passes)  # one without windows lost them all
    valid = sum(len(one.windows.valid) for one in passes)
    reasons = reasons_of(passes)
    if valid < LEAST_WINDOWS or 2 * valid < every:
        told = f"{valid} of {every} windows count"
        return EnergyFound(notes=(f"no energy: {told}: {reasons}" if reasons else f"no energy: {told}",))
    notes = (f"{every - valid} of {every} windows of energy do not count: {reasons}",)
    counted = [one for one in passes if one.windows.valid]
    ways = dict.fromkeys(one.windows.way for one in counted if one.windows.way is not None)
    held = {**conditions, **_held(counted)}
    if gain_share is not None:
        held["gain_share"] = gain_share
    measures, samples = [], []
    for metric, resets, share in _figures(counted):
        values = np.concatenate(resets)
        middle = median(values)
        ends = interval(resets)
        made = metric.measure(
            middle,
            method,
            " ".join((technique, *ways)),
            share * abs(middle),
            None if ends is None else (min(ends[0], middle), max(ends[1], middle)),
            {**held, **_PEAK} if metric is metrics.CURRENT_PEAK else held,
        )
        measures.append(made)
        if metric in _SAMPLED:
            samples.append(metric.samples(values, method, made.technique, made.resolution))
    return EnergyFound(tuple(measures), tuple(samples), notes if reasons else ())


def reasons_of(passes: Sequence[Pass]) -> str:
    """Why windows do not count, the most frequent first."""
    missing = [one.windows.missing for one in passes if one.windows.missing is not None]
    invalid = [
        window.invalid for one in passes for window in one.windows.windows if window.invalid is not None
    ]
    found = Counter([*missing, *invalid]).most_common()
    told = [f"{reason} ({count} times)" if count > 1 else reason for reason, count in found[:_REASONS]]
    return "; ".join(told + ([f"{len(found) - _REASONS} other reasons"] if len(found) > _REASONS else []))


def peak_a(trace: PowerTrace, window: Window) -> float:
    """The current that means of ``PEAK_S`` do not exceed in ``PEAK_QUANTILE`` of a window, in amperes.

    So a probe that glitches as it takes another range makes no peak, nor does one lone sample.
    """
    each = max(1, round(PEAK_S * trace.rate_hz))
    inside = trace.current_a[window.begin : window.end].astype(np.float64)
    means = inside[: len(inside) // each * each].reshape(-1, each).mean(axis=1)
    return float(np.quantile(means if len(means) else inside, PEAK_QUANTILE))


def _figures(passes: Sequence[Pass]) -> Iterator[tuple[Metric, list[Values], float]]:
    """Each metric's values after each reset, and by which share of them edges or a step may be off."""
    lengths = [window.end - window.begin for one in passes for window in one.windows.valid]
    edges = EDGE_SAMPLES / median(np.array(lengths))
    waited = [one.idle[1] - one.idle[0] for one in passes if one.idle is not None]
    idle_w = [[_mean_w(one.trace, *one.idle)] if one.idle is not None else [] for one in passes]
    usual = median(np.concatenate(idle_w)) if waited else np.nan  # for a pass that did not wait

    def each(value: Callable[[PowerTrace, Window, float], float], scale: float) -> list[Values]:
        return [
            np.array([value(one.trace, window, (own or [usual])[0]) for window in one.windows.valid]) * scale
            for one, own in zip(passes, idle_w, strict=True)
        ]

    def of_one(found: list[Values]) -> list[Values]:
        return [values / one.inferences for values, one in zip(found, passes, strict=True)]

    yield metrics.ENERGY_PER_INFERENCE, of_one(each(lambda _, window, __: window.energy_j, 1e6)), edges
    if waited:
        yield metrics.ENERGY_NET_PER_INFERENCE, of_one(each(_net_j, 1e6)), edges
    yield metrics.POWER_AVG, each(lambda trace, held, _: _mean_w(trace, held.begin, held.end), 1e3), edges
    yield metrics.CURRENT_AVG, each(lambda trace, held, _: mean_a(trace, held.begin, held.end), 1e3), edges
    yield metrics.CURRENT_PEAK, each(lambda trace, held, _: peak_a(trace, held), 1e3), max(edges, _STEP_SHARE)
    if waited:
        currents = [np.array([mean_a(one.trace, *one.idle) * 1e3] if one.idle else []) for one in passes]
        yield metrics.CURRENT_IDLE, currents, EDGE_SAMPLES / min(waited)


def _net_j(trace: PowerTrace, window: Window, idle_w: float) -> float:
    return window.energy_j - idle_w * (window.end - window.begin) / trace.rate_hz


def _mean_w(trace: PowerTrace, begin: int, end: int) -> float:
    return trace.energy_j(begin, end) * trace.rate_hz / (end - begin)


def mean_a(trace: PowerTrace, begin: int, end: int) -> float:
    """Of the samples from ``begin`` to before ``end``, in amperes."""
    return float(np.mean(trace.current_a[begin:end], dtype=np.float64))


def _held(passes: Sequence[Pass]) -> dict[str, str | float]:
    """What the traces hold for: their supply, and a digest of what turned words into amperes."""
    supplies = sorted({one.trace.supply_v for one in passes})
    if len(supplies) > 1:
        raise ValueError(
            f"passes at {' and '.join(f'{volts:g}' for volts in supplies)} V are not of one session"
        )
    held: dict[str, str | float] = {"supply_v": supplies[0]}
    if calibration := passes[0].trace.calibration:
        told = json.dumps(dict(calibration), sort_keys=True)
        held["calibration"] = hashlib.sha256(told.encode()).hexdigest()[:_DIGITS]
    return held
