"""Print what an emulated board does over a line that flips one bit in 10,000 and loses one byte in 100.

    python benchmarks/link_hostile.py [VECTORS] [HANDSHAKES]

Vectors of 64 bytes over the UART and through memory: each has to be answered right, once, and under its own
number. Then handshakes, each after a reset and with another seed.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import link_image
from hil.board import Board, open_board
from hil.errors import LinkError
from hil.image import Image
from hil.lab.boards import builtin_lab
from hil.link.faults import Faults
from hil.link.link import Link
from hil.session import ANSWER_S

GOAL_PER_S = 15.0


def noise(seed: int) -> Faults:
    return Faults(flip=1e-4, drop=1e-2, seed=seed)


def link_to(board: Board, seed: int, over_uart: bool) -> Link:
    memory = None if over_uart else board.memory
    return Link.open(board.serial_url, memory=memory, faults=noise(seed), clock=board.clock)


def stream(board: Board, image: Image, count: int, over_uart: bool) -> bool:
    """Stream so many vectors and print one row; whether every answer was right and they came fast enough."""
    inputs = link_image.vectors(count, link_image.SMALL)
    answered: Counter[int] = Counter()
    with board.flasher() as flasher, link_to(board, 7, over_uart) as link:
        flasher.program(image.path)
        flasher.reset_and_run()
        link.handshake(ANSWER_S)
        started = time.perf_counter()
        results = link.infer(inputs, on_result=lambda one: answered.update([one.number]), hang_after_s=60.0)
        seconds = time.perf_counter() - started
        stats, via = link.stats, link.via
    right = link_image.right(inputs, results)
    once = sum(times == 1 for times in answered.values())
    wire = (stats.wire_bytes_out / stats.payload_bytes_out, stats.wire_bytes_in / stats.payload_bytes_in)
    print(
        f"{via:<8}{count:>8}{right:>8}{once:>8}{count / seconds:>8.1f}{wire[0]:>8.2f}{wire[1]:>8.2f}"
        f"{stats.lost:>9}{stats.damaged:>9}"
    )
    return right == once == count and count / seconds >= GOAL_PER_S


def handshakes(board: Board, image: Image, count: int, over_uart: bool) -> bool:
    """Start the board and shake hands so many times and print one row; whether none failed."""
    failed = 0
    taken: list[float] = []
    with board.flasher() as flasher:
        flasher.program(image.path)
        for seed in range(count):
            with link_to(board, seed, over_uart) as link:
                flasher.reset_and_run()
                started = time.perf_counter()
                try:
                    link.handshake(ANSWER_S)
                except LinkError as error:
                    print(f"seed {seed}: {error}")
                    failed += 1
                taken.append(time.perf_counter() - started)
    via = "uart" if over_uart else "ram"
    told = f"median {statistics.median(taken):.2f} s, worst {max(taken):.2f} s"
    print(f"{via:<8}{count:>8} handshakes, {failed} failed, {told}")
    return failed == 0


def main() -> int:
    """Both, on either link; 1 when a goal is missed."""
    given = [int(one) for one in sys.argv[1:]]
    vectors, shakes = (given + [10_000, 200][len(given) :])[:2]
    with tempfile.TemporaryDirectory() as folder, open_board(builtin_lab().boards[0]) as board:
        image = link_image.build(Path(folder), link_image.SMALL)
        names = "".join(f"{name:>8}" for name in ("vectors", "right", "once", "per s", "to", "from"))
        print(f"{noise(7)}\n{'link':<8}{names}{'lost':>9}{'damaged':>9}")
        good = [stream(board, image, vectors, over_uart) for over_uart in (True, False)]
        good += [handshakes(board, image, shakes, over_uart) for over_uart in (True, False)]
    met = "met" if all(good) else "MISSED"
    print(f"all right and once, at least {GOAL_PER_S:g}/s, no handshake failed: {met}")
    return int(not all(good))


if __name__ == "__main__":
    raise SystemExit(main())
