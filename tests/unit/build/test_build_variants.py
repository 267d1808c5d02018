"""A kernel written for the board's processor takes the plain one's place, in its image and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

import hil.build.sources
from hil.build import Recipe
from hil.build.sources import collect, variant

PLAIN, OWN = PurePosixPath("kernels/sum.c"), PurePosixPath("kernels/m4/sum.c")


@pytest.fixture
def firmware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Firmware of two kinds, an M4 and an M3, with a kernel in both variants and one that is only plain."""
    root = tmp_path / "firmware"
    texts = {
        "boards/four/flags.txt": "-mcpu=cortex-m4\n-mthumb\n",
        "boards/four/link.ld": "",
        "boards/three/flags.txt": "-mcpu=cortex-m3\n",
        "boards/three/link.ld": "",
        "libc/string.c": "",
        "kernels/sum.h": "int sum(void);\n",
        "kernels/sum.c": '#include "sum.h"\nint sum(void) { return 1; }\n',
        "kernels/m4/sum.c": '#include "kernels/sum.h"\n#include "simd.h"\nint sum(void) { return 1; }\n',
        "kernels/m4/simd.h": "",
        "kernels/plain.h": "int plain(void);\n",
        "kernels/plain.c": '#include "plain.h"\nint plain(void) { return 1; }\n',
        "models/one.c": '#include "kernels/sum.h"\n#include "kernels/plain.h"\n',
    }
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(hil.build.sources, "firmware_dir", lambda: root)
    return root


def test_the_processors_own_goes_before_the_plain(firmware: Path) -> None:
    files = collect("four", firmware / "models" / "one.c").files
    assert OWN in files
    assert PLAIN not in files
    assert PurePosixPath("kernels/m4/simd.h") in files
    assert PurePosixPath("kernels/plain.c") in files


def test_another_processor_gets_the_plain(firmware: Path) -> None:
    sources = collect("three", firmware / "models" / "one.c")
    assert sources.compiled == ["kernels/plain.c", "kernels/sum.c", "libc/string.c", "models/one.c"]


@pytest.mark.parametrize(
    ("flags", "folder"),
    [
        ("-mcpu=cortex-m4 -mthumb", "m4"),
        ("-mcpu=cortex-m4+nofp", "m4"),
        ("-mcpu=cortex-m4 -mcpu=cortex-m3", ""),
        ("-mcpu=cortex-m4x", ""),
        ("-mthumb", ""),
    ],
)
def test_the_flags_name_the_processor(firmware: Path, flags: str, folder: str) -> None:
    (firmware / "boards" / "four" / "flags.txt").write_text(flags)
    assert variant("four") == folder


def test_the_emulated_board_has_the_instructions(echo: Callable[..., Recipe]) -> None:
    assert variant(echo().kind) == "m4"
