"""How many runs `hil bisect` takes to name one commit of ten, and how long.

    python benchmarks/bisect_runs.py

Of the example repository (benchmarks/example_repository.py), which is made anew for each place of the slower
function: with both ends stored, as after a nightly bench, and with nothing stored. What is slower must be
named each time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from example_repository import COMMITS, FUNCTION, MODEL, MODELS, git, make

_BENCH = (
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:dash",
    "--board=all",
    f"--model={MODEL}",
    f"--models-dir={MODELS}",
)


def run(command: list[str], folder: Path) -> str:
    """What a command prints; its failure ends the benchmark."""
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise SystemExit(f"{done.stdout}{done.stderr}")
    return done.stdout


def bench(folder: Path, db: str, sha: str) -> None:
    """Run and store one commit, as a nightly bench does."""
    git(folder, "checkout", "--quiet", sha)
    run([sys.executable, "-m", "pytest", *_BENCH, f"--db={db}"], folder)
    git(folder, "checkout", "--quiet", "main")


def search(planted: int, stored: bool) -> tuple[int, float]:
    """(runs, seconds) of one search."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "repository")
        commits = make(folder, planted)
        db = f"sqlite:///{name}/results.db"
        for sha in (commits[0], commits[-1]) if stored else ():
            bench(folder, db, sha)
        asked = [*("--model", MODEL), *("--metric", "latency_cycles"), *("--models-dir", MODELS), "--json"]
        began = time.perf_counter()
        command = [sys.executable, "-m", "hil", "bisect", commits[0], "main", *asked, f"--db={db}"]
        said = json.loads(run(command, folder))
        seconds = time.perf_counter() - began
        function = said["why"][0]["parts"][0]["name"]
        if said["first_bad"]["commit"] != commits[planted - 1] or function != FUNCTION:
            raise SystemExit(f"commit {planted}, {FUNCTION}: named {said['first_bad']}, {function}")
        return said["runs"], seconds


def main() -> None:
    print(f"one of {COMMITS} commits makes {FUNCTION} slower")
    print("which    both ends stored     nothing stored")
    for planted in range(2, COMMITS + 1):
        told = [search(planted, stored) for stored in (True, False)]
        print(
            f"{planted:5}  " + "   ".join(f"{runs} runs {seconds:8.1f} s" for runs, seconds in told),
            flush=True,
        )


if __name__ == "__main__":
    main()
