"""The emulated board as a pyOCD target: its memory map, and the algorithm that programs its flash."""

from __future__ import annotations

from typing import Any

from pyocd.core.memory_map import FlashRegion, MemoryMap, RamRegion
from pyocd.coresight.coresight_target import CoreSightTarget

from hil.qemu.probe.algorithm import CODE, ENTRIES

TARGET_NAME = "mps2_an386"
FLASH_START, FLASH_BYTES = 0x0000_0000, 1 << 20
RAM_START, RAM_BYTES = 0x2000_0000, 256 << 10
SECTOR_BYTES = PAGE_BYTES = 4096

# pyOCD lets every entry point return to the first instruction it loaded: a breakpoint, and a spare.
_HEADER = bytes.fromhex("00be00be")
_LOAD = RAM_START
_IMAGE = _HEADER + CODE


def _entry(name: str) -> int:
    return _LOAD + len(_HEADER) + ENTRIES[name] + 1  # Thumb


FLASH_ALGORITHM: dict[str, object] = {
    "load_address": _LOAD,
    "instructions": [int.from_bytes(_IMAGE[at : at + 4], "little") for at in range(0, len(_IMAGE), 4)],
    "pc_init": _entry("Init"),
    "pc_unInit": _entry("UnInit"),
    "pc_eraseAll": _entry("EraseChip"),
    "pc_erase_sector": _entry("EraseSector"),
    "pc_program_page": _entry("ProgramPage"),
    "static_base": _LOAD + 0x0C00,
    "end_stack": _LOAD + 0x0C00,
    "begin_stack": _LOAD + 0x1000,
    "analyzer_supported": True,
    "analyzer_address": _LOAD + 0x1000,
    "page_buffers": [_LOAD + 0x2000, _LOAD + 0x2000 + PAGE_BYTES],
    "min_program_length": 4,
}


class Mps2An386(CoreSightTarget):  # type: ignore[misc]  # pyOCD has no type information
    """QEMU's mps2-an386; the first MiB of the RAM at 0 is treated as flash."""

    VENDOR = "Arm"

    def __init__(self, session: Any) -> None:
        flash = FlashRegion(
            name="flash",
            start=FLASH_START,
            length=FLASH_BYTES,
            sector_size=SECTOR_BYTES,
            page_size=PAGE_BYTES,
            is_boot_memory=True,
            algo=FLASH_ALGORITHM,
        )
        ram = RamRegion(name="ram", start=RAM_START, length=RAM_BYTES)
        super().__init__(session, MemoryMap(flash, ram))
