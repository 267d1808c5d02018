"""Draws the README's picture of a report, from data that are the same every time.

    python benchmarks/report_picture.py [FILE]

It needs Chromium, and the extra `dev`. The picture is of the report's own parts: head, matrix, series, and of
one image the flame graph and the memory map.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from chromium import launched
from hil.report.writing import write_report
from seeded import Planted, Seeded, make

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "report.png"
MOST_BYTES = 200_000
WANTED = Seeded(
    runs=120,
    images=9,
    vectors=50,
    profiled=5,
    models=("fastgrnn_digits", "fastgrnn_vowels", "msc_rnn_radar"),
    planted=(
        Planted(118, "latency_cycles", 1.12, model="fastgrnn_vowels", precision="q15"),
        Planted(118, "latency_us", 1.12, model="fastgrnn_vowels", precision="q15"),
        Planted(118, "flash_bytes", 1.04, model="fastgrnn_vowels", precision="q15", function="tanh_table"),
        Planted(118, "latency_cycles", 0.94, model="msc_rnn_radar", precision="q7", function="requantise"),
        Planted(118, "latency_us", 0.94, model="msc_rnn_radar", precision="q7", function="requantise"),
    ),
)
_WIDTH, _GAP = 1280, 14  # pixels
_COLOURS = 256
_PARTS = (
    "header",
    "section:has(#why)",
    "section:has(#matrix)",
    ".group:first-of-type > .charts",
    "#image-0",
)


def report(folder: Path) -> Path:
    """The report that is drawn, in a folder."""
    url = f"sqlite:///{folder}/results.db"
    make(url, WANTED)
    return write_report(url, "latest", "117", folder / "report.html", folder=folder)


def picture(page: Page, path: Path) -> bytes:
    """A PNG of a report's parts, one below the other; ``page`` is of a browser."""
    page.set_viewport_size({"width": _WIDTH, "height": 1200})
    page.goto(path.as_uri())
    page.evaluate("document.querySelector('nav').style.position = 'static'")
    folded = "document.querySelectorAll('.card > details:not(#image-0)')"
    page.evaluate(f"for (const one of {folded}) one.open = false")
    page.evaluate("document.querySelector('.group').open = true")
    parts = [Image.open(io.BytesIO(_part(page, selector))) for selector in _PARTS]
    whole = Image.new(
        "RGB", (_WIDTH, sum(part.height + _GAP for part in parts) + _GAP), parts[0].getpixel((0, 0))
    )
    down = _GAP
    for part in parts:
        whole.paste(part, ((_WIDTH - part.width) // 2, down))
        down += part.height + _GAP
    out = io.BytesIO()
    whole.quantize(_COLOURS).save(out, "PNG", optimize=True)
    return out.getvalue()


def _part(page: Page, selector: str) -> bytes:
    return page.locator(selector).first.screenshot()


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    with tempfile.TemporaryDirectory() as name, launched() as browser:
        drawn = picture(browser.new_page(color_scheme="light"), report(Path(name)))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(drawn)
    print(f"{out}: {len(drawn):,} bytes")


if __name__ == "__main__":
    main()
