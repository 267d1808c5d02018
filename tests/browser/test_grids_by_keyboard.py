"""A grid is a single stop of Tab: what stands below it is within reach, however many rows it has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from addresses import ADDRESSES
from browsing import settled
from seeded_lab import make_lab

pytestmark = pytest.mark.browser

GRID = """() => {
    const grids = [...document.querySelectorAll('.ag-root-wrapper')];
    return grids.indexOf(document.activeElement.closest('.ag-root-wrapper'));
}"""


def test_tab_leaves_a_grid(context: BrowserContext, served: Callable[[str], str], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/lab.db"
    make_lab(url)
    page = context.new_page()
    profile = next(one.address for one in ADDRESSES if one.path == "/profile")
    page.goto(f"{served(url)}{profile}")
    settled(page)
    assert page.locator(".ag-root-wrapper").count() == 2
    page.locator(".ag-root-wrapper").first.locator(".ag-header-cell").first.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "gridcell"
    stops = []
    for _ in range(20):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(GRID))
        if stops[-1] == 1:
            break
    assert 0 not in stops, "it goes from cell to cell"
    assert stops[-1] == 1, "the second grid is not reached"
    page.close()
