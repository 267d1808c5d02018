"""Every byte of flash and RAM is counted once."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from hil.image import Image, prebuilt_images
from hil.measure.elf import load_segments
from hil.measure.memory import STACK_SECTION, memory

IMAGES = prebuilt_images("qemu_mps2_an386")


@pytest.mark.parametrize("elf", IMAGES, ids=lambda elf: elf.stem)
def test_the_parts_add_up(elf: Path) -> None:
    used = memory(elf)
    assert used.flash_bytes == sum(len(segment.data) for segment in load_segments(elf))
    assert used.flash_bytes == sum(section.flash_bytes for section in used.sections)
    assert used.ram_bytes + used.stack_bytes == sum(section.ram_bytes for section in used.sections)
    flash: dict[str, int] = defaultdict(int)
    ram: dict[str, int] = defaultdict(int)
    for symbol in used.symbols:
        flash[symbol.section] += symbol.flash_bytes
        ram[symbol.section] += symbol.ram_bytes
    for section in used.sections:
        if section.name in flash:
            assert (section.flash_bytes, section.ram_bytes) == (flash[section.name], ram[section.name])


@pytest.mark.parametrize("elf", IMAGES, ids=lambda elf: elf.stem)
def test_the_stack_is_listed_apart(elf: Path) -> None:
    used = memory(elf)
    assert used.stack_bytes == 8192
    assert STACK_SECTION in [section.name for section in used.sections]
    assert used.ram_bytes == Image.load(elf).manifest.sections["bss"]


def test_weights_and_buffers_are_found_by_name() -> None:
    digits = next(elf for elf in IMAGES if elf.stem == "fastgrnn_digits-f32")
    symbols = {(symbol.name, symbol.section): symbol for symbol in memory(digits).symbols}
    assert symbols["cell_mix_weights", ".rodata"].flash_bytes == 32 * (8 + 32) * 4
    assert symbols["input", ".bss"].ram_bytes == 8 * 8 * 4
    assert symbols["input", ".bss"].flash_bytes == 0
