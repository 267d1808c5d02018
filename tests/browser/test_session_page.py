"""The page of a session in a real browser: what is drawn at once, at leisure, and when it comes into view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from browsing import Scheme, drawn_whole, serious, settled
from hil_db.records import RunInfo, Status
from hil_db.store import Store
from logged_sessions import LOGGED, SLOWEST, bare, full
from session_records import BEGAN

pytestmark = pytest.mark.browser

GRIDS = ("session-largest", "session-phases", "session-confusion", "session-symbols")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, served: Callable[[str], str]) -> str:
    """Of two sessions with all that there can be of one, and one with nothing."""
    url = f"sqlite:///{tmp_path_factory.mktemp('sessions') / 'results.db'}"
    later = timedelta(days=1)
    again = replace(full(), started=full().started + later, finished=full().finished + later)
    with Store.open(url) as store:
        for one in (full(), again, replace(bare(), model="another")):
            run = store.begin_run(RunInfo(BEGAN, "pytest --board=all"))
            store.save_session(run, one)
            store.finish_run(run, Status.FINISHED)
    return served(url)


def all_drawn(page: Page) -> None:
    """Bring into view what is drawn later, until it is drawn."""
    for name in GRIDS:
        page.locator(f"#{name}").scroll_into_view_if_needed()
        page.wait_for_selector(f"#{name} .ag-row")
    for name in ("session-memory", "session-flame"):
        page.locator(f"#{name}").scroll_into_view_if_needed()
        page.wait_for_selector(f"#{name} .slice")


def named(page: Page, plot: str) -> set[str]:
    """The parts of a tree that have their names written."""
    return {text.split("\n")[0] for text in page.locator(f"#{plot} .slicetext").all_inner_texts()}


def test_a_session_is_read_from_its_head_to_its_log(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(f"{address}/session?session=1")
    page.wait_for_selector("h1:has-text('Session 1')")
    page.wait_for_selector(".chart .column")
    assert page.locator("#session-memory .slice").count() == 0, "a plot waits until it comes into view"
    all_drawn(page)
    assert page.locator("#session-largest .ag-row").first.inner_text().split()[:2] == [str(SLOWEST), "2,000"]
    assert page.locator("#session-confusion .heat.mistaken").all_inner_texts() == ["1", "1"]
    assert "weights" in page.inner_text("#session-memory")
    assert "step" in page.inner_text("#session-flame")
    assert page.locator(".chart.small .column").count() == 8
    assert page.inner_text(".log").count(LOGGED[1]) == 1
    page.locator(".chart").first.hover()
    page.wait_for_function("() => document.querySelector('.readout').textContent.includes('cycles: ')")
    page.screenshot(path=tmp_path / "session.png", full_page=True)


def test_each_choice_is_an_address_and_the_keyboard_alone_reaches_it(page: Page, address: str) -> None:
    page.goto(f"{address}/session?session=1")
    all_drawn(page)
    page.get_by_role("link", name="RAM", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**session=1&memory=ram")
    assert page.evaluate("scrollY") > 0, "who chooses goes on looking there"
    page.wait_for_function("() => document.querySelector('#session-memory').textContent.includes('arena')")
    page.locator(".pill", has_text="In their order").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**plot=order&memory=ram")
    page.wait_for_selector(".chart .dot")
    page.locator(".pill", has_text="Session after").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Session 2')")
    page.wait_for_selector(".chart .dot")
    page.reload()
    page.wait_for_selector("h1:has-text('Session 2')")
    page.go_back()
    page.wait_for_selector("h1:has-text('Session 1')")
    page.go_back()
    page.wait_for_function("() => !document.querySelector('.chart .dot')")  # of the page before
    drawn_whole(page)  # after a reload no key has been pressed yet
    page.locator(".ag-cell a", has_text="Cycles").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/series?metric=latency_cycles*")
    page.wait_for_selector("main h1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone_and_axe_finds_nothing_serious(
    page: Page, address: str, scheme: Scheme
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{address}/session?session=1")
    all_drawn(page)
    assert page.evaluate("document.querySelector('main').scrollWidth") <= 390
    settled(page)
    assert serious(page) == []


def test_a_session_with_nothing_says_so(page: Page, address: str) -> None:
    page.goto(f"{address}/session?session=3")
    page.wait_for_selector("h1:has-text('Session 3')")
    assert page.locator(".nothing-here").count() == 8
    assert page.locator(".grid, .chart, .deferred").count() == 0
    assert "no answer (halted)" in page.inner_text(".broken")
