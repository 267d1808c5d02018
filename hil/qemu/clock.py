"""Time as it passes for an emulated board: it stands while the host runs other programs instead."""

from __future__ import annotations

import time
from pathlib import Path

_READ_EVERY_S = 0.25


class EmulatorClock:
    """Seconds that an emulator ran or slept, from some point on; not those in which it wanted a processor.

    The emulator is the child of ``watcher``, a process id. The kernel counts, per thread, how long it was
    ready to run and did not (Documentation/scheduler/sched-stats.rst); from one look to the next, the thread
    that waited longest counts. Where the kernel does not tell, this is the host's clock.
    """

    def __init__(self, watcher: int, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._children = proc / f"{watcher}/task/{watcher}/children"
        self._read = -_READ_EVERY_S
        self._waits: dict[str, int] = {}  # nanoseconds by thread, when last looked at
        self._waited_s = 0.0

    def __call__(self) -> float:
        now = time.monotonic()
        if now - self._read >= _READ_EVERY_S:
            self._read = now
            before, self._waits = self._waits, self._read_waits()
            longest = max((wait - before.get(thread, 0) for thread, wait in self._waits.items()), default=0)
            self._waited_s += longest / 1e9
        return now - self._waited_s

    def _read_waits(self) -> dict[str, int]:
        try:
            return {
                thread.parent.name: int(thread.read_text(encoding="utf-8").split()[1])
                for emulator in self._children.read_text(encoding="utf-8").split()
                for thread in (self._proc / emulator / "task").glob("*/schedstat")
            }
        except (OSError, ValueError, IndexError):  # not started yet, gone, or a kernel that does not count
            return self._waits
