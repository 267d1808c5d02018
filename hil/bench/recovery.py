"""What is done about a board that stops answering: a reset, its power, and at last it is left alone.

Of silicon alone: an emulator that the run started is thrown away instead, and the next image has a new one.
Where it was killed from outside, or what drives its probe was, its own image has a new one, too, once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hil.bench.switch import switched
from hil.desk.states import offline
from hil.errors import (
    BenchProcessError,
    ChipError,
    DeviceCrashError,
    DeviceHungError,
    DeviceRestartError,
    FlashError,
    HandshakeError,
    HilError,
    LinkError,
    ProbeError,
    ProtocolError,
    ProtocolVersionError,
)
from hil.failing import HALTED, IDLE
from hil.flash.base import AttachedProbe
from hil.lab.boards import BoardSpec
from hil.link.answered import Answered
from hil.logbook import Logbook
from hil_db.records import Incident

BACK_S = 30.0  # for what was switched off to be found again
_SLICE_S = 0.2

_FIRMWARES = (DeviceCrashError, HandshakeError, ProtocolError, ProtocolVersionError)
_BENCHS = (ProbeError, FlashError, LinkError)
# What happened, in the words of an incident; the first that fits counts.
_WHAT: tuple[tuple[type[HilError], str], ...] = (
    (DeviceRestartError, "started again"),
    (DeviceHungError, "stopped answering"),
    (LinkError, "serial port lost"),
    (FlashError, "flash failed"),
    (ProbeError, "debug probe failed"),
)


def _never() -> bool:
    return False


@dataclass
class Recovery:
    """The steps for one case on one board, each taken at most once; ``incidents`` are those taken so far.

    ``answered`` are the vectors that need not run again. ``left_alone`` says why the board takes no more
    images in this run, None while it does. ``stopping``: the run is being ended, and nobody waits. ``log`` is
    told of each step.
    """

    spec: BoardSpec
    attached: Callable[[], Sequence[AttachedProbe]]
    stopping: Callable[[], bool] = _never
    incidents: list[Incident] = field(default_factory=list)
    answered: Answered = field(default_factory=Answered)
    left_alone: str | None = None
    log: Logbook = field(default_factory=Logbook)
    _suspect: bool = False  # whether it was the firmware that stopped, the first time

    def again(self, error: BaseException | None) -> bool:
        """Do the next step about what ended the case, and say whether to run it again."""
        if self.spec.kind.emulator is not None:
            return self._anew(error)
        if not isinstance(error, _BENCHS) or isinstance(error, _FIRMWARES):
            return False
        what = next(word for kind, word in _WHAT if isinstance(error, kind))
        if isinstance(error, ChipError):
            return self._leave_alone("not its kind's chip", error)
        firmwares = _may_be_firmwares(error)
        if not self.incidents:
            self._suspect = firmwares
            self._took(what, f"reset through its debug probe, {self.answered.again}", error)
            return True
        if firmwares and self._suspect:
            hung = isinstance(error, DeviceHungError)
            kind, did = ("firmware hangs", "hung") if hung else ("firmware restarts", "started again")
            self._took(kind, f"none: its probe answers, and it {did} after a reset as before", error)
            return False
        if len(self.incidents) == 1 and self.spec.power_cycle is not None:
            self._power_cycle(self.spec.power_cycle, f"{what} after a reset", error)
            return not self.stopping()
        return self._leave_alone(what, error)

    def _anew(self, error: BaseException | None) -> bool:
        """Whether an emulator is to be started anew: once, where it or what drives it was killed."""
        if self.incidents or not isinstance(error, BenchProcessError):
            return False
        self._took("killed from outside", "started anew, all its vectors run again", error)
        return True

    def _leave_alone(self, what: str, error: HilError) -> bool:
        self.left_alone = str(error)
        self._took(what, "left alone for the rest of the run", error)
        return False

    def _took(self, kind: str, action: str, error: HilError, seconds: float | None = None) -> None:
        now = datetime.now(UTC)
        took = f", which took {seconds:.1f} s" if seconds is not None else ""
        self.log.say(f"{kind}: {action}{took}")
        self.incidents.append(Incident(self.spec.name, kind, action, now, str(error), seconds))

    def _power_cycle(self, command: Sequence[str], what: str, error: HilError) -> None:
        """Switch the board off and on and wait until it is there."""
        started = time.monotonic()
        failed = switched(command, self.stopping)
        if failed is None:
            deadline = time.monotonic() + BACK_S
            while offline([self.spec], self.attached) and time.monotonic() < deadline and not self.stopping():
                time.sleep(_SLICE_S)
        how = "power-cycled" if failed is None else f"its power could not be switched: {failed}"
        self._took(what, f"{how}, {self.answered.again}", error, time.monotonic() - started)


def _may_be_firmwares(error: HilError) -> bool:
    """Whether what stopped may be the firmware: its core was reached, and does not wait for bytes alone."""
    if isinstance(error, DeviceRestartError):
        return True
    told = error.evidence or ""
    return isinstance(error, DeviceHungError) and HALTED in told and IDLE not in told
