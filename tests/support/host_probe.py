"""A debug probe of the runtime as a host program: it programs nothing, and a reset starts the device."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from hil.flash.base import FlashReport


class HostProbe:
    """What a session asks of a flasher; a test says what its reset does."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def program(self, image_path: Path) -> FlashReport:
        return FlashReport(1, 0, 0, 1, 0.0, 0.0, 0.0)

    def reset_and_run(self) -> None:
        raise NotImplementedError

    def halt(self) -> None:
        pass

    def halted(self) -> bool:
        return False

    def read_memory(self, address: int, count: int) -> bytes:
        raise NotImplementedError(f"{count} bytes from {address:#x}")

    def write_memory(self, address: int, data: bytes) -> None:
        raise NotImplementedError(f"{len(data)} bytes to {address:#x}")

    def fault_registers(self) -> dict[str, int]:
        return {"pc": 0x148}
