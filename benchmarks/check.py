"""How long `hil check` takes on a long history: its process from start to end.

    python benchmarks/check.py [RUNS] [IMAGES]

The database is made for it; the newest run is compared with its branch, and with an old one. A second one
has latencies that a clock measured, with a value for each of 540 vectors, which are compared one by one. In a
third the cycles of all vectors of all images changed in the newest run.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from seeded import Planted, Seeded, make

_TIMES = 5


def check(url: str, baseline: str, folder: Path) -> tuple[float, float]:
    """(seconds on the clock, seconds of CPU) of one `hil check`."""
    command = [sys.executable, "-m", "hil", "check", f"--db={url}", f"--baseline={baseline}"]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{done.stdout}{done.stderr}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    images = int(sys.argv[2]) if len(sys.argv) > 2 else 36
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{runs} runs of {images} images: seconds, the least of {_TIMES}   wall    CPU")
        slower = (Planted(runs - 1, "latency_cycles", 1.01),)
        for what, wanted in (
            ("", Seeded(runs, images)),
            ("measured", Seeded(runs, images, vectors=540, measured=True)),
            ("all changed", Seeded(runs, images, vectors=540, planted=slower)),
        ):
            url = f"sqlite:///{folder}/{what.replace(' ', '-')}results.db"
            make(url, wanted)
            for baseline in ("main", str(runs // 2)):
                seen = [check(url, baseline, folder) for _ in range(_TIMES)]
                wall, cpu = (min(one[which] for one in seen) for which in (0, 1))
                print(f"hil check --baseline {baseline:20} {what:17} {wall:6.2f} {cpu:6.2f}", flush=True)


if __name__ == "__main__":
    main()
