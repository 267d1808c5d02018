"""Energy by the rules of MLPerf Tiny's energy mode, for figures to hold beside those that are published.

A falling edge of the board's pin begins the measurement and one ends it; what the probe measured in between,
added up in samples of a millisecond, is divided by the inferences. Nothing is subtracted. There are five such
windows of at least ten seconds, and their median is the result (the benchmark's runner, ``benchmark/runner``
of github.com/mlcommons/tiny). What the rules do not ask for holds here as well: every span is checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hil.measure.energy import EnergyFound, Pass, energy, reasons_of
from hil.measure.windows import Window, Windows, windows
from hil.metrics import ENERGY_PER_INFERENCE, POWER_AVG
from hil.power.base import PowerTrace
from hil.values import Method

WAY = "mlperf"
WINDOWS = 5
WINDOW_S = 10.0
_RATE_HZ = 1000.0


def mlperf_windows(trace: PowerTrace, channel: int, spans_s: Sequence[float], clock_share: float) -> Windows:
    """The one window of a trace, from the first falling edge of a repeat to its last.

    The arguments are those of ``hil.measure.windows.windows``. The first edge rises, so the window holds all
    spans but the first, which are an even number: ValueError when they are not, or when there are none.
    """
    if len(spans_s) < 3 or len(spans_s) % 2 == 0:
        raise ValueError(f"{len(spans_s)} spans have no even number between two falling edges")
    found = windows(trace, channel, spans_s, 1, clock_share)
    if found.missing is not None:
        return found
    inside = found.windows[1:]
    each = max(1, round(trace.rate_hz / _RATE_HZ))
    begin, end = (place // each * each for place in (inside[0].begin, inside[-1].end))
    wrong = next((one.invalid for one in inside if one.invalid is not None), None)
    seconds = (inside[-1].end - inside[0].begin) / trace.rate_hz
    if wrong is None and seconds < WINDOW_S:
        wrong = f"it lasts {seconds:.3f} s, less than {WINDOW_S:g} s"
    return Windows((Window(begin, end, trace.energy_j(begin, end), wrong),), way=WAY)


def mlperf(
    passes: Sequence[Pass],
    *,
    method: Method,
    technique: str,
    conditions: Mapping[str, str | float],
    gain_share: float | None,
) -> EnergyFound:
    """Energy and power of the first five windows that count; a note says why, where there are fewer.

    Of each pass ``inferences`` are those of its window. The arguments are those of
    ``hil.measure.energy.energy``.
    """
    good = [one for one in passes if one.windows.valid]
    if len(good) < WINDOWS:
        why = ": ".join(filter(None, (f"{len(good)} of {WINDOWS} windows count", reasons_of(passes))))
        return EnergyFound(notes=(f"no energy by MLPerf Tiny's rules: {why}",))
    found = energy(
        [replace(one, idle=None) for one in good[:WINDOWS]],
        method=method,
        technique=technique,
        conditions=conditions,
        gain_share=gain_share,
    )
    measures = (one for one in found.measures if one.metric in (ENERGY_PER_INFERENCE.name, POWER_AVG.name))
    return EnergyFound(tuple(measures), found.samples)
