"""A board's power probe: what the lab file says of it, and how it is opened once the board is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hil.values import Method

if TYPE_CHECKING:  # it brings numpy, and whoever reads a lab file has no use for that
    from hil.power.base import PowerProbe

PPK2 = "ppk2"


@dataclass(frozen=True)
class PowerSpec:
    """A board's ``power`` table in the lab file.

    ``driver`` is a name of the entry-point group ``hil.power``; of ``port`` and ``serial_number`` silicon has
    one, an emulated board neither. ``least_v`` and ``most_v`` are what ``supply_v`` was checked against.
    ``channel`` is the logic input of the sync pin, None where it is not wired. The probe is the board's
    supply where ``source``, else a meter in it. ``shunt`` says where the probe sits. ``fault`` is what an
    emulated probe does wrong on purpose.
    """

    driver: str
    supply_v: float
    least_v: float
    most_v: float
    port: str | None = None
    serial_number: str | None = None
    channel: int | None = 0
    source: bool = True
    shunt: str | None = None
    fault: str | None = None

    @property
    def told(self) -> str:
        """The probe in a word, as errors and lists name it."""
        return f"{self.driver} {self.port or self.serial_number or 'emulated'}"

    @property
    def conditions(self) -> Mapping[str, str | float]:
        """What figures hold for, as far as the lab file says it."""
        found: dict[str, str | float] = {
            "supply_v": self.supply_v,
            "probe_is": "source" if self.source else "ampere meter",
        }
        return found if self.shunt is None else {**found, "shunt": self.shunt}


@dataclass(frozen=True)
class BoardPower:
    """How an open board's energy is found.

    ``probe`` opens its probe, anew at each call; a context manager. ``channel`` is the logic input of the
    sync pin, None where it is not wired. ``method`` and ``technique`` are the figures', ``conditions`` all
    that they hold for: of a model every input. ``gain_share`` is by how much the probe's gain may be wrong,
    None: what its capabilities say; ``clock_share`` by how much the board's clock. A window lasts
    ``window_s`` unless another length is asked for; there are ``windows`` after each of ``repeats`` resets.
    ``spans_s`` gives the seconds of spans by the board's own time, of the ticks that it counted in each.
    """

    probe: Callable[[], PowerProbe]
    supply_v: float
    channel: int | None
    method: Method
    technique: str
    spans_s: Callable[[Sequence[int]], Sequence[float]]
    conditions: Mapping[str, str | float] = field(default_factory=dict)
    gain_share: float | None = None
    clock_share: float = 1e-4
    window_s: float = 1.0
    repeats: int = 3
    windows: int = 5
