"""Print what the link adds to the payload, what lost bytes cost, and how much of a line it uses.

python benchmarks/link_overhead.py

Against the runtime on the host; at the end vectors of 27,648 bytes go through an emulated board's memory.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hil.board import open_board
from hil.lab.boards import builtin_lab
from hil.link.channel import Channel
from hil.link.link import Link, LinkStats
from hil.resources import firmware_dir
from hil.session import Session

sys.path.insert(0, str(firmware_dir() / "tests" / "link"))

from host_device import HostDevice, build, expected

import link_image
from paced_line import PacedLine

GOAL = 1.05
SHARE_GOAL = 0.95
TO_GOAL, TOTAL_GOAL = 1.03, 1.06
MEMORY_GOAL_MS = 30.0
BAUDRATE = 115_200
WINDOWS = (8192, 4096)
ROUND_TRIPS_MS = (0.0, 3.5, 16.0)
F32 = 1
I16 = 2
OUTPUTS = 10


@dataclass(frozen=True)
class Case:
    """Vectors of one kind: wire type, features, range of steps, how many, and lost bytes per million."""

    name: str
    dtype: int
    features: int
    steps: tuple[int, int]
    count: int
    lose: int = 0

    @property
    def options(self) -> dict[str, int]:
        """As the device takes them."""
        return {
            "dtype": self.dtype,
            "features": self.features,
            "min_steps": self.steps[0],
            "max_steps": self.steps[1],
            "outputs": OUTPUTS,
            "lose": self.lose,
        }

    def vectors(self) -> list[npt.NDArray[np.generic]]:
        """Random values, the same in every run."""
        rng = np.random.default_rng(1)
        wire = np.float32 if self.dtype == F32 else np.int16
        lengths = rng.integers(self.steps[0], self.steps[1] + 1, self.count)
        return [rng.integers(-30_000, 30_000, (steps, self.features)).astype(wire) for steps in lengths]


CASES = (
    Case("64 B", I16, 8, (4, 4), 1000),
    Case("digits q15, 128 B", I16, 8, (8, 8), 1000),
    Case("digits f32, 256 B", F32, 8, (8, 8), 1000),
    Case("vowels q15, 168 to 696 B", I16, 12, (7, 29), 300),
    Case("vowels f32, 336 to 1,392 B", F32, 12, (7, 29), 300),
    Case("2,048 to 2,240 B", F32, 8, (64, 70), 200),
    Case("9,216 B", F32, 8, (288, 288), 50),
    Case("digits f32, 0.1 % lost", F32, 8, (8, 8), 200, 1_000),
    Case("9,216 B, 0.1 % lost", F32, 8, (288, 288), 10, 1_000),
    Case("digits f32, 1 % lost", F32, 8, (8, 8), 50, 10_000),
    Case("9,216 B, 1 % lost", F32, 8, (288, 288), 3, 10_000),
)


def run(program: Path, case: Case) -> float:
    """Stream the case's vectors, check every output and print one row; the total wire per payload."""
    vectors = case.vectors()
    with HostDevice(program, **case.options) as device, device.connect() as link:
        before = link.stats
        started = time.perf_counter()
        results = link.infer(vectors)
        seconds = time.perf_counter() - started
        after = link.stats
    for vector, result in zip(vectors, results, strict=True):
        assert np.array_equal(result.output, expected(vector, OUTPUTS)), f"{case.name}: wrong output"
    to, back, total = ratios(before, after)
    print(f"{case.name:<28}{case.count:>7}{to:>9.3f}{back:>9.3f}{total:>9.3f}{seconds:>9.2f}")
    return total


def ratios(before: LinkStats, after: LinkStats) -> tuple[float, float, float]:
    """Wire bytes per payload byte, to the device, from it and together."""
    wire_out = after.wire_bytes_out - before.wire_bytes_out
    wire_in = after.wire_bytes_in - before.wire_bytes_in
    payload_out, payload_in = after.payload_bytes_out, after.payload_bytes_in
    return wire_out / payload_out, wire_in / payload_in, (wire_out + wire_in) / (payload_out + payload_in)


def rate(program: Path, window: int, round_trip_ms: float) -> bool:
    """Stream two large vectors over a line of that round trip, print one row; whether it meets the goals."""
    vectors = Case("", I16, link_image.LARGE[1], (link_image.LARGE[0],) * 2, 2).vectors()
    shape = {"features": link_image.LARGE[1], "min_steps": len(vectors[0]), "max_steps": len(vectors[0])}
    with HostDevice(program, dtype=I16, outputs=OUTPUTS, window=window, **shape) as device:
        line = PacedLine(device.url, BAUDRATE, round_trip_ms / 1e3)
        with Channel(line) as channel:
            link = Link(channel)
            device.boot()
            link.handshake(10.0)
            before = link.stats
            started = time.perf_counter()
            link.infer(vectors)
            seconds = time.perf_counter() - started
            after = link.stats
    share = after.payload_bytes_out * line.byte_s / seconds
    to, _, total = ratios(before, after)
    print(f"{window:>8,} B{round_trip_ms:>9.1f} ms{share:>9.1%}{to:>9.3f}{total:>9.3f}")
    return share >= SHARE_GOAL and to <= TO_GOAL and total <= TOTAL_GOAL


def through_memory(folder: Path, count: int = 20) -> float:
    """Milliseconds that a large vector takes on an emulated board, its small computation included."""
    image = link_image.build(folder, link_image.LARGE)
    inputs = link_image.vectors(count, link_image.LARGE)
    with open_board(builtin_lab().boards[0]) as board, Session(board, image) as session:
        session.infer(inputs[:1])
        started = time.perf_counter()
        results = session.infer(inputs)
        seconds = time.perf_counter() - started
    assert link_image.right(inputs, results) == count, "wrong output through memory"
    return seconds / count * 1e3


def main() -> int:
    """All cases; 1 when a goal is missed, which the lines that lose bytes have none of."""
    print(f"{'wire bytes per payload byte':<28}{'vectors':>7}{'to':>9}{'from':>9}{'total':>9}{'s':>9}")
    with tempfile.TemporaryDirectory() as folder:
        program = build(Path(folder) / "device")
        totals = {case: run(program, case) for case in CASES}
        worst = max(total for case, total in totals.items() if not case.lose)
        print(f"worst total without loss {worst:.3f}, goal {GOAL}\n")
        print(f"27,648-byte vectors at {BAUDRATE:,} baud")
        print(f"{'window':>10}{'round trip':>12}{'share':>9}{'to':>9}{'total':>9}")
        rates = {(window, ms): rate(program, window, ms) for window in WINDOWS for ms in ROUND_TRIPS_MS}
        fast = all(good for (window, _), good in rates.items() if window == max(WINDOWS))
        print(f"goals with the larger window {SHARE_GOAL:.0%}, {TO_GOAL}, {TOTAL_GOAL}\n")
        took_ms = through_memory(Path(folder))
        print(f"27,648-byte vectors through memory: {took_ms:.1f} ms each, goal {MEMORY_GOAL_MS:g}")
    return int(worst > GOAL or not fast or took_ms > MEMORY_GOAL_MS)


if __name__ == "__main__":
    raise SystemExit(main())
