"""The memory of a process and all that it started, as it runs."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

from hil.beside import wait_for


class Peak:
    """The most that was seen: ``megabytes``, in so many ``processes``; shared pages are shared out (PSS)."""

    def __init__(self) -> None:
        self.megabytes = 0.0
        self.processes = 0

    def follow(self, process: subprocess.Popen[bytes], every_s: float = 0.2) -> None:
        """Look until the process ends: at twenty processes that takes 10 ms of a processor each time."""
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                wait_for(process, every_s)
                return
            sizes = [size for size in map(_megabytes, _tree(process.pid)) if size]
            if sum(sizes) > self.megabytes:
                self.megabytes, self.processes = sum(sizes), len(sizes)


def _tree(root: int) -> list[int]:
    found = [root]
    for pid in found:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, children.read_text(encoding="ascii").split())
    return found


def _megabytes(pid: int) -> float:
    with contextlib.suppress(OSError, IndexError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1000
    return 0.0
