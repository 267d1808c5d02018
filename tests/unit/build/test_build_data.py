"""Initialised data counts in flash and in RAM."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hil.build import Recipe, Toolchain, build_image
from hil.measure.elf import load_segments
from hil.measure.memory import memory

COUNTER = ("static int run(", "static int16_t kept[32] = {5}; static int run(")
USE = "output[0] = kept[0]++;"


def test_data_is_in_both_memories(echo: Callable[..., Recipe], toolchain: Toolchain, tmp_path: Path) -> None:
    plain = memory(build_image(echo(), tmp_path / "plain", toolchain).path)
    recipe = echo(edit=COUNTER)
    source = recipe.model_source.read_text().replace("return 0;", f"{USE} return 0;")
    recipe.model_source.write_text(source)
    image = build_image(recipe, tmp_path / "data", toolchain)
    used = memory(image.path)
    kept = next(symbol for symbol in used.symbols if symbol.name == "kept")
    assert (kept.section, kept.flash_bytes, kept.ram_bytes) == (".data", 64, 64)
    assert used.ram_bytes == plain.ram_bytes + 64
    assert image.manifest.sections["data"] == 64
    # The load image lies in flash, behind the code, not at its address in RAM.
    assert max(segment.end for segment in load_segments(image.path)) < 0x2000_0000
