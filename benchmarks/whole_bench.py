"""How long `pytest --board=all` takes, over all models, precisions and held-out vectors, and how much memory.

    python benchmarks/whole_bench.py [ROUNDS [OPTION…]]

Runs it, with further options of pytest, against a database of its own: that of the twin is `HIL_QEMU=…
python benchmarks/whole_bench.py 1 --board=qemu_b_l475e_iot01a`. Prints the seconds of each round, the
interpreter's start included, the seconds of processor time, the most memory that all its processes held
together, and each image's accuracy and agreement with the reference.

Unless `--no-energy` is among the options each round is followed by one with it, and how many times as long
the first took is printed: at most 1.5 times.
"""

from __future__ import annotations

import csv
import io
import resource
import statistics
import subprocess
import sys
import tempfile
import time

from process_tree import Peak


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    peak = Peak()
    with tempfile.TemporaryDirectory(prefix="hil-whole-bench-") as folder:
        url = f"sqlite:///{folder}/results.db"
        options = sys.argv[2:]
        pairs = [taken(url, folder, options, peak) for _ in range(rounds)]
        exported = subprocess.run(
            [sys.executable, "-m", "hil", "export", f"--db={url}"],
            check=True,
            capture_output=True,
            encoding="utf-8",
        ).stdout
    seconds, processor_s = zip(*(first for first, _ in pairs), strict=True)
    listed = ", ".join(f"{one:.1f}" for one in seconds)
    print(f"whole bench: median {statistics.median(seconds):.1f} s, worst {max(seconds):.1f} s ({listed})")
    print(f"processor time: {statistics.mean(processor_s):.1f} s a round")
    for what, place in (("time", 0), ("processor time", 1)):
        ratios = [first[place] / without[place] for first, without in pairs if without is not None]
        if ratios:
            listed = ", ".join(f"{one:.2f}" for one in ratios)
            print(f"with energy: {statistics.median(ratios):.2f} times the {what} of without ({listed})")
    print(f"memory: at most {peak.megabytes:,.0f} MB, in {peak.processes} processes")
    for row in csv.DictReader(io.StringIO(exported)):
        if row["metric"] in ("accuracy", "golden_exact", "vectors", "stream_s"):
            print(f"{row['model']}/{row['precision']:4} {row['metric']:13} {float(row['value']):.4f}")


Used = tuple[float, float]  # seconds, and seconds of processor time


def taken(url: str, folder: str, options: list[str], peak: Peak) -> tuple[Used, Used | None]:
    """By a round with these options, and by one without energy where they leave that open."""
    first = measured(url, folder, options, peak)
    if "--no-energy" in options:
        return first, None
    return first, measured(f"sqlite:///{folder}/without.db", folder, [*options, "--no-energy"], Peak())


def measured(url: str, folder: str, options: list[str], peak: Peak) -> Used:
    before = processor_s()
    seconds = run(url, folder, options, peak)
    return seconds, processor_s() - before


def processor_s() -> float:
    """Of all processes that have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(url: str, folder: str, options: list[str], peak: Peak) -> float:
    started = time.monotonic()
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--board=all",
        f"--db={url}",
        *options,
    ]
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, cwd=folder, stdout=said, stderr=said) as process:
            peak.follow(process)
        seconds = time.monotonic() - started
        if process.returncode != 0:
            said.seek(0)
            sys.exit(said.read().decode())
    return seconds


if __name__ == "__main__":
    main()
