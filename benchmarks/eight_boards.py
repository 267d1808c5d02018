"""Eight emulated boards in one run: how much longer than their computing, shared out to all processors.

    python benchmarks/eight_boards.py [IMAGE [VECTORS]]

Each board runs the image (default rnnpool_face/q15) over its default vectors, or so many, or all. First one
board runs it alone, which tells what it computes; then eight do, in one run.
"""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from process_tree import Peak

BOARDS = 8


def main() -> None:
    image = sys.argv[1] if len(sys.argv) > 1 else "rnnpool_face/q15"
    vectors = [f"--vectors={sys.argv[2]}"] if len(sys.argv) > 2 else []
    processors = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="hil-eight-boards-") as name:
        folder = Path(name)
        table = '[boards.board-{}]\nkind = "qemu_mps2_an386"\npool = false\n'
        (folder / "lab.toml").write_text("".join(map(table.format, range(BOARDS))), encoding="utf-8")
        alone = run(folder, image, "board-0", Peak(), vectors)
        compute = sum(float(row["value"]) for row in measures(folder) if row["metric"] == "stream_s")
        peak = Peak()
        together = run(folder, image, "all", peak, vectors)
        exact = [row["value"] for row in measures(folder) if row["metric"] == "golden_exact"]
    share = BOARDS * compute / processors
    print(f"one board: {alone:.1f} s, of which it computed {compute:.1f} s")
    print(f"{BOARDS} boards: {together:.1f} s on {processors} processors, {exact.count('1')} of them exact")
    print(f"their computing shared out: {share:.1f} s; the run took {together / share:.2f} times that")
    print(f"memory: at most {peak.megabytes:,.0f} MB, in {peak.processes} processes")


def run(folder: Path, image: str, boards: str, peak: Peak, vectors: list[str]) -> float:
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--board={boards}"]
    command += [
        f"--model={image}",
        f"--lab={folder}/lab.toml",
        f"--db=sqlite:///{folder}/results.db",
        *vectors,
    ]
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, cwd=folder, stdout=said, stderr=said) as process:
            peak.follow(process)
        if process.returncode != 0:
            said.seek(0)
            sys.exit(said.read().decode())
    return time.monotonic() - started


def measures(folder: Path) -> list[dict[str, str]]:
    told = subprocess.run(
        [sys.executable, "-m", "hil", "export", f"--db=sqlite:///{folder}/results.db"],
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout
    return list(csv.DictReader(io.StringIO(told)))


if __name__ == "__main__":
    main()
