"""Flash and RAM of silicon kinds are those that pyOCD's target knows, or images would be refused."""

from __future__ import annotations

import pytest
from pyocd.core.memory_map import MemoryMap, MemoryType
from pyocd.target.builtin import BUILTIN_TARGETS

from hil.kinds import KINDS, Kind


def _end(memory: MemoryMap, start: int, what: MemoryType) -> int:
    """The first address from there on that is no such memory."""
    at = start
    while (region := memory.get_region_for_address(at)) is not None and region.type is what:
        at = region.end + 1
    return at


@pytest.mark.parametrize(
    "kind", [one for one in KINDS.values() if one.emulator is None], ids=lambda one: one.name
)
def test_memory_is_what_the_target_knows(kind: Kind) -> None:
    memory = BUILTIN_TARGETS[kind.pyocd_target].MEMORY_MAP
    assert _end(memory, kind.flash_start, MemoryType.FLASH) == kind.flash_start + kind.flash_bytes
    assert _end(memory, kind.ram_start, MemoryType.RAM) >= kind.ram_start + kind.ram_bytes
