"""The page of trade-offs in a real browser: its plot, its budget by keyboard, and where marks lead."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from browsing import Scheme, drawn_whole, serious

pytestmark = pytest.mark.browser

MARKS = "#pareto-plot .scatterlayer .points path.point"


def drawn(page: Page) -> None:
    page.wait_for_selector("main h1")
    page.locator("#pareto-plot").scroll_into_view_if_needed()
    page.wait_for_selector(MARKS, state="attached")
    drawn_whole(page)


def test_a_budget_is_given_by_keyboard_and_stays_in_the_address(page: Page, lab_address: str) -> None:
    page.goto(f"{lab_address}/pareto?board=nucleo-1")
    drawn(page)
    page.locator("input[name=flash_kb]").focus()
    page.keyboard.type("20")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pareto?*flash_kb=20*")
    told = page.locator(".budget-told")
    expect(told).to_contain_text("images fit")
    page.wait_for_function("() => document.activeElement.textContent === 'Apply'")
    expect(page.locator(".fit-not").first).to_contain_text("✗does not fit: flash by")
    first = told.inner_text()
    page.reload()
    expect(told).to_have_text(first)
    assert page.input_value("input[name=flash_kb]") == "20"
    page.go_back()
    expect(told).to_contain_text("Say what an image may take")
    page.go_forward()
    expect(told).to_have_text(first)
    page.click("text=No budget")
    page.wait_for_url(lambda url: "flash_kb" not in url)


def test_a_mark_leads_to_its_session(page: Page, lab_address: str) -> None:
    page.goto(f"{lab_address}/pareto?board=nucleo-1")
    drawn(page)
    box = page.locator(MARKS).first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#pareto-plot .hoverlayer .hovertext")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**/session?session=*")


def test_another_axis_is_chosen(page: Page, lab_address: str) -> None:
    page.goto(f"{lab_address}/pareto?board=nucleo-1")
    drawn(page)
    page.get_by_role("textbox", name="Horizontal").click()
    page.get_by_role("option", name="Energy per inference").click()
    page.wait_for_url("**/pareto?*x=energy_per_inference*")
    expect(page.locator("#pareto-plot .xtitle")).to_contain_text("Energy per inference")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_serious_and_nothing_is_cut(
    page: Page, lab_address: str, width: int, scheme: Scheme
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{lab_address}/pareto?board=nucleo-1&flash_kb=20&per_hour=60&capacity_mah=220&battery_v=3")
    drawn(page)
    assert serious(page) == []
    assert page.evaluate("document.querySelector('main').scrollWidth") <= width
