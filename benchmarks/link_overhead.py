"""Print what the link adds to the payload, and what lost bytes cost, against the runtime on the host.

python benchmarks/link_overhead.py
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hil.resources import firmware_dir

sys.path.insert(0, str(firmware_dir() / "tests" / "link"))

from host_device import HostDevice, build, expected

GOAL = 1.05
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
    wire_out = after.wire_bytes_out - before.wire_bytes_out
    wire_in = after.wire_bytes_in - before.wire_bytes_in
    total = (wire_out + wire_in) / (after.payload_bytes_out + after.payload_bytes_in)
    print(
        f"{case.name:<28}{case.count:>7}{wire_out / after.payload_bytes_out:>9.3f}"
        f"{wire_in / after.payload_bytes_in:>9.3f}{total:>9.3f}{seconds:>9.2f}"
    )
    return total


def main() -> int:
    """All cases; 1 when the total misses the goal on a line that loses nothing."""
    print(f"{'wire bytes per payload byte':<28}{'vectors':>7}{'to':>9}{'from':>9}{'total':>9}{'s':>9}")
    with tempfile.TemporaryDirectory() as folder:
        program = build(Path(folder) / "device")
        totals = {case: run(program, case) for case in CASES}
    worst = max(total for case, total in totals.items() if not case.lose)
    print(f"worst total without loss {worst:.3f}, goal {GOAL}")
    return int(worst > GOAL)


if __name__ == "__main__":
    raise SystemExit(main())
