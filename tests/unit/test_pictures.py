"""The pictures in README and docs: each is there, made by a script, and as large as the script makes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

import pictures
import report_picture
from pictures import FOLDER, WANTED, Wanted

ROOT = Path(__file__).parents[2]
MADE = {f"{one.name}.png" for one in WANTED} | {report_picture.PICTURE.name}


def referred_to() -> dict[str, Path]:
    """The pictures by name, with a page that shows each."""
    found = {}
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for told in re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in told:
                path = (page.parent / told).resolve()
                assert path.is_file(), f"{page.name} shows {told}, which is not there"
                found[path.name] = page
    return found


def test_every_picture_that_is_shown_is_made_by_a_script() -> None:
    shown = referred_to()
    assert set(shown) == MADE, "a script makes others than README and docs show"
    assert {path.name for path in FOLDER.iterdir()} == MADE, "there are others in docs/pictures"


def test_no_two_have_a_name() -> None:
    assert len(MADE) == len(WANTED) + 1


@pytest.mark.parametrize("wanted", WANTED, ids=lambda one: one.name)
def test_a_picture_is_as_large_as_it_is_made(wanted: Wanted) -> None:
    path = FOLDER / f"{wanted.name}.png"
    assert path.stat().st_size <= pictures.MOST_BYTES
    with Image.open(path) as seen:
        assert seen.size == (wanted.width, wanted.height)
