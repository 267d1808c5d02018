"""How long flashing an emulated board takes: `python benchmarks/flash_qemu.py [ELF] [ROUNDS]`.

Prints medians and worst cases against what is aimed for. Importing pyOCD happens once per process and is
printed apart, as is the program's own start.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

from hil.image import prebuilt_images
from hil.kinds import KINDS
from hil.qemu.process import QemuProcess

KIND = KINDS["qemu_mps2_an386"]
FRESH_AIM_S, HELD_AIM_S = 0.8, 0.3


def main() -> None:
    """Flash fresh boards, and boards that run the image already, and print the seconds."""
    image = Path(sys.argv[1]) if len(sys.argv) > 1 else prebuilt_images(KIND.name)[0]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    started = time.perf_counter()
    from hil.flash.pyocd import PyOcdFlasher

    import_s = time.perf_counter() - started
    print(f"{image.name}, {rounds} rounds; importing pyOCD took {import_s:.2f} s, not counted")

    def flash(process: QemuProcess) -> int:
        with PyOcdFlasher(process.probe_id, KIND.pyocd_target, options=KIND.pyocd_options) as flasher:
            report = flasher.program(image)
            flasher.reset_and_run()
            seconds.append(time.perf_counter() - began)
        return report.pages_programmed

    fresh: list[float] = []
    held: list[float] = []
    for _ in range(rounds):
        seconds = fresh
        began = time.perf_counter()
        assert KIND.emulator is not None
        with QemuProcess.start(KIND.emulator) as process:
            assert flash(process) > 0
            seconds = held
            began = time.perf_counter()
            assert flash(process) == 0
    _report("fresh emulator: start, flash, verify, run", fresh, FRESH_AIM_S)
    _report("running board that holds the image: connect, compare, verify, run", held, HELD_AIM_S)


def _report(what: str, seconds: list[float], aim_s: float) -> None:
    worst = max(seconds)
    verdict = "met" if worst <= aim_s else "MISSED"
    print(f"{what}: median {statistics.median(seconds):.3f} s, worst {worst:.3f} s, aim {aim_s} s {verdict}")


if __name__ == "__main__":
    main()
