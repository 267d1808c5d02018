"""A board's power: of the probe that the lab file names, or of an emulated board's own kit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from hil.kinds import Currents, Kind
from hil.power.base import PowerProbe
from hil.power.board import BoardPower, PowerSpec
from hil.power.emulated.faults import Trouble, parsed
from hil.power.emulated.process import EmulatedKit, EmulatedProbe
from hil.values import Method

_EMULATED_WINDOW_S, _EMULATED_REPEATS, _EMULATED_WINDOWS = 0.1, 1, 3
PORT_NAME = "power"


def of_silicon(spec: PowerSpec, kind: Kind, board: str) -> BoardPower:
    """Measured: by the probe that the lab file names."""
    per_s = kind.clock_hz / kind.counter.per_tick

    def probe() -> PowerProbe:
        from hil.power.drivers import ProbeSpec, opened

        return opened(spec.driver, ProbeSpec(spec.port, spec.serial_number, spec.source, board))

    return BoardPower(
        probe=probe,
        supply_v=spec.supply_v,
        channel=spec.channel,
        method=Method.MEASURED,
        technique=spec.driver,
        spans_s=lambda ticks: [one / per_s for one in ticks],
        conditions={**spec.conditions, "clock_hz": float(kind.clock_hz)},
        clock_share=kind.clock_share,
    )


def of_emulator(
    spec: PowerSpec,
    kind: Kind,
    currents: Currents,
    kit: EmulatedKit,
    board: str,
    cycles: str,
    spans_s: Callable[[Sequence[int]], Sequence[float]],
) -> BoardPower:
    """Modelled: ``currents`` of a datasheet, ``cycles`` of the timing plug-in (the name of its technique)."""

    def probe() -> EmulatedProbe:
        from hil.power.drivers import ProbeSpec, opened

        fault = parsed(spec.fault or "")
        paced = fault is not None and fault.damage is Trouble.STALL  # which shows by the host's clock alone
        wanted = ProbeSpec(kit.start(), board=board, paced=paced)
        return EmulatedProbe(kit, opened(spec.driver, wanted), board)

    return BoardPower(
        probe=probe,
        supply_v=spec.supply_v,
        channel=spec.channel,
        method=Method.MODELLED,
        technique=f"{spec.driver} model of {currents.part} currents",
        spans_s=spans_s,
        conditions={
            **spec.conditions,
            "clock_hz": float(kind.clock_hz),
            "cycles": cycles,
            "currents": currents.source,
            "currents_clock_hz": float(currents.clock_hz),
            "currents_supply_v": currents.supply_v,
            "run_a": currents.run_a,
            "idle_a": currents.idle_a,
        },
        gain_share=0.0,  # it tells what it was told to, to a hundredth of a step
        clock_share=kind.clock_share,
        window_s=_EMULATED_WINDOW_S,
        repeats=_EMULATED_REPEATS,
        windows=_EMULATED_WINDOWS,
    )


def kit_of(
    spec: PowerSpec, kind: Kind, currents: Currents, folder: Path, timeline: Path, board: str
) -> EmulatedKit:
    """The emulated kit, not yet started, whose port lies in the emulator's ``folder``."""
    words = (
        timeline,
        kind.clock_hz,
        currents.run_a,
        currents.idle_a,
        spec.channel or 0,
        spec.fault or ("unwired" if spec.channel is None else ""),
    )
    return EmulatedKit(folder / PORT_NAME, [str(word) for word in words], board)
