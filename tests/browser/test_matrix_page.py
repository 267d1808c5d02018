"""The matrix in a real browser: forty rows in a window, its order in the address, and menus by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, Route

from browsing import View
from seeded import Planted, Seeded, make

pytestmark = pytest.mark.browser

BOARDS = ("a", "b")
WORSE = Planted(5, "instructions", 1.25, model="fastgrnn_model_03", precision="q15", board="b")


@pytest.fixture(scope="module")
def address(served: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('matrix') / 'results.db'}"
    make(url, Seeded(runs=6, images=48, boards=BOARDS, planted=(WORSE,)))
    return served(url)


@pytest.fixture
def page(view: View) -> Page:
    view.page.set_viewport_size({"width": 1280, "height": 800})
    return view.page


def parts(tree: Any) -> Iterator[Any]:
    """The components of a page's content."""
    if isinstance(tree, list):
        for one in tree:
            yield from parts(one)
    elif isinstance(tree, dict) and "props" in tree:
        yield tree
        yield from parts(tree["props"].get("children"))


def drawn(page: Page, address: str) -> None:
    """Go there, and wait for the rows and for what became of their values."""
    page.goto(address)
    page.wait_for_selector("#matrix-body:not(:has([data-pending])) .ag-row .number")


def test_forty_rows_stand_in_a_window_and_nothing_in_them_is_cut(page: Page, address: str) -> None:
    drawn(page, f"{address}/?metric=instructions")
    page.wait_for_function(
        """() => {
            const seen = document.querySelector('.ag-body-viewport').getBoundingClientRect();
            const rows = [...document.querySelectorAll('.ag-center-cols-container .ag-row')];
            const bottom = Math.min(seen.bottom, innerHeight) + 1;
            return rows.filter(row => {
                const box = row.getBoundingClientRect();
                return box.top >= seen.top - 1 && box.bottom <= bottom;
            }).length >= 40;
        }"""
    )
    cut = page.locator(".compact .ag-cell").evaluate_all(
        "cells => cells.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
    )
    assert cut == []


def test_a_value_says_in_a_sign_and_a_word_that_it_is_worse(page: Page, address: str) -> None:
    drawn(page, f"{address}/?metric=instructions&show=worse")
    assert page.get_by_role("rowheader").count() == 1
    mark = page.locator(".compact .mark.worse")
    assert mark.inner_text() == "✗ worse +25 %"
    same = page.get_by_role("img", name="unchanged")
    assert same.inner_text() == "="
    mark.click()
    page.wait_for_url("**/compare?**")
    asked = parse_qs(urlparse(page.url).query)
    assert (asked["board"], asked["model"], asked["before"]) == (["b"], ["fastgrnn_model_03"], ["5"])


def test_the_order_survives_a_reload(page: Page, address: str) -> None:
    drawn(page, f"{address}/?metric=instructions")

    def first() -> str:
        name = page.locator(".ag-pinned-left-cols-container .ag-row[row-index='0']")
        return name.inner_text()

    assert first() == "fastgrnn_model_00 f32"
    head = page.get_by_role("columnheader", name="b counted plugin")
    for order in ("ascending", "descending"):
        head.press("Enter")
        page.wait_for_selector(f"[role=columnheader][aria-sort={order}]")
    page.wait_for_url("**sort=value1.desc")
    page.reload()
    page.wait_for_selector("[role=columnheader][aria-sort=descending]")
    page.wait_for_selector(".ag-row .number")
    assert first() == "fastgrnn_model_15 q7"


def test_a_menu_is_chosen_from_by_keyboard_and_closes_on_escape(page: Page, address: str) -> None:
    drawn(page, f"{address}/?metric=instructions")
    menu = page.locator("details.menu", has_text="Precision")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("details.menu[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("details.menu[open]", state="detached")
    page.keyboard.press("Enter")
    menu.get_by_role("link", name="q15", exact=True).press("Enter")
    page.wait_for_url("**precision=q15**")
    page.wait_for_function(
        "() => [...document.querySelectorAll('[role=rowheader]')].every(one => one.innerText.endsWith('q15'))"
    )


def test_a_table_that_is_wider_than_the_window_says_so(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{address}/?columns=usual")
    page.wait_for_selector("#matrix-body.wide")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page itself does not"


def test_names_leave_a_narrow_window_room_for_values(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{address}/?columns=usual")
    names = page.locator(".ag-pinned-left-cols-container")
    wide = (names.bounding_box() or {"width": 0})["width"]
    page.set_viewport_size({"width": round(wide) + 90, "height": 800})
    page.reload()
    page.wait_for_function(
        """() => {
            const width = (one) => document.querySelector(one)?.clientWidth;
            return width('.ag-center-cols-viewport') > 0.9 * width('.matrix-card');
        }"""
    )


def test_verdicts_that_take_long_come_after_the_page(page: Page, address: str) -> None:
    """The first two answers have none yet, as of a comparison that goes on; the page asks for them."""

    def without(route: Route) -> None:
        answer = route.fetch()
        tree = answer.json()
        (body,) = (one for one in parts(tree) if one["props"].get("id") == "matrix-body")
        later = {"type": "Span", "namespace": "dash_html_components", "props": {"data-pending": "it"}}
        body["props"]["children"].insert(0, later)
        route.fulfill(response=answer, json=tree)

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/content/" in request.url else None)
    page.route("**/content/?metric=instructions&board=a", without)
    page.route("**/content/?metric=instructions&board=a&judged=1", without, times=1)
    page.goto(f"{address}/?metric=instructions&board=a")
    page.wait_for_selector("#matrix-body:not(:has([data-pending])) .ag-row .number")
    assert [one.rpartition("&")[2] for one in asked] == ["board=a", "judged=1", "judged=1"]
