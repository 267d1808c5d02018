"""The page of runs in progress in a browser: it follows a run by itself, in place, while it is seen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from browsing import View, flagged, watched
from hil_db.histories import Case
from hil_db.progress import Ended, Progress, Teller, Working
from hil_db.records import RunInfo
from hil_db.store import Store

pytestmark = pytest.mark.browser

INFO = RunInfo(datetime.now(UTC), "pytest --board=all", pid=os.getpid(), uid="a" * 32)
PLAN = tuple(Case("qemu", "qemu_mps2_an386", "fastgrnn_digits", one) for one in ("f32", "q15", "q7"))
FIRST = Progress(PLAN, {"qemu": 1}, (Working(0, 120, 540, 4.0, 2.0),))
SECOND = replace(FIRST, working=(Working(1, 60, 540, 2.0, 1.0),), ended=(Ended(0, 9.0, "finished"),))
FAILED = replace(SECOND, ended=(*SECOND.ended, Ended(2, 1.0, "failed", "qemu: no frame in 2.0 s")))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('live') / 'results.db'}"
    with Store.open(url):
        pass
    return url


@contextmanager
def telling(url: str) -> Iterator[Teller]:
    with Store.open(url) as store, Teller(store.url, INFO) as teller:
        teller.tell(FIRST)
        yield teller


@contextmanager
def opened(context: BrowserContext, address: str) -> Iterator[View]:
    """The page with a clock that the test moves."""
    with watched(context) as view:
        view.page.clock.install()
        view.page.goto(f"{address}/live")
        view.page.wait_for_selector("#live-read")
        yield view


def again(page: Page) -> None:
    """Let it ask once more, and wait for what it is told."""
    with page.expect_response("**/content/live"):
        page.clock.run_for(2000)


def test_it_follows_a_run_in_place(context: BrowserContext, served: Callable[[str], str], url: str) -> None:
    words, bar = f"#live-{INFO.uid}-words", f"#live-{INFO.uid}-bar"
    with telling(url) as teller, opened(context, served(url)) as view:
        page = view.page
        expect(page.locator(words)).to_contain_text("0 of 3 images done")
        page.wait_for_selector(".live-grid .ag-row progress")
        page.evaluate(
            "document.querySelectorAll('h1, .live-grid .ag-root').forEach((one) => (one.same = true))"
        )
        teller.tell(SECOND)
        again(page)
        expect(page.locator(words)).to_contain_text("1 of 3 images done")
        expect(page.locator(".live-grid").nth(1)).to_contain_text("60 of 540")
        assert page.get_attribute(bar, "value") == "1"
        marked = "[...document.querySelectorAll('h1, .live-grid .ag-root')].every((one) => one.same)"
        assert page.evaluate(marked)
        assert "images done" in page.inner_text("[role=status]")
        teller.tell(FAILED)
        again(page)
        expect(page.locator("main")).to_contain_text("no frame in 2.0 s")
        assert flagged(page) == []


def test_it_tells_when_the_run_has_ended(
    context: BrowserContext, served: Callable[[str], str], url: str
) -> None:
    with opened(context, served(url)) as view:
        page = view.page
        with telling(url):
            again(page)
            expect(page.locator("main")).to_contain_text("1 run in progress")
        again(page)
        expect(page.locator("main")).to_contain_text("No run is in progress")


def test_it_asks_nothing_while_nobody_sees_it_or_another_page_is_shown(
    context: BrowserContext, served: Callable[[str], str], url: str
) -> None:
    with telling(url), opened(context, served(url)) as view:
        page = view.page
        page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
        view.asked.clear()
        page.clock.run_for(60_000)
        assert [one for one in view.asked if "/live" in one] == []
        page.evaluate("delete document.hidden")
        with page.expect_response("**/content/live"):
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        with page.expect_response("**/content/boards"):
            page.click("nav a[href='/boards']")
        page.wait_for_function("() => !document.getElementById('live-read')")
        view.asked.clear()
        page.clock.run_for(60_000)
        assert [one for one in view.asked if "/live" in one] == []


def test_a_server_that_is_gone_is_told(
    context: BrowserContext, served: Callable[[str], str], url: str
) -> None:
    with telling(url), opened(context, served(url)) as view:
        page = view.page
        page.route("**/content/live", lambda route: route.abort())
        page.clock.run_for(2000)
        expect(page.locator("#live-trouble")).to_contain_text("does not answer now")
        page.unroute("**/content/live")
        again(page)
        expect(page.locator("#live-trouble")).to_be_empty()
        view.forgive()


def test_on_a_phone_nothing_is_wider_than_its_screen(
    context: BrowserContext, served: Callable[[str], str], url: str
) -> None:
    with telling(url), opened(context, served(url)) as view:
        page = view.page
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_selector(".live-grid .ag-row progress")
        assert page.evaluate("document.querySelector('main').scrollWidth") <= 390
