"""The script that draws the pictures of README and docs, as it is run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import pictures

pytestmark = pytest.mark.browser

# One for its rows of a grid, one for what is drawn in its cells.
NAMES = ("runs", "boards")


def drawn(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(Path(pictures.__file__)), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_those_that_are_named_are_drawn_as_large_as_asked_and_are_not_blank(tmp_path: Path) -> None:
    found = drawn(*NAMES, f"--into={tmp_path / 'new'}")
    assert found.returncode == 0, found.stderr
    assert {path.name for path in (tmp_path / "new").iterdir()} == {f"{name}.png" for name in NAMES}
    for wanted in pictures.WANTED:
        if wanted.name not in NAMES:
            continue
        path = tmp_path / "new" / f"{wanted.name}.png"
        assert f"{path}: {path.stat().st_size:,} bytes" in found.stdout
        with Image.open(path) as seen:
            assert seen.size == (wanted.width, wanted.height)
            colours = seen.convert("RGB").getcolors(wanted.width * wanted.height)
        assert colours is not None
        assert len(colours) > 50, f"{wanted.name} is blank"
        assert max(count for count, _ in colours) < 0.97 * wanted.width * wanted.height


def test_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    found = drawn("nothing", f"--into={tmp_path / 'new'}")
    assert found.returncode == 2
    assert "there is no picture nothing; there are matrix, series" in found.stderr
    assert not (tmp_path / "new").exists()
