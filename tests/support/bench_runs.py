"""`pytest --board=…` as a user runs it: from a folder of their own, with a database of their own."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from hil.board import Board

QUICK = ("--board=all", "--model=fastgrnn_digits/q15", "--vectors=5")
RUN_S = 600  # there for a hang
_PLAIN = ("-p", "no:dash")


def bench_command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", *_PLAIN, f"--db={database_url(folder)}", *arguments]


def run_bench(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        bench_command(folder, *arguments),
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=RUN_S,
    )


def database_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'results.db'}"


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "results.db") as database:
        return database.execute(query).fetchall()


def runs(folder: Path) -> list[tuple[object, ...]]:
    """The status of each run, with whether it was closed; none where there is no database yet."""
    if not (folder / "results.db").exists():
        return []
    return rows(folder, "select status, finished is not null from run order by id")


def serve_images(folder: Path, *elves: Path) -> None:
    """Make these images, with their manifests, the prebuilt ones of every bench that runs in the folder."""
    images = folder / "images"
    images.mkdir()
    for elf in elves:
        shutil.copy(elf, images)
        shutil.copy(elf.with_suffix(".json"), images)
    (folder / "conftest.py").write_text(
        "from pathlib import Path\n"
        "import hil.bench.plan\n"
        "hil.bench.plan.prebuilt_images = lambda kind: sorted(Path(__file__).parent.glob('images/*.elf'))\n"
    )


def emulator_pid(board: Board) -> int:
    """The emulator that serves a board's sockets."""
    folder = str(Path(board.serial_url.removeprefix("unix://")).parent)
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
            descriptors = [str(link.readlink()) for link in (entry / "fd").iterdir()]
        except OSError:
            continue
        is_emulator = b"-machine" in command and not any(b"watcher" in part for part in command)
        if is_emulator and any(folder in target for target in descriptors):
            return int(entry.name)
    raise AssertionError(f"no emulator of {folder}")
