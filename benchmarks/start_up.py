"""Print what one image costs from nothing to a stored row, and each further one, beside plain QEMU.

    python benchmarks/start_up.py [ROUNDS]

The bench is `pytest --board=all` with its default database new in the first round and there in the others.
Plain QEMU is a fresh interpreter that starts QEMU with `-kernel`, opens its serial port with pyserial, and
streams the same vectors through the same firmware: no debug probe, no timing plug-in, nothing measured and
nothing stored. Both are run in turns; the median of the rounds counts, and its processor time stands beside
it, for a machine that is not idle.
"""

from __future__ import annotations

import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

IMAGES = ("fastgrnn_digits/q15", "fastgrnn_digits/q7", "fastgrnn_digits/f32")
VECTORS = 20
FIRST_GOAL_S, FURTHER_GOAL_S = 1.2, 0.15


@dataclass(frozen=True)
class Cost:
    """Seconds on the wall's clock, and of processors."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Round:
    """One run with one image, one with all."""

    one: Cost
    all: Cost

    @property
    def further(self) -> Cost:
        """What each image after the first takes."""
        more = len(IMAGES) - 1
        return Cost((self.all.wall - self.one.wall) / more, (self.all.cpu - self.one.cpu) / more)


def timed(folder: str, *command: str) -> Cost:
    """What one command takes, with all that it started and waited for."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def bench(folder: str) -> Round:
    """`pytest --board=all` over one image, and over all."""
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--board=all", f"--vectors={VECTORS}"]
    words.append(f"--db=sqlite:///{folder}/results.db")
    one, all_of_them = (
        timed(folder, *words, f"--model={','.join(images)}") for images in (IMAGES[:1], IMAGES)
    )
    return Round(one, all_of_them)


def plain(folder: str) -> Round:
    """This program with ``--plain`` over one image, and over all."""
    words = (sys.executable, __file__, "--plain")
    return Round(timed(folder, *words, *IMAGES[:1]), timed(folder, *words, *IMAGES))


@contextmanager
def running_qemu(elf: Path, folder: Path) -> Iterator[str]:
    """QEMU with an image in it, which begins when its serial port is opened; gives the port's URL."""
    path = folder / "serial"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        command = ["qemu-system-arm", "-machine", "mps2-an386", "-icount", "shift=0", "-display", "none"]
        command += ["-nodefaults", "-kernel", str(elf), "-serial", "chardev:serial", "-chardev"]
        command.append(f"socket,id=serial,fd={listener.fileno()},server=on,wait=on")
        process = subprocess.Popen(command, pass_fds=(listener.fileno(),), stdin=subprocess.DEVNULL)
    try:
        yield f"unix://{path}"
    finally:
        process.kill()
        process.wait()
        path.unlink()


def stream(images: list[str]) -> None:
    """What a program without the bench does: start, stream, compare."""
    import numpy as np

    from hil.image import prebuilt_dir
    from hil.link.link import Link
    from hil.models.vectors import load_vectors
    from hil.values import Precision

    with tempfile.TemporaryDirectory() as folder:
        for image in images:
            model, _, precision = image.partition("/")
            elf = prebuilt_dir("qemu_mps2_an386") / f"{model}-{precision}.elf"
            vectors = load_vectors(model, Precision(precision))
            with running_qemu(elf, Path(folder)) as url, Link.open(url) as link:
                link.handshake(10.0)
                results = link.infer(vectors.inputs[:VECTORS])
            outputs = np.array([result.output for result in results])
            assert np.allclose(outputs, vectors.goldens[:VECTORS], rtol=1e-3, atol=1e-3), image


def median(costs: list[Cost]) -> Cost:
    return Cost(statistics.median(cost.wall for cost in costs), statistics.median(cost.cpu for cost in costs))


def main() -> int:
    """Both in turns; 1 when a goal is missed, by the clock."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory(prefix="hil-start-up-") as folder:
        pairs = [(bench(folder), plain(folder)) for _ in range(rounds)]
    print(f"{'s (s of processors)':<24}{'one image':>16}{'each further':>16}")
    found = []
    for name, each in (("pytest --board=all", [pair[0] for pair in pairs]), ("plain", [p[1] for p in pairs])):
        first, further = median([one.one for one in each]), median([one.further for one in each])
        found.append((first, further))
        cells = "".join(f"{f'{cost.wall:.2f} ({cost.cpu:.2f})':>16}" for cost in (first, further))
        print(f"{name:<24}{cells}")
    (first, further), (_, of_qemu) = found
    beyond = further.wall - of_qemu.wall
    print(f"one image {first.wall:.2f} s, goal {FIRST_GOAL_S}; ", end="")
    print(f"each further {beyond:.2f} s beyond plain QEMU's, goal {FURTHER_GOAL_S}")
    return int(first.wall > FIRST_GOAL_S or beyond > FURTHER_GOAL_S)


if __name__ == "__main__":
    if "--plain" in sys.argv:
        stream(sys.argv[2:])
    else:
        sys.exit(main())
