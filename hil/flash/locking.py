"""What an image must hold where a chip keeps its own lock in flash, or programming it would be the last time.

Kinetis reads the flash configuration field, 16 bytes at 0x400, at every reset (K64P144M120SF5RM, "Flash
Memory Module"): a backdoor key, FPROT, FSEC, FOPT, FEPROT, FDPROT. FSEC 0xFE leaves the chip open to
debuggers. Erased flash reads 0xFF, which locks it: what is written to the field's sector must hold the field.
"""

from __future__ import annotations

from collections.abc import Sequence

from hil.measure.elf import Segment

_KINETIS = ("k64f",)
_FIELD, _KEY_BYTES, _SECTOR = 0x400, 8, 0x1000
# FPROT, FSEC, none of FOPT's choices is ours, FEPROT, FDPROT: pyOCD would change what is not so, unasked.
_OPEN = (0xFF, 0xFF, 0xFF, 0xFF, 0xFE, None, 0xFF, 0xFF)


def why_it_locks(target: str, segments: Sequence[Segment]) -> str | None:
    """What of an image would lock the target's chip, or protect its flash; None when nothing would."""
    if target.lower() not in _KINETIS:
        return None
    held = {
        segment.address + at: byte
        for segment in segments
        if segment.address < _SECTOR
        for at, byte in enumerate(segment.data[: _SECTOR - segment.address])
    }
    if not held:
        return None  # its sector is not erased
    for at in range(_FIELD, _FIELD + _KEY_BYTES + len(_OPEN)):
        if at not in held:
            return f"nothing at {at:#06x}, in the flash configuration field: erased flash locks the chip"
    for at, wanted in enumerate(_OPEN, _FIELD + _KEY_BYTES):
        if wanted is not None and held[at] != wanted:
            return f"{held[at]:#04x} at {at:#06x}, in the flash configuration field, {wanted:#04x} expected"
    return None
