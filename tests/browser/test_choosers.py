"""Choosers in a real browser: by mouse and by keyboard, in the address, and back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

import choosers_page
from browsing import Serving, View
from hil_db.store import Store

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory,
    serving: Serving,
) -> Iterator[str]:
    url = f"sqlite:///{tmp_path_factory.mktemp('choosers') / 'results.db'}"
    with Store.open(url):
        pass
    with serving([sys.executable, str(Path(choosers_page.__file__)), url]) as address:
        yield address


@pytest.fixture
def page(view: View, address: str) -> Page:
    view.page.goto(f"{address}{choosers_page.PLACE}")
    view.page.wait_for_selector(".chooser input")
    return view.page


def chooser(page: Page, name: str) -> Locator:
    return page.get_by_role("textbox", name=name)


def told(page: Page, words: str) -> None:
    page.wait_for_function("words => document.querySelector('#told')?.textContent === words", arg=words)


def opened(page: Page) -> None:
    """Open the list below the field by a key: one that opens while somebody types may not heed Enter."""
    page.keyboard.press("ArrowDown")
    page.get_by_role("option").first.wait_for()


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlparse(page.url).query)


def test_what_is_typed_is_found_and_chosen_by_keyboard_alone(page: Page) -> None:
    chooser(page, "Models").focus()
    opened(page)
    page.keyboard.type("_07")
    assert page.get_by_role("option").all_text_contents() == ["model_07"]
    page.keyboard.press("Enter")
    told(page, "any of model_07")
    page.wait_for_function("() => document.activeElement.closest('.chooser')", polling="raf")
    opened(page)
    page.keyboard.type("model_1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    told(page, "any of model_07 model_11")
    assert asked(page) == {"model": ["model_07", "model_11"]}
    page.keyboard.press("Backspace")
    told(page, "any of model_07")


def test_back_forward_and_reload_show_what_was_chosen(page: Page) -> None:
    chooser(page, "Rows").click()
    page.get_by_role("option", name="two rows").click()
    told(page, "2 of all")
    assert asked(page) == {"a": ["b&c"], "rows": ["2"]}
    assert chooser(page, "Rows").input_value() == "two rows"
    page.go_back()
    told(page, "any of all")
    assert chooser(page, "Rows").input_value() == "any"
    page.go_forward()
    told(page, "2 of all")
    page.reload()
    told(page, "2 of all")
    assert asked(page)["rows"] == ["2"]
    chooser(page, "Rows").press("ArrowDown")
    page.get_by_role("option", name="any").click()
    told(page, "any of all")
    assert "rows" not in asked(page)


def test_all_of_many_are_let_go_by_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}{choosers_page.PLACE}?model=model_03&model=model_04")
    page.get_by_role("button", name="Clear Models").press("Enter")
    told(page, "any of all")
    assert "model" not in asked(page)


def test_showing_a_page_leads_nowhere(page: Page, address: str) -> None:
    page.goto(f"{address}{choosers_page.PLACE}?model=model_03&rows=1")
    told(page, "1 of model_03")
    page.wait_for_selector(".chooser-pill")
    page.goto(f"{address}/how-it-was-before")
    page.wait_for_selector("main h1")
    page.go_back()
    told(page, "1 of model_03")
    assert asked(page) == {"model": ["model_03"], "rows": ["1"]}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_choosers_are_for_everybody(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    chooser(page, "Models").click()
    page.get_by_role("option").first.wait_for()
    found = {one["id"] for one in Axe().run(page, context="main").response["violations"]}
    assert found <= {"scrollable-region-focusable"}, "the arrow keys scroll the list, from within the field"
    ground = page.locator(".chooser-input").first.evaluate("one => getComputedStyle(one).backgroundColor")
    card = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == card, "its colours are not the page's"


def test_their_scripts_come_at_once_where_they_were_needed(page: Page, address: str) -> None:
    for where, soon in ((choosers_page.PLACE, ["dash_mantine_components"]), ("/runs", [])):
        page.goto(f"{address}{where}")
        page.wait_for_selector("main h1")
        page.goto(f"{address}{where}")
        assert page.evaluate("window.hilSoon") == soon


def test_keyboard_skips_the_bar_to_the_content(page: Page, view: View) -> None:
    view.asked.clear()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.id === 'content'")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.chooser') !== null")
    assert not [one for one in view.asked if "/content" in one], "the page was drawn anew"


def test_a_link_leads_to_a_place_within_another_page(page: Page, address: str) -> None:
    def in_view() -> None:
        page.wait_for_function(
            "() => Math.abs(document.getElementById('verdicts')?.getBoundingClientRect().top) < 40"
        )

    page.goto(f"{address}/how-to-read#verdicts")
    in_view()
    page.goto(f"{address}{choosers_page.PLACE}")
    page.wait_for_selector(".chooser input")
    page.evaluate(
        "document.querySelector('#told').innerHTML = '<a href=\"/how-to-read#verdicts\">verdicts</a>'"
    )
    page.get_by_role("link", name="verdicts").click()
    in_view()
    page.go_back()
    told(page, "any of all")


def test_a_table_says_whether_it_scrolls(page: Page, address: str) -> None:
    for width, state in ((1400, "no"), (390, "on")):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{address}{choosers_page.TABLE}")
        page.wait_for_selector(f".ag-root-wrapper[data-scrolls={state}]")
        said = page.locator(".card").evaluate("one => getComputedStyle(one, '::after').content")
        assert ("scrolls sideways" in said) == (state == "on")
    page.locator(".ag-center-cols-viewport").evaluate("one => { one.scrollLeft = 10_000; }")
    page.wait_for_selector(".ag-root-wrapper[data-scrolls=end]")
