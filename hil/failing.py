"""Why a session failed: the board itself ended, or its core stands somewhere."""

from __future__ import annotations

from hil.board import Board
from hil.errors import BenchProcessError, DeviceHungError, HilError, ProbeError
from hil.flash.base import Flasher
from hil.image import Image
from hil.measure.elf import symbol_at

HALTED = "halted at pc"  # in the evidence of firmware that hangs, where its debug probe answers
IDLE = "waiting for bytes"  # likewise, where the firmware does nothing else
WAITS = "_wait"  # how the boards' functions are called that sleep until bytes have come
_STOOD = "the core stood already, as another debugger makes it, at"


def with_reason(error: HilError, board: Board, image: Image, flasher: Flasher | None) -> HilError:
    """The error, naming the board; it says so when the board itself ended, and where a hung core stands."""
    reason = board.failure()
    if reason is not None and board.killed():
        return BenchProcessError(
            f"{reason} while {image.name} ran",
            board=board.name,
            evidence=error.what,
            remedy="see what killed or stopped it: where memory ran out, the kernel's log tells",
        )
    if reason is not None:
        return ProbeError(
            f"{reason} while {image.name} ran",
            board=board.name,
            evidence=error.what,
            remedy="run it again; if it ends at the same place, the image is at fault",
        )
    if isinstance(error, DeviceHungError) and flasher is not None:
        error.evidence = "; ".join(filter(None, (error.evidence, _where(flasher, image))))
    return error.at(board.name)


def _where(flasher: Flasher, image: Image) -> str | None:
    try:
        if flasher.halted():
            return f"{_STOOD} {flasher.fault_registers()['pc']:#010x}"
        flasher.halt()
        registers = flasher.fault_registers()
    except HilError as error:
        return f"the core could not be halted: {error.what}"
    counter = registers["pc"]
    function = symbol_at(image.path, counter) or "no known function"
    idle = f", {IDLE}" if function.endswith(WAITS) else ""
    return f"{HALTED} {counter:#010x} in {function}{idle}"
