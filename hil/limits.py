"""What this process may use of its machine: processors and memory, as its control groups allow them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_UNLIMITED = 1 << 60  # version 1 writes a limit that is none as the largest number of pages


def processors(root: Path = Path("/")) -> int:
    """How many processors may work at once: those it may run on, or fewer where a quota says so."""
    count = float(len(os.sched_getaffinity(0)))
    for group in _groups(root, "cpu"):
        quota, period = _quota(group)
        if quota > 0 and period > 0:
            count = min(count, quota / period)
    return max(1, int(count))


def free_memory(root: Path = Path("/")) -> int | None:
    """Bytes that can still be taken without swapping; None where the system does not tell."""
    known = [free for free in (_available(root), *_left(root)) if free is not None]
    return max(0, min(known)) if known else None


def _available(root: Path) -> int | None:
    for line in _text(root / "proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _left(root: Path) -> Iterator[int]:
    """What each control group leaves: page cache counts as used there, though it would make room."""
    for group in _groups(root, "memory"):
        for limit_name, used_name in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            limit, used = _number(group / limit_name), _number(group / used_name)
            if limit is not None and used is not None and limit < _UNLIMITED:
                yield limit - used + _cached(group)


def _cached(group: Path) -> int:
    for line in _text(group / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return int(value)
    return 0


def _quota(group: Path) -> tuple[float, float]:
    """Microseconds of processor time in so many; (0, 0) where there is no quota."""
    words = _text(group / "cpu.max").split()
    if len(words) == 2 and words[0] != "max":
        return float(words[0]), float(words[1])
    quota, period = _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")
    return float(quota or 0), float(period or 0)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The control groups that a controller's limits come from, from the process's own up to the root.

    A container sees its own group as the root of that tree, whatever the process is told of its path.
    """
    mount = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = mount / controllers if controllers else mount
        if controllers and not top.is_dir():
            top = mount / controller
        group = top / path.lstrip("/")
        while group.is_relative_to(top):
            yield group
            if group == top:
                break
            group = group.parent


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.lstrip("-").isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
