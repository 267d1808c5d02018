"""Energy by phase of a pass: what the board took while it waited, worked, and otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hil_dashboards.reading.samples import Seen
from hil_db.traced import StoredPass


@dataclass(frozen=True)
class Phase:
    """A part of a pass: seconds, millijoules, and inferences in it (0: not counted).

    ``energy_mj`` is None where samples of it are missing, or there is no trace to tell.
    """

    name: str
    seconds: float
    energy_mj: float | None
    inferences: int = 0

    @property
    def power_mw(self) -> float | None:
        """On average."""
        return self.energy_mj / self.seconds if self.energy_mj is not None and self.seconds else None

    @property
    def each_uj(self) -> float | None:
        """Microjoules per inference."""
        return (
            self.energy_mj * 1e3 / self.inferences if self.energy_mj is not None and self.inferences else None
        )


def phases(one: StoredPass, seen: Seen | None) -> list[Phase]:
    """Idle, windows that count, windows that do not, the rest and all; those that there are."""
    valid = [(window.begin, window.end) for window in one.windows if window.invalid is None]
    wrong = [(window.begin, window.end) for window in one.windows if window.invalid is not None]
    idle = [one.idle] if one.idle is not None else []
    energy = {(window.begin, window.end): window.energy_j * 1e3 for window in one.windows}
    found = [
        _phase("idle", one, seen, idle, {}),
        _phase(f"windows that count ({len(valid)})", one, seen, valid, energy, len(valid) * one.inferences),
        _phase(f"windows that do not ({len(wrong)})", one, seen, wrong, energy),
    ]
    whole = _phase("all", one, seen, [(0, one.samples)], {})
    told = [phase for phase in found if phase.seconds]
    parts = [phase.energy_mj for phase in (*told, whole)]
    rest = None
    if None not in parts:
        rest = float(parts[-1] or 0.0) - sum(float(part or 0.0) for part in parts[:-1])
    left = whole.seconds - sum(phase.seconds for phase in told)
    between = [Phase("the rest", left, rest)] if left > 0 else []
    return [*told, *between, whole]


def _phase(
    name: str,
    one: StoredPass,
    seen: Seen | None,
    spans: Sequence[tuple[int, int]],
    stored: dict[tuple[int, int], float],
    inferences: int = 0,
) -> Phase:
    seconds = sum(end - begin for begin, end in spans) / one.rate_hz
    if seen is None:
        energies = [stored.get(span, float("nan")) for span in spans]
    else:
        energies = [seen.energy_mj(begin, end, one.supply_v) for begin, end in spans]
    total = float(np.sum(energies)) if energies else 0.0
    return Phase(name, seconds, total if np.isfinite(total) else None, inferences)
