"""How long flashing an emulated board takes: `python benchmarks/flash_qemu.py [--kind=KIND] [ELF [ROUNDS]]`.

Prints medians and worst cases against what is aimed for, and what of it was this process's own processor
time, which a busy machine does not change. Importing pyOCD happens once per process and is printed apart. A
twin may need a newer QEMU than the system's: name it in HIL_QEMU. With --vendor-algorithm the discovery kit's
twin is programmed by ST's flash algorithm on the emulated core.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from hil.image import prebuilt_images
from hil.kinds import KINDS
from hil.qemu.process import QemuProcess

FRESH_AIM_S, HELD_AIM_S = 0.8, 0.3


def main() -> None:
    """Flash fresh boards, and boards that run the image already, and print the seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", default="qemu_mps2_an386")
    parser.add_argument("--vendor-algorithm", action="store_true")
    parser.add_argument("elf", nargs="?", type=Path)
    parser.add_argument("rounds", nargs="?", type=int, default=20)
    given = parser.parse_args()
    kind, rounds = KINDS[given.kind], given.rounds
    image = given.elf or prebuilt_images(kind.image_kind)[0]
    started = time.perf_counter()
    from hil.flash.pyocd import PyOcdFlasher

    import_s = time.perf_counter() - started
    print(f"{kind.name}, {image.name}, {rounds} rounds; importing pyOCD took {import_s:.2f} s, not counted")

    def flash(process: QemuProcess) -> int:
        with PyOcdFlasher(process.probe_id, kind.pyocd_target, options=kind.pyocd_options) as flasher:
            report = flasher.program(image)
            flasher.reset_and_run()
            seconds.append((time.perf_counter() - began[0], time.process_time() - began[1]))
        return report.pages_programmed

    fresh: list[tuple[float, float]] = []
    held: list[tuple[float, float]] = []
    for _ in range(rounds):
        seconds = fresh
        began = time.perf_counter(), time.process_time()
        assert kind.emulator is not None
        with QemuProcess.start(kind.emulator, vendor_algorithm=given.vendor_algorithm) as process:
            assert flash(process) > 0
            seconds = held
            began = time.perf_counter(), time.process_time()
            assert flash(process) == 0
    _report("fresh emulator: start, flash, verify, run", fresh, FRESH_AIM_S)
    _report("running board that holds the image: connect, compare, verify, run", held, HELD_AIM_S)


def _report(what: str, seconds: list[tuple[float, float]], aim_s: float) -> None:
    walls, ours = zip(*seconds, strict=True)
    median, worst = statistics.median(walls), max(walls)
    verdict = "met" if worst <= aim_s else "MISSED"
    print(f"{what}: median {median:.3f} s, worst {worst:.3f} s, aim {aim_s} s {verdict}", end="")
    print(f" (of our processor time {statistics.median(ours):.3f} s)")


if __name__ == "__main__":
    main()
