"""The page of a power trace in a real browser: from the matrix to a window and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page

from browsing import Scheme, View, serious
from hil.metrics import ENERGY_PER_INFERENCE
from hil.values import Method
from hil_db.records import RunInfo, Status
from hil_db.store import Store
from power_passes import clipped_pass, power_pass
from session_records import BEGAN, record

pytestmark = pytest.mark.browser

PLOT = ".trace-plot"
TECHNIQUE = "ppk2 model of STM32L475 currents"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, served: Callable[[str], str]) -> str:
    """Of a session with two passes; the third window of the second does not count."""
    url = f"sqlite:///{tmp_path_factory.mktemp('traced') / 'results.db'}"
    one = record()
    figure = ENERGY_PER_INFERENCE.measure(153.4, Method.MODELLED, TECHNIQUE)
    with Store.open(url) as store:
        run = store.begin_run(RunInfo(BEGAN, "pytest --board=all"))
        passes = (power_pass(0), clipped_pass(1, 2))
        store.save_session(run, replace(one, measures=(*one.measures, figure), passes=passes))
        store.finish_run(run, Status.FINISHED)
    return served(url)


def drawn(page: Page) -> list[float]:
    """The stretch that the plot shows, in seconds."""
    told = page.wait_for_selector(f"{PLOT}[data-drawn]").get_attribute("data-drawn")
    assert told is not None
    return [float(end) for end in told.split()]


def until(page: Page, change: Callable[[], None]) -> list[float]:
    """The stretch that the plot shows after a change has been drawn."""
    page.wait_for_selector(f"{PLOT}[data-drawn]")
    page.evaluate("""() => {
        window.changed = false;
        new MutationObserver(() => (window.changed = true)).observe(
            document.querySelector('.trace-plot'), {attributes: true, attributeFilter: ['data-drawn']});
    }""")
    change()
    page.wait_for_function("() => window.changed")
    return drawn(page)


def in_address(page: Page) -> list[float]:
    query = parse_qs(urlparse(page.url).query)
    return [float(query[name][0]) for name in ("from", "to")]


def test_from_the_matrix_to_a_window_of_a_trace_and_back(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(address)
    page.locator("a.more[href^='/trace?']").first.click()
    page.wait_for_selector("h1:has-text('Power trace')")
    assert drawn(page) == pytest.approx([0.0, 0.6], abs=2e-5)
    page.locator(".pill[href='/trace?session=1&pass=1']").click()  # the second pass
    page.wait_for_url("**session=1&pass=1")
    page.wait_for_function("() => document.querySelectorAll('.trace-plot rect.wrong').length === 1")
    assert page.locator(f"{PLOT} rect.window").count() == 3
    assert page.locator(f"{PLOT} text.label").all_text_contents() == [
        "idle", "window 1", "window 2", "✗ 3", "window 4",
    ]  # fmt: skip
    said = page.inner_text("main")
    for part in (
        "mA",
        TECHNIQUE,
        "modelled",
        "3 of 4 count",
        "✗ Window 3 does not count: the current is beyond",
    ):
        assert part in said, part

    whole = drawn(page)
    near = until(page, page.get_by_role("button", name="Zoom in").click)
    assert near == pytest.approx([0.15, 0.45], abs=1e-3)
    assert in_address(page) == pytest.approx(near, abs=2e-5)
    reloaded = page.reload()
    assert reloaded is not None
    assert drawn(page) == pytest.approx(near, abs=2e-5)

    page.locator(PLOT).focus()
    assert until(page, lambda: page.keyboard.press("ArrowRight")) == pytest.approx([0.3, 0.6], abs=1e-3)
    assert until(page, lambda: page.keyboard.press("0")) == pytest.approx(whole)
    assert "from=" not in page.url

    box = page.locator(PLOT).bounding_box()
    assert box is not None

    def drag() -> None:
        page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 150)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 150, steps=4)
        page.mouse.up()

    page.locator(PLOT).scroll_into_view_if_needed()
    box = page.locator(PLOT).bounding_box()
    assert box is not None
    begin, end = until(page, drag)
    assert 0.2 < begin < 0.3 < end < 0.4
    assert "mA" in page.inner_text(".readout")

    page.locator(".ag-cell a", has_text="3").click()  # the window that does not count
    page.wait_for_function("() => document.querySelector('.trace-plot').dataset.drawn.startsWith('0.29')")
    assert drawn(page) == pytest.approx([0.295, 0.405], abs=1e-3)
    assert "the current is beyond" in (page.locator(f"{PLOT} text.label.wrong").text_content() or "")
    page.go_back()
    page.wait_for_function("() => !document.querySelector('.trace-plot').dataset.drawn.startsWith('0.29')")
    page.screenshot(path=tmp_path / "trace.png", full_page=True)


def test_a_zoom_after_the_log_in_ended_loads_the_page_anew(page: Page, view: View, address: str) -> None:
    """Which the server then leads to the log-in, as it does with every page."""
    page.route("**/samples?*", lambda route: route.fulfill(status=401, body="log in first\n"))
    page.goto(f"{address}/trace?session=1&pass=1")
    drawn(page)
    with page.expect_event("domcontentloaded"):
        page.get_by_role("button", name="Zoom in").click()
    drawn(page)
    view.forgive()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen_and_all_of_it_can_be_read(
    page: Page, address: str, scheme: Scheme
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{address}/trace?session=1&pass=1")
    drawn(page)
    page.wait_for_selector(".ag-row")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator(f"{PLOT} text.label.wrong").text_content() == "✗ 3"
    assert serious(page) == []
