"""Sessions whose boards have a power probe, of made-up traces that go the whole way to figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hil.measure.energy import Pass, energy
from hil.values import Method
from hil_db.records import SessionRecord
from power_traces import RUN_A, VOLTS, passed

CONDITIONS: Mapping[str, str | float] = {"clock_hz": 80e6, "shunt": "VDD_MCU", "probe_is": "source"}
MODEL = "ppk2 model of STM32L475 currents"
SPAN = 1_000


def measured(
    record: SessionRecord,
    share: float | Sequence[float] = 1.0,
    image: int = 1,
    method: Method = Method.MEASURED,
    technique: str = "ppk2",
    span: int = SPAN,
    inferences: int = 10,
    volts: float = VOLTS,
    calibration: str = "1",
    gain_share: float = 0.02,
    **conditions: str | float,
) -> SessionRecord:
    """The session with energy of three resets: ``share`` is by how much more current than usual, in each."""
    shares = [share] * 3 if isinstance(share, float) else list(share)
    passes = [passed([span] * 3, [RUN_A * one] * 3, inferences=inferences, volts=volts) for one in shares]
    found = energy(
        [_calibrated(one, calibration) for one in passes],
        method=method,
        technique=technique,
        conditions={**CONDITIONS, **conditions},
        gain_share=gain_share,
    )
    assert record.manifest is not None
    return replace(
        record,
        manifest=replace(record.manifest, sha256=f"{image:064x}"),
        measures=(*record.measures, *found.measures),
        samples=(*record.samples, *found.samples),
    )


def _calibrated(one: Pass, number: str) -> Pass:
    return replace(one, trace=replace(one.trace, calibration={"hardware": number}))
