"""Time as it passes for an emulated board: it stands while the host runs other programs instead."""

from __future__ import annotations

import time
from pathlib import Path

_READ_EVERY_S = 0.25


class EmulatorClock:
    """Seconds that an emulator ran or slept, from some point on; not those in which it wanted a processor.

    The emulator is the child of ``watcher``, a process id. The kernel counts, per thread, how long it was
    ready to run and did not (Documentation/scheduler/sched-stats.rst); of the emulator's threads the one that
    waited longest counts. Where the kernel does not tell, this is the host's clock.
    """

    def __init__(self, watcher: int) -> None:
        self._children = Path(f"/proc/{watcher}/task/{watcher}/children")
        self._read = -_READ_EVERY_S
        self._waited_s = 0.0

    def __call__(self) -> float:
        now = time.monotonic()
        if now - self._read >= _READ_EVERY_S:
            self._read = now
            self._waited_s = max(self._waited_s, self._longest_wait_s())
        return now - self._waited_s

    def _longest_wait_s(self) -> float:
        try:
            waits = [
                int(thread.read_text().split()[1])
                for emulator in self._children.read_text().split()
                for thread in Path("/proc", emulator, "task").glob("*/schedstat")
            ]
        except (OSError, ValueError, IndexError):  # not started yet, gone, or a kernel that does not count
            return 0.0
        return max(waits, default=0) / 1e9
