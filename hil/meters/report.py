"""What one session found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hil.link.link import LinkStats
from hil.measure.energy import Pass
from hil.measure.memory import SymbolUse
from hil.measure.profile import Profile
from hil.meters.base import Mishap
from hil.values import Measure, Method, Samples


@dataclass(frozen=True)
class Report:
    """Measures in the order they are shown, and the samples behind them.

    ``notes`` say what could not be found and why; ``symbols`` are the image's. ``passes`` are those of the
    power probe, ``mishaps`` what failed beside the vectors and cost no result of theirs.
    """

    measures: tuple[Measure, ...]
    samples: tuple[Samples, ...]
    outputs: npt.NDArray[np.generic]
    link: LinkStats
    profile: Profile | None = None
    notes: tuple[str, ...] = ()
    symbols: tuple[SymbolUse, ...] = ()
    passes: tuple[Pass, ...] = ()
    mishaps: tuple[Mishap, ...] = ()

    def value(self, metric: str) -> float:
        """The value of one metric, by the most exact technique; KeyError when the session did not take it.

        An estimate is less exact than whatever was counted or measured.
        """
        found = [measure for measure in self.measures if measure.metric == metric]
        if not found:
            raise KeyError(metric)
        guesses = (Method.ESTIMATED, Method.MODELLED)
        return min(found, key=lambda one: (one.method in guesses, one.resolution or 0.0)).value
