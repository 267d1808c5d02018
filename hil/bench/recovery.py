"""What is done about a board that stops answering: a reset, its power, and at last it is left alone.

Of silicon alone: an emulator that the run started is thrown away instead, and the next image has a new one.
"""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hil.desk.states import offline
from hil.errors import (
    DeviceCrashError,
    DeviceHungError,
    FlashError,
    HandshakeError,
    HilError,
    LinkError,
    ProbeError,
    ProtocolVersionError,
)
from hil.flash.base import AttachedProbe
from hil.lab.boards import BoardSpec
from hil.session import HALTED
from hil_db.records import Incident

_FIRMWARES = (DeviceCrashError, HandshakeError, ProtocolVersionError)
_BENCHS = (ProbeError, FlashError, LinkError)
POWER_S = 120.0  # for the command that switches the board off and on
BACK_S = 30.0  # for what was switched off to be found again
_SLICE_S = 0.2
_SAID_LENGTH = 200
_AGAIN = "all its vectors run again"


@dataclass
class Recovery:
    """The steps for one case on one board, each taken at most once; ``incidents`` are those taken so far.

    ``left_alone`` says why the board takes no more images in this run, None while it does.
    """

    spec: BoardSpec
    attached: Callable[[], Sequence[AttachedProbe]]
    incidents: list[Incident] = field(default_factory=list)
    left_alone: str | None = None
    _hung: bool = False

    def again(self, error: BaseException | None) -> bool:
        """Do the next step about what ended the case, and say whether to run it again."""
        silicon = self.spec.kind.emulator is None
        if not silicon or not isinstance(error, _BENCHS) or isinstance(error, _FIRMWARES):
            return False
        hangs = isinstance(error, DeviceHungError) and HALTED in (error.evidence or "")
        if not self.incidents:
            self._hung = hangs
            self._took("stopped answering", f"reset through its debug probe, {_AGAIN}", error)
            return True
        if hangs and self._hung:
            self._took("firmware hangs", "none: its probe answers, and it hung again after a reset", error)
            return False
        if len(self.incidents) == 1 and self.spec.power_cycle is not None:
            started = time.monotonic()
            failed = self._power_cycle(self.spec.power_cycle)
            action = (
                f"power-cycled, {_AGAIN}" if failed is None else f"its power could not be switched: {failed}"
            )
            self._took("stopped answering after a reset", action, error, time.monotonic() - started)
            return True
        self.left_alone = str(error)
        self._took("stopped answering", "left alone for the rest of the run", error)
        return False

    def _took(self, kind: str, action: str, error: HilError, seconds: float | None = None) -> None:
        now = datetime.now(UTC)
        self.incidents.append(Incident(self.spec.name, kind, action, now, str(error), seconds))

    def _power_cycle(self, command: Sequence[str]) -> str | None:
        """Switch the board off and on and wait until it is there; why that failed, None when it did not."""
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=POWER_S, check=False
            )
        except (OSError, ValueError) as error:
            return f"{shlex.join(command)}: {error}"
        except subprocess.TimeoutExpired:
            return f"{shlex.join(command)}: it took more than {POWER_S:g} s"
        if done.returncode != 0:
            said = (done.stderr or done.stdout).decode(errors="replace").strip()[-_SAID_LENGTH:]
            return f"{shlex.join(command)}: exit code {done.returncode}" + (f", {said}" if said else "")
        deadline = time.monotonic() + BACK_S
        while offline([self.spec], self.attached) and time.monotonic() < deadline:
            time.sleep(_SLICE_S)
        return None
