"""What any programmer of boards promises, whatever probe it drives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self


@dataclass(frozen=True)
class FlashReport:
    """What one programming did. Seconds are by the host's clock; ``verify_s`` is part of no other.

    ``bytes_total`` is the image's, and every one of them was read back. ``bytes_programmed`` counts whole
    pages; ``pages_skipped`` held the right bytes already. ``under_reset`` says why
    it took a reset to connect. ``chip`` is what the registers read that tell it and its revision.
    """

    bytes_total: int
    bytes_programmed: int
    pages_programmed: int
    pages_skipped: int
    connect_s: float
    program_s: float
    verify_s: float
    under_reset: str | None = None
    chip: str | None = None


@dataclass(frozen=True)
class AttachedProbe:
    """A debug probe that is there; nothing is known of what it is wired to but its own word.

    ``is_emulated``: it is that of an emulator, which belongs to the run that started it. ``target`` is the
    chip of the board that the probe is part of, as pyOCD calls it; None for a probe by itself.
    """

    unique_id: str
    description: str
    board_name: str | None
    is_emulated: bool = False
    target: str | None = None


class Flasher(Protocol):
    """Connects on entry and halts the core; lets it run on exit. Errors are ProbeError and FlashError.

    A chip that is not the target's is refused on entry, before anything of it is changed.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def program(self, image_path: Path) -> FlashReport:
        """Put an ELF image into flash and verify every byte of it; the core stands afterwards."""

    def reset_and_run(self) -> None:
        """Reset the board and let it run what is in flash."""

    def halt(self) -> None:
        """Stop the core where it is."""

    def halted(self) -> bool:
        """Whether the core stands, whoever stopped it."""

    def read_memory(self, address: int, count: int) -> bytes:
        """Bytes of the board's memory, running or not; aligned words are read whole, in ascending order."""

    def write_memory(self, address: int, data: bytes) -> None:
        """Write bytes, running or not; aligned words are written whole, in ascending order."""

    def fault_registers(self) -> dict[str, int]:
        """Where the halted core stands (``pc``, ``lr``, ``sp``, ``xpsr``) and what faulted before."""
