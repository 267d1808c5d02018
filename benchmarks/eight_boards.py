"""Eight emulated boards in one run: how much longer than their computing, shared out to all processors.

    python benchmarks/eight_boards.py [--rounds=N] [--kinds=KIND,…] [IMAGE [VECTORS]]

Each board runs the image (default rnnpool_face/q15) over its default vectors, or so many, or all; of
several kinds there are as many boards each. First one board of each kind runs it alone, which tells what it
computes; then all do, in one run; then one alone again, and so on. A machine's speed drifts by more than
what is to be seen here: so each run of all is compared with the runs of one right before and after it, and
the median of the rounds counts. A twin may need a newer QEMU than the system's: name it in HIL_QEMU. Dash's
plug-in for pytest, which a lab does not need (README), is left out.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from process_tree import Peak

BOARDS = 8
LOOK_S = 1.0  # more looks at memory would show in what is timed
PLUGINS = ("-p", "no:dash", "-p", "no:cacheprovider")


@dataclass(frozen=True)
class Done:
    """One run: its seconds, those that its boards computed by their kinds, and how many results are exact."""

    wall: float
    computed: dict[str, float]
    exact: int


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", default="qemu_mps2_an386", type=lambda names: names.split(","))
    parser.add_argument("image", nargs="?", default="rnnpool_face/q15")
    parser.add_argument("vectors", nargs="?")
    given = parser.parse_args()
    boards = {f"board-{number}": given.kinds[number % len(given.kinds)] for number in range(BOARDS)}
    ones = list(boards)[: len(given.kinds)]
    options = [f"--model={given.image}"] + ([f"--vectors={given.vectors}"] if given.vectors else [])
    processors = len(os.sched_getaffinity(0))
    peak = Peak()
    ratios = []
    with tempfile.TemporaryDirectory(prefix="hil-eight-boards-") as name:
        folder = Path(name)
        before = alone(folder, boards, ones, options)
        for number in range(given.rounds):
            together = run(folder, boards, "all", options, peak)
            after = alone(folder, boards, ones, options)
            share = sum((before[kind] + after[kind]) / 2 for kind in boards.values()) / processors
            ratios.append(together.wall / share)
            each = ", ".join(f"{kind} {before[kind]:.2f} and {after[kind]:.2f}" for kind in given.kinds)
            print(f"round {number + 1}: one board computed, before and after, {each} s")
            print(
                f"  {BOARDS} boards: {together.wall:.2f} s, {together.exact} of them exact; their computing "
                f"shared out {share:.2f} s; the run took {ratios[-1]:.3f} times that",
                flush=True,
            )
            before = after
    median = statistics.median(ratios)
    print(f"median of {given.rounds} rounds on {processors} processors: {median:.3f} times")
    print(f"memory: at most {peak.megabytes:,.0f} MB, in {peak.processes} processes")


def alone(folder: Path, boards: dict[str, str], ones: list[str], options: list[str]) -> dict[str, float]:
    """What a board of each kind computes when it has the machine to itself, in seconds."""
    found: dict[str, float] = {}
    for one in ones:
        found |= run(folder, boards, one, options).computed
    return found


def run(
    folder: Path, boards: dict[str, str], chosen: str, options: list[str], peak: Peak | None = None
) -> Done:
    """One `pytest --board=…` with a database of its own."""
    command = [sys.executable, "-m", "pytest", *PLUGINS, f"--board={chosen}", *options]
    with tempfile.TemporaryDirectory(dir=folder) as name, tempfile.TemporaryFile() as said:
        lab, database = Path(name) / "lab.toml", Path(name) / "results.db"
        table = '[boards.{}]\nkind = "{}"\npool = false\n'
        lab.write_text("".join(table.format(*board) for board in boards.items()), encoding="utf-8")
        command += [f"--lab={lab}", f"--db=sqlite:///{database}"]
        started = time.monotonic()
        with subprocess.Popen(command, cwd=name, stdout=said, stderr=said) as process:
            if peak is not None:
                peak.follow(process, LOOK_S)
        wall = time.monotonic() - started
        if process.returncode != 0:
            said.seek(0)
            sys.exit(said.read().decode())
        rows = measures(database)
    streamed = [row for row in rows if row["metric"] == "stream_s"]
    computed = {boards[row["board"]]: float(row["value"]) for row in streamed}
    exact = sum(row["metric"] == "golden_exact" and float(row["value"]) == 1.0 for row in rows)
    return Done(wall, computed, exact)


def measures(database: Path) -> list[dict[str, str]]:
    told = subprocess.run(
        [sys.executable, "-m", "hil", "export", f"--db=sqlite:///{database}"],
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout
    return list(csv.DictReader(io.StringIO(told)))


if __name__ == "__main__":
    main()
