"""Print what the debug probe carries, beside each machine's other links: vectors and kilobytes a second.

    python benchmarks/link_probe.py [SMALL] [LARGE]

So many vectors of 64 and of 27,648 bytes, each answered right. The probe is an emulator's: it takes the
time to pause it, where silicon's takes that of its wire, of which this says nothing.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import link_image
from hil.board import Board, open_board
from hil.image import Image
from hil.kinds import KINDS
from hil.lab.boards import BoardSpec
from hil.session import Session

MACHINES = ("qemu_mps2_an386", "qemu_b_l475e_iot01a")  # the latter needs QEMU 9.0 or newer


def stream(board: Board, image: Image, shape: tuple[int, int], count: int, over_uart: bool) -> bool:
    """Stream so many vectors and print one row; whether every answer was right."""
    inputs = link_image.vectors(count, shape)
    with Session(board, image, over_uart=over_uart) as session:
        started = time.perf_counter()
        results = session.infer(inputs)
        seconds = time.perf_counter() - started
        link = next(one.conditions["link"] for one in session.phase_measures() if one.metric == "handshake_s")
    right = link_image.right(inputs, results)
    size = inputs[0].nbytes
    print(
        f"{board.kind.emulator:<16}{link:<7}{size:>8,}{count:>8}{right:>8}"
        f"{count / seconds:>10.1f}{count * size / seconds / 1000:>10.0f}"
    )
    return right == count


def main() -> int:
    """Print one row a machine, size and link; 1 when an answer was wrong."""
    small, large = (int(word) for word in (*sys.argv[1:], "1000", "20")[:2])
    print(f"{'machine':<16}{'link':<7}{'bytes':>8}{'vectors':>8}{'right':>8}{'vectors/s':>10}{'kB/s':>10}")
    good = True
    for name in MACHINES:
        kind = KINDS[name]
        with tempfile.TemporaryDirectory() as folder, open_board(BoardSpec(name, kind)) as board:
            for shape, count in ((link_image.SMALL, small), (link_image.LARGE, large)):
                image = link_image.build(Path(folder) / str(shape[0]), shape, kind.image_kind)
                links = [(board, True), (replace(board, through_probe=True), False)]
                if board.memory is not None:
                    links.append((board, False))
                for one, over_uart in links:
                    good &= stream(one, image, shape, count, over_uart)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
