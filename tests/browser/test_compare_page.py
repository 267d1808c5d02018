"""The compare page in a real browser: from two runs to an image, its maps, and other runs and images."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, TimeoutError

from browsing import serious, settled
from seeded import Planted, Seeded, make

pytestmark = pytest.mark.browser

MODEL, OTHER = "fastgrnn_model_00", "fastgrnn_model_01"
PLANTED = (
    Planted(3, "latency_cycles", 1.25, model=MODEL, precision="q15", function="tanh_table"),
    Planted(3, "flash_bytes", 1.05, model=MODEL, precision="q15"),
    Planted(3, "accuracy", 0.9, model=MODEL, precision="q15"),
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, served: Callable[[str], str]) -> str:
    """Of four runs of six images, of which the last made one slower, larger and worse."""
    url = f"sqlite:///{tmp_path_factory.mktemp('compared') / 'results.db'}"
    make(url, Seeded(4, 6, vectors=20, profiled=4, planted=PLANTED))
    return served(url)


def asked(page: Page) -> dict[str, str]:
    return {name: texts[0] for name, texts in parse_qs(urlparse(page.url).query).items()}


def typed(page: Page, name: str, text: str) -> None:
    """Choose what a chooser offers first for a text."""
    settled(page)
    page.get_by_role("textbox", name=name).select_text()
    page.keyboard.type(text)
    offered = page.locator("[role='option'][data-combobox-selected]", has_text=text).first
    offered.wait_for()
    for _ in range(30):
        page.keyboard.press("Enter")
        try:
            offered.wait_for(state="hidden", timeout=2_000)
            return
        except TimeoutError:  # a list that opened while one typed shows what is chosen and does not know it
            page.keyboard.press("ArrowDown")


def test_from_two_runs_to_an_image_by_keyboard_and_to_other_runs(page: Page, address: str) -> None:
    page.goto(f"{address}/compare")
    page.wait_for_selector(".ag-row")
    page.wait_for_selector("text=Run 4 (main")
    typed(page, "Before", "2 · main")
    page.wait_for_selector("text=against run 2 (main")
    settled(page)
    assert asked(page) == {"before": "2", "after": "4"}
    page.locator(".ag-row[row-index='0'] .ag-cell").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"h1:has-text('{MODEL} q15, before and now')")
    assert asked(page)["model"] == MODEL
    page.get_by_role("link", name="swap the two").click()
    page.wait_for_selector("text=Run 2 (main")
    page.go_back()
    page.wait_for_selector("text=Run 4 (main")
    page.go_back()
    page.wait_for_selector("h1:has-text('Compare runs')")


def test_what_grew_is_drawn_and_listed_and_told_to_who_cannot_see_it(page: Page, address: str) -> None:
    case = f"board=qemu&kind=qemu_mps2_an386&model={MODEL}&precision=q15"
    page.goto(f"{address}/compare?before=3&after=4&{case}")
    for name, said in (
        ("vectors-difference", None),
        ("flash-difference", "dot_product"),
        ("flame-difference", "tanh_table"),
    ):
        place = page.locator(f"#{name}")
        place.scroll_into_view_if_needed()
        place.locator(".main-svg").first.wait_for()
        assert place.get_attribute("aria-label")
        if said is not None:
            place.locator("text", has_text=said).first.wait_for()
    page.wait_for_selector("#symbols-difference .ag-row:has-text('dot_product'):has-text('grew')")
    page.wait_for_selector("#functions-difference .ag-row:has-text('tanh_table'):has-text('more')")
    page.wait_for_selector("#classes-changed .ag-row")
    settled(page)
    assert serious(page) == []


def test_another_image_is_chosen_to_compare_with(page: Page, address: str) -> None:
    case = f"board=qemu&kind=qemu_mps2_an386&model={MODEL}&precision=q15"
    page.goto(f"{address}/compare?before=3&after=4&{case}")
    typed(page, "Before: image", f"{OTHER} q7")
    page.wait_for_selector(f"h1:has-text('{MODEL} q15 against {OTHER} q7')")
    assert set(asked(page)) == {"first", "second"}
    page.get_by_role("textbox", name="Before: run").click()
    page.get_by_role("option", name="2 · main").click()
    page.wait_for_selector("text=against run 2 (main")
    assert set(asked(page)) == {"first", "second"}
