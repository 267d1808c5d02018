"""What the image takes of flash and RAM, as its file says."""

from __future__ import annotations

from hil.measure.memory import memory
from hil.meters.base import Findings, Meter, Streamed
from hil.metrics import FLASH_BYTES, RAM_BYTES
from hil.values import Method


class Elf(Meter):
    def after(self, seen: Streamed, found: Findings) -> Findings:
        footprint = memory(seen.session.image.path)
        measures = (
            FLASH_BYTES.measure(float(footprint.flash_bytes), Method.COUNTED, "elf"),
            RAM_BYTES.measure(float(footprint.ram_bytes), Method.COUNTED, "elf"),
        )
        return Findings(measures, symbols=footprint.symbols)
