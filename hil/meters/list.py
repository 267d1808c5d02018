"""All that a session measures, in the order in which it is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hil.meters.base import Findings, Meter, Streamed
from hil.meters.classes import Classes
from hil.meters.derived import agreement, tiers
from hil.meters.elf import Elf
from hil.meters.golden import Golden
from hil.meters.labels import Labels
from hil.meters.link import Frames
from hil.meters.painted import Painted
from hil.meters.phases import Phases
from hil.meters.power import Energy, Power
from hil.meters.reference import Reference
from hil.meters.ticks import Ticks
from hil.meters.trace import Trace

METERS: tuple[Callable[[], Meter], ...] = (
    Labels,
    Golden,
    Trace,
    Ticks,
    Elf,
    Painted,
    Phases,
    Reference,
    Frames,
    Classes,
)
DERIVED: tuple[Callable[[Findings, Streamed], Findings], ...] = (agreement, tiers)


def meters(energy: Energy | None) -> list[Meter]:
    """Of one session; power is measured last, and only where it is asked for."""
    made = [make() for make in METERS]
    return made if energy is None else [*made, Power(energy)]


def findings(meters: Sequence[Meter], seen: Streamed) -> Findings:
    """What all of them found, one after the other, and what follows from it."""
    board = seen.session.board
    found = Findings()
    for meter in meters:
        missing = meter.missing(board)
        found += (
            meter.after(seen, found) if missing is None else Findings(notes=(f"{board.name}: {missing}",))
        )
    for derive in DERIVED:
        found = derive(found, seen)
    return found
