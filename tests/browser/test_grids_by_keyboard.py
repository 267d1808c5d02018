"""A grid is a single stop of Tab: what stands below it is within reach, however many rows it has."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from addresses import ADDRESSES
from browsing import settled

pytestmark = pytest.mark.browser

GRID = """() => {
    const grids = [...document.querySelectorAll('.ag-root-wrapper')];
    return grids.indexOf(document.activeElement.closest('.ag-root-wrapper'));
}"""

# Where the cell's link leads that the keyboard is at.
LINK = "() => document.activeElement.closest('.ag-cell')?.querySelector('a[href]')?.href ?? null"
COLUMNS_MOST = 40


def test_tab_leaves_a_grid(page: Page, lab_address: str) -> None:
    profile = next(one.address for one in ADDRESSES if one.path == "/profile")
    page.goto(f"{lab_address}{profile}")
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


def test_enter_on_a_cell_goes_where_its_link_goes(page: Page, lab_address: str) -> None:
    wrong, tried = [], 0
    for one in dict.fromkeys(address.path for address in ADDRESSES):
        address = next(address for address in ADDRESSES if address.path == one)
        page.goto(f"{lab_address}{address.address}")
        settled(page, address.key)
        grid = page.locator(".ag-root-wrapper").first
        if not grid.count() or not grid.locator(".ag-row .ag-cell a[href]").count():
            continue
        tried += 1
        grid.locator(".ag-header-cell").first.focus()
        page.keyboard.press("ArrowDown")
        wanted = page.evaluate(LINK)
        for _ in range(COLUMNS_MOST):
            if wanted:
                break
            page.keyboard.press("ArrowRight")
            wanted = page.evaluate(LINK)
        page.keyboard.press("Enter")
        if wanted is None:
            wrong.append(f"{one}: arrows reach no link in the first row")
        else:
            page.wait_for_url(wanted)
    assert wrong == []
    assert tried > 5
