"""How true energy per inference is, from emulated boards through kit, driver and windows to what is stored.

    python benchmarks/energy_images.py [BOARD…] [--precision=q15] [--vectors=10]

Every prebuilt image of the precision runs on each board (default: the mps2-an386, and the discovery kit's
twin where QEMU has it). The truth is the timeline's: cycles of the last repeat, times the current of the
part that is borrowed, times the supply. Beside it: by how much a repeat's inference differs from the trace's.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace

from hil.board import Board, open_board
from hil.errors import HilError
from hil.image import Image, prebuilt_images
from hil.lab.boards import builtin_lab
from hil.meters.power import Energy
from hil.models.vectors import load_vectors
from hil.qemu import runtime
from hil.qemu.timeline import TIMELINE_NAME, Timeline
from hil.session import Report, Session, first
from hil.values import Precision

BOARDS = ("qemu", "qemu_b_l475e_iot01a")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("boards", nargs="*", default=BOARDS)
    parser.add_argument("--precision", type=Precision, default=Precision.Q15)
    parser.add_argument("--vectors", type=int, default=10)
    options = parser.parse_args()
    for name in options.boards:
        try:
            run(name, options.precision, options.vectors)
        except HilError as error:
            print(f"{name}: {error}")


def run(name: str, precision: Precision, count: int) -> None:
    (spec,) = builtin_lab().select(name)
    spec = replace(spec, name=f"{name}-{os.getpid()}")  # others may run beside us
    worst = windows = 0.0
    images = [Image.load(elf) for elf in prebuilt_images(spec.kind.image_kind)]
    images = [one for one in images if one.manifest.precision == precision]
    with open_board(spec) as board:
        for image in images:
            vectors = first(load_vectors(image.manifest.model, precision), count)
            with Session(board, image, energy=Energy()) as session:
                found = session.measure(vectors)
            if not found.passes:
                print(f"{board.name} {image.name}: {'; '.join(found.notes)}")
                continue
            energy_uj, truth_uj, traced_uj = figures(board, found)
            worst = max(worst, abs(energy_uj / truth_uj - 1))
            windows += sum(len(one.windows.valid) for one in found.passes)
            print(
                f"{board.name} {image.name}: {energy_uj:,.4f} uJ, off by {energy_uj / truth_uj - 1:+.4%} "
                f"(the trace's vector: {truth_uj / traced_uj - 1:+.3%})",
                flush=True,
            )
    print(f"{name}: {len(images)} images, {windows:.0f} windows, off by {worst:.4%} at most")


def figures(board: Board, found: Report) -> tuple[float, float, float]:
    """Energy per inference in uJ: as it was found, as the timeline has it, as the trace's cycles have it."""
    (running,) = [one for one in runtime.running() if one.name == board.name]
    currents, power, last = board.kind.currents, board.power, found.passes[-1]
    assert currents is not None
    assert power is not None
    spans = Timeline(running.folder / TIMELINE_NAME).spans()
    windows = last.windows.windows
    inferences = last.inferences * len(windows)
    per_cycle_uj = currents.run_a * power.supply_v / board.kind.clock_hz * 1e6
    cycles = sum(one.cycles for one in spans) / inferences
    return (
        found.value("energy_per_inference"),
        cycles * per_cycle_uj,
        found.value("latency_cycles") * per_cycle_uj,
    )


if __name__ == "__main__":
    main()
