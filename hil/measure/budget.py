"""How long a battery lasts, of a board that infers now and then and waits the rest of the time.

    load = per second × energy per inference + (1 - share of the time that it computes) × idle power
    life = what is usable of the battery × efficiency of the regulator / load, less what it loses by itself

The energy of an inference is gross, so the time that it takes is no time of waiting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, log, log1p

from hil.metrics import CURRENT_IDLE, ENERGY_PER_INFERENCE, POWER_AVG
from hil.values import Measure

HOUR_S = 3600.0
DAY_H = 24.0
YEAR_H = 365.25 * 24
# What is taken of a battery where nothing else is said, in shares.
USABLE, LOST_A_YEAR, EFFICIENCY = 0.80, 0.02, 0.85


@dataclass(frozen=True)
class Battery:
    """Of ``capacity_mah`` at a nominal voltage ``volts``; the shares are from 0 to 1.

    ``usable`` is how much of it the board gets out before its voltage is too low, ``lost_a_year`` what it
    loses by itself of what is left, ``efficiency`` what a regulator hands on.
    """

    capacity_mah: float
    volts: float
    usable: float = USABLE
    lost_a_year: float = LOST_A_YEAR
    efficiency: float = EFFICIENCY

    @property
    def energy_mwh(self) -> float:
        """What the board gets of it, if it loses nothing by itself."""
        return self.capacity_mah * self.volts * self.usable * self.efficiency

    def life_h(self, load_w: float) -> float:
        """Until a load has emptied it, in hours; infinite for none at all.

        What is left falls by the load, and by a share of itself: dE/dt = -load - E × rate.
        """
        if load_w == 0:
            return inf
        hours = self.energy_mwh / (load_w * 1e3)
        if self.lost_a_year == 0:
            return hours
        rate = -log(1 - self.lost_a_year) / YEAR_H
        return log1p(rate * hours) / rate


@dataclass(frozen=True)
class Load:
    """What an inference takes of the supply, and how long it lasts; what the board takes while it waits."""

    inference_j: float
    inference_s: float
    idle_w: float

    def busy(self, per_hour: float) -> float:
        """The share of the time that the board computes: above 1 it cannot."""
        return per_hour * self.inference_s / HOUR_S

    def computing_w(self, per_hour: float) -> float:
        """The part of the mean power that inferences take."""
        return per_hour * self.inference_j / HOUR_S

    def waiting_w(self, per_hour: float) -> float:
        """The part that waiting takes."""
        return (1 - self.busy(per_hour)) * self.idle_w

    def mean_w(self, per_hour: float) -> float:
        """Both."""
        return self.computing_w(per_hour) + self.waiting_w(per_hour)


@dataclass(frozen=True)
class Given:
    """What somebody says instead of what is stored: energy in uJ, time in ms, current in mA, supply in V."""

    energy_uj: float | None = None
    inference_ms: float | None = None
    idle_ma: float | None = None
    supply_v: float | None = None


@dataclass(frozen=True)
class Loads:
    """A load, and the ``least`` and the ``most`` that it may be, by the band of its energy and the gain."""

    usual: Load
    least: Load
    most: Load


def missing(measures: Mapping[str, Measure], given: Given) -> list[str]:
    """The fields of ``given`` that a load lacks, which neither it nor the measures of a session tell."""
    energy = measures.get(ENERGY_PER_INFERENCE.name)
    found = []
    if given.energy_uj is None and energy is None:
        found.append("energy_uj")
    if given.supply_v is None and (energy is None or not _number(energy.conditions.get("supply_v"))):
        found.append("supply_v")
    if given.idle_ma is None and CURRENT_IDLE.name not in measures:
        found.append("idle_ma")
    return found


def loads(measures: Mapping[str, Measure], given: Given) -> Loads:
    """By the measures of a session that one technique took, but for what is given; nothing is ``missing``."""
    energy = measures.get(ENERGY_PER_INFERENCE.name)
    idle, power = (measures.get(metric.name) for metric in (CURRENT_IDLE, POWER_AVG))
    conditions = energy.conditions if energy is not None else {}
    volts = given.supply_v if given.supply_v is not None else _number(conditions.get("supply_v"))
    gain = _number(conditions.get("gain_share"))
    milliseconds = given.inference_ms
    if milliseconds is None:
        timed = energy is not None and power is not None and power.value > 0
        milliseconds = energy.value / power.value if timed and energy and power else 0.0
    least, usual, most = (
        Load(uj / 1e6, milliseconds / 1e3, ma * volts / 1e3)
        for uj, ma in zip(_ends(energy, given.energy_uj, gain), _ends(idle, given.idle_ma, gain), strict=True)
    )
    return Loads(usual, least, most)


def _number(held: object) -> float:
    return float(held) if isinstance(held, int | float) else 0.0


def _ends(measure: Measure | None, given: float | None, gain: float) -> tuple[float, float, float]:
    """The least that it may be, what it is, and the most: by its band and the probe's gain."""
    if given is not None or measure is None:
        return (given or 0.0,) * 3
    low, high = measure.band or (measure.value, measure.value)
    return max(0.0, low) * (1 - gain), measure.value, high * (1 + gain)


def life_text(hours: float) -> str:
    """In hours, days or years, whichever people would say."""
    if hours == inf:
        return "for ever"
    if hours < 2 * DAY_H:
        return f"{hours:.3g} hours"
    if hours < 2 * YEAR_H:
        return f"{hours / DAY_H:.3g} days"
    return f"{hours / YEAR_H:,.3g} years"
