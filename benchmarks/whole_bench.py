"""How long `pytest --board=all` takes, over all models, precisions and held-out vectors.

    python benchmarks/whole_bench.py [ROUNDS]

Runs it against a database of its own and prints the seconds of each round, the interpreter's start included,
and each image's accuracy and agreement with the reference.
"""

from __future__ import annotations

import csv
import io
import statistics
import subprocess
import sys
import tempfile
import time


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory(prefix="hil-whole-bench-") as folder:
        url = f"sqlite:///{folder}/results.db"
        seconds = [run(url, folder) for _ in range(rounds)]
        exported = subprocess.run(
            [sys.executable, "-m", "hil", "export", f"--db={url}"],
            check=True,
            capture_output=True,
            encoding="utf-8",
        ).stdout
    listed = ", ".join(f"{one:.1f}" for one in seconds)
    print(f"whole bench: median {statistics.median(seconds):.1f} s, worst {max(seconds):.1f} s ({listed})")
    for row in csv.DictReader(io.StringIO(exported)):
        if row["metric"] in ("accuracy", "golden_exact", "vectors", "stream_s"):
            print(f"{row['model']}/{row['precision']:4} {row['metric']:13} {float(row['value']):.4f}")


def run(url: str, folder: str) -> float:
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--board=all", f"--db={url}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return time.monotonic() - started


if __name__ == "__main__":
    main()
