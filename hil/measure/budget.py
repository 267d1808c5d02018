"""How long a battery lasts, of a board that infers now and then and waits the rest of the time.

    load = per second × energy per inference + (1 - share of the time that it computes) × idle power
    life = what is usable of the battery × efficiency of the regulator / load, less what it loses by itself

The energy of an inference is gross, so the time that it takes is no time of waiting.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, log1p

HOUR_S = 3600.0
YEAR_H = 365.25 * 24


@dataclass(frozen=True)
class Battery:
    """Of ``capacity_mah`` at a nominal voltage ``volts``; the shares are from 0 to 1.

    ``usable`` is how much of it the board gets out before its voltage is too low, ``lost_a_year`` what it
    loses by itself of what is left, ``efficiency`` what a regulator hands on.
    """

    capacity_mah: float
    volts: float
    usable: float
    lost_a_year: float
    efficiency: float

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
