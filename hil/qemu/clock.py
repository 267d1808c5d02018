"""Time as it passes for an emulated board: it stands while the host runs other programs, or stops it."""

from __future__ import annotations

import time
from pathlib import Path

_READ_EVERY_S = 0.25
_LONGEST_STOP_S = 60.0  # whatever stopped it for longer does not mean to go on


class EmulatorClock:
    """Seconds that an emulator ran or slept, from some point on; not those in which it wanted a processor.

    Nor those in which a signal or a debugger had stopped it, a minute of each stop. The emulator is the child
    of ``watcher``, a process id. The kernel counts, per thread, how long it was ready to run and did not
    (Documentation/scheduler/sched-stats.rst); from one look to the next, the thread that waited longest
    counts. Where the kernel does not tell, this is the host's clock.
    """

    def __init__(self, watcher: int, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._watcher = watcher
        self._looked: float | None = None
        self._waits: dict[str, int] = {}  # nanoseconds by thread, when last looked at
        self._stopped = False  # likewise
        self._stop_s = 0.0  # of the present stop, as far as it counted
        self._stood_s = 0.0

    def __call__(self) -> float:
        now = time.monotonic()
        if self._looked is None:
            self._waits, self._stopped = self._look()
            self._looked = now
        elif (passed_s := now - self._looked) >= _READ_EVERY_S:
            self._looked = now
            self._stand(passed_s)
        return now - self._stood_s

    def _stand(self, passed_s: float) -> None:
        """Find out for how much of the time since the last look the emulator could not run."""
        before, was_stopped = self._waits, self._stopped
        self._waits, self._stopped = self._look()
        longest = max((wait - before.get(thread, 0) for thread, wait in self._waits.items()), default=0)
        waited_s = longest / 1e9
        if was_stopped or self._stopped:  # in between, nobody knows since when
            counted_s = min(passed_s, _LONGEST_STOP_S - self._stop_s)
            self._stop_s = self._stop_s + counted_s if self._stopped else 0.0
            waited_s = max(waited_s, counted_s)
        self._stood_s += waited_s

    def _look(self) -> tuple[dict[str, int], bool]:
        """How long each thread has waited so far, and whether the emulator is stopped."""
        try:
            emulators = [self._proc / pid for pid in children(self._watcher, self._proc)]
            waits = {
                thread.parent.name: int(thread.read_text(encoding="utf-8").split()[1])
                for emulator in emulators
                for thread in (emulator / "task").glob("*/schedstat")
            }
            return waits, any(_is_stopped(emulator) for emulator in emulators)
        except (OSError, ValueError, IndexError):  # not started yet, gone, or a kernel that does not count
            return self._waits, False


def children(process: int, proc: Path = Path("/proc")) -> list[str]:
    """The ids of what a process with one thread has started and not waited for; OSError when it is gone."""
    return (proc / f"{process}/task/{process}/children").read_text(encoding="utf-8").split()


def _is_stopped(process: Path) -> bool:
    """Whether a signal or a debugger holds it: proc_pid_stat(5), behind the name in parentheses."""
    return (process / "stat").read_bytes().rpartition(b")")[2].split()[0] in (b"T", b"t")
