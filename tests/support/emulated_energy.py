"""Energy of an emulated board's pass, by the kit's samples and the driver's decoder, without processes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hil.measure.energy import Pass, energy, idle_samples, windows
from hil.measure.shape import windows_by_shape
from hil.power.base import PowerTrace
from hil.power.emulated import timeline
from hil.power.emulated.encode import Encoder
from hil.power.emulated.kit import CALIBRATION
from hil.power.emulated.play import Takes, played
from hil.power.ppk2.decode import Decoder, aligned
from hil.power.ppk2.wire import RATE_HZ, SAMPLE_BYTES
from hil.values import Measure, Method
from power_probes import VOLTS

INFERENCES = 10  # in a window
IDLE_S = 0.02
CRYSTAL = 1e-4


def modelled(
    run_a: float,
    idle_a: float,
    clock_hz: float,
    spans: Sequence[int],
    per_window: int,
    phase: int,
    wired: bool = True,
) -> dict[str, Measure]:
    """The figures of an emulated board's pass that begins ``phase`` cycles after some sample.

    Without a wire they are of the current's shape.
    """
    margin = round(clock_hz * 1e-3)
    at = phase + margin + np.cumsum([0, *spans])
    one = timeline.Pass(
        int(at[-1]) + margin, tuple((int(cycle), (place + 1) % 2) for place, cycle in enumerate(at))
    )
    encoder = Encoder(CALIBRATION, VOLTS)
    rest = round(IDLE_S * RATE_HZ) + phase % 64
    takes = Takes(run_a, idle_a, clock_hz / RATE_HZ)
    data = encoder.samples(idle_a, 0, 0, rest) + played(one, takes, int(wired), 0, encoder, rest)
    data += encoder.samples(idle_a, 0, len(data) // SAMPLE_BYTES, rest)
    found = aligned(data)
    trace = PowerTrace.of(
        Decoder(CALIBRATION, VOLTS).samples(found.words), found.words, driver="ppk2", rate_hz=RATE_HZ,
        supply_v=VOLTS, breaks=found.breaks, calibration=CALIBRATION.stored(),
    )  # fmt: skip
    spans_s = [span / clock_hz for span in spans]
    held = (
        windows(trace, 0, spans_s, per_window, CRYSTAL)
        if wired
        else windows_by_shape(trace, spans_s, per_window, CRYSTAL)
    )
    seen = energy(
        [Pass(trace, held, INFERENCES, idle_samples(trace, 0, IDLE_S))],
        method=Method.MODELLED, technique="ppk2", conditions={}, gain_share=0.0,
    )  # fmt: skip
    return {measure.metric: measure for measure in seen.measures}
