"""What a process may use, from the files that a system tells it by."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hil import limits


@pytest.fixture
def four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 5})


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({}, 4),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000\n"}, 4),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "250000 100000\n"}, 2),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": "900000 100000\n"}, 4),
        (
            {
                "proc/self/cgroup": "4:memory:/a\n2:cpu,cpuacct:/a\n",
                "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "300000\n",
                "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
            },
            3,
        ),
    ],
    ids=["no groups", "no quota", "a quota above", "half a processor", "more than there are", "version 1"],
)
def test_as_many_processors_as_affinity_and_quotas_allow(
    tmp_path: Path, files: dict[str, str], count: int
) -> None:
    assert limits.processors(write(tmp_path, files)) == count


def test_free_memory_is_the_least_that_anybody_leaves(tmp_path: Path) -> None:
    assert limits.free_memory(tmp_path) is None
    write(tmp_path, {"proc/meminfo": "MemTotal: 9000 kB\nMemAvailable: 5000 kB\n"})
    assert limits.free_memory(tmp_path) == 5000 * 1024
    group = {
        "proc/self/cgroup": "0::/a\n",
        "sys/fs/cgroup/a/memory.max": "3000000\n",
        "sys/fs/cgroup/a/memory.current": "2500000\n",
        "sys/fs/cgroup/a/memory.stat": "anon 100\ninactive_file 400000\n",
        "sys/fs/cgroup/memory.max": "max\n",
    }
    assert limits.free_memory(write(tmp_path, group)) == 900_000
    write(tmp_path, {"sys/fs/cgroup/a/memory.current": "9000000\n"})
    assert limits.free_memory(tmp_path) == 0


def test_the_limits_of_this_machine_can_be_read() -> None:
    assert 1 <= limits.processors() <= (os.cpu_count() or 1)
    assert (limits.free_memory() or 0) > 1 << 20
