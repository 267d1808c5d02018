"""Draws the pictures of the dashboard in README and docs, from a lab that is the same every time.

    python benchmarks/pictures.py [NAME ...] [--into FOLDER]

It needs Chromium, and the extras `dashboard` and `dev`. Each picture is of a page as it is served, in the
light theme, 1280 pixels wide unless it is of a phone; they go to docs/pictures unless told otherwise.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser

from chromium import launched, served
from seeded_lab import DEMO, lab, make_lab

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
MOST_BYTES = 150_000
_COLOURS, _WAIT_MS = 255, 60_000
_SOON = timedelta(minutes=3)  # until pictures are drawn: a run in progress is heard of still
_LARGER = lab(34, 8, 8)  # for the matrix alone

# Of every grid in view the rows say something, and no plot or comparison is still to come.
_DRAWN = """() => {
    const inView = (one) => one.getBoundingClientRect().top < innerHeight && one.offsetParent;
    const grids = [...document.querySelectorAll('.grid')].filter(inView);
    const plots = [...document.querySelectorAll('.js-plotly-plot')].filter(inView);
    const near = [...document.querySelectorAll('[data-when~=near]')].filter(inView);
    return document.querySelector('main h1')
        && grids.every(one => [...one.querySelectorAll('.ag-cell')].some(cell => cell.innerText.trim()))
        && plots.every(one => one.querySelector('.main-svg'))
        && near.every(one => one.querySelector('.main-svg, .ag-row'))
        && !document.querySelector('.comparing')
        && !grids.some(one => one.innerText.includes('comparing…'));
}"""

_PLACES = {(one.board, one.model, one.precision): place for place, one in enumerate(DEMO.cases)}
_NEWEST, _BASELINE = DEMO.ends + 1, DEMO.runs - 13  # the newest run that ended, and that of release-2.0
_SMALL, _SECOND = DEMO.names[:2]


def _session(board: str, model: str = _SMALL, precision: str = "q15") -> int:
    """Its number in the newest run that ended."""
    return (_NEWEST - 1) * len(DEMO.cases) + _PLACES[board, model, precision] + 1


_TRACED = {"board": "nucleo-1", "kind": "nucleo_f439zi", "model": _SMALL, "precision": "q15"}


@dataclass(frozen=True)
class Wanted:
    """A page in a window of that size; ``key`` selects what has to be drawn before.

    ``larger``: of a lab with more boards and models.
    """

    name: str
    address: str
    height: int = 720
    width: int = 1280
    dark: bool = False
    larger: bool = False
    key: str = "main h1"


WANTED = (
    Wanted("matrix", "/", larger=True),
    Wanted("series", f"/series?metric=latency_cycles&board=qemu&model={_SMALL}", 900, key=".main-svg"),
    Wanted("runs", "/runs", 640),
    Wanted("run", f"/run?run={_NEWEST}", 860),
    Wanted("session", f"/session?session={_session('qemu')}", 900),
    Wanted("compare", f"/compare?before={_BASELINE}&after={_NEWEST}", 860),
    Wanted("pareto", "/pareto", 1000, key=".main-svg"),
    Wanted("boards", "/boards", 520),
    Wanted("triage", "/triage", 620),
    Wanted("live", "/live", 620),
    Wanted("trace", f"/trace?{urlencode(_TRACED)}", 760),
    Wanted("how-to-read", "/how-to-read", 620),
    Wanted("phone", "/", 800, 390, dark=True, larger=True),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Draws the dashboard's pictures in README and docs.")
    names = [one.name for one in WANTED]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; without any: all")
    parser.add_argument("--into", type=Path, default=FOLDER, metavar="FOLDER", help="default: docs/pictures")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(names))
    if unknown:
        parser.error(f"there is no picture {', '.join(unknown)}; there are {', '.join(names)}")
    chosen = [one for one in WANTED if one.name in (options.names or names)]
    options.into.mkdir(parents=True, exist_ok=True)
    scratch = tempfile.TemporaryDirectory(prefix="hil-pictures-")
    with scratch as folder, launched("--hide-scrollbars") as browser:
        for larger in (False, True):
            wanted = [one for one in chosen if one.larger is larger]
            if wanted:
                url = f"sqlite:///{folder}/{larger}.db"
                make_lab(url, _LARGER if larger else DEMO, heard=datetime.now(UTC) + _SOON)
                with served(url) as (address, _):
                    draw(browser, address, wanted, options.into)


def draw(browser: Browser, address: str, wanted: Sequence[Wanted], folder: Path) -> None:
    """A file for each page that is wanted."""
    for one in wanted:
        path = folder / f"{one.name}.png"
        path.write_bytes(picture(browser, address, one))
        print(f"{path}: {path.stat().st_size:,} bytes", flush=True)


def picture(browser: Browser, address: str, wanted: Wanted) -> bytes:
    """A PNG of a page, small enough for a repository; SystemExit when it is not."""
    page = browser.new_page(
        viewport={"width": wanted.width, "height": wanted.height},
        color_scheme="dark" if wanted.dark else "light",
    )
    page.set_default_timeout(_WAIT_MS)
    page.goto(address + wanted.address)
    page.wait_for_selector(wanted.key)
    page.wait_for_function(_DRAWN)
    page.wait_for_load_state("networkidle")
    page.wait_for_function(_DRAWN)
    # What says where the database lies differs every time.
    page.evaluate("document.querySelectorAll('footer .wrap').forEach(one => (one.textContent = ''))")
    shot = Image.open(io.BytesIO(page.screenshot()))
    page.close()
    out = io.BytesIO()
    # The usual way of choosing colours leaves out those of few pixels, such as a word in red.
    shot = shot.convert("RGB").quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    shot.save(out, "PNG", optimize=True)
    if len(out.getvalue()) > MOST_BYTES:
        raise SystemExit(f"{wanted.name}: {len(out.getvalue()):,} bytes are more than {MOST_BYTES:,}")
    return out.getvalue()


if __name__ == "__main__":
    main()
