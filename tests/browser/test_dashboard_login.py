"""A log-in in a real browser: in, where one wanted to go, and out again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page

from browsing import PASSWORD, Serving, View, guarding, watched, window
from hil.values import Measure, Method, Precision
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store

pytestmark = pytest.mark.browser


def seed(url: str) -> None:
    """One run with one session."""
    began = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
    cost = Measure("instructions", 100.0, "instructions", Method.COUNTED, "timer", 40.0)
    record = SessionRecord(
        "qemu", "kind_a", "digits", Precision.Q15, began, began, Status.FINISHED, None, measures=(cost,)
    )
    with Store.open(url) as store:
        run = store.begin_run(RunInfo(started=began, command="pytest --board=all"), record)
        store.finish_run(run, Status.FINISHED)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, serving: Serving) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("lab")
    url = f"sqlite:///{folder / 'results.db'}"
    seed(url)
    with serving(guarding(url, folder)) as address:
        yield address


@pytest.fixture
def view(chromium: Browser) -> Iterator[View]:
    """One that nobody has logged in yet."""
    with window(chromium) as context, watched(context) as opened:
        yield opened


def fill(page: Page, password: str) -> None:
    page.fill("input[name=name]", "ann")
    page.fill("input[name=password]", password)
    page.keyboard.press("Enter")


def test_in_to_where_one_wanted_and_out_again(page: Page, address: str) -> None:
    page.goto(f"{address}/series?metric=instructions")
    assert page.url.startswith(f"{address}/login?next=")
    fill(page, PASSWORD)
    page.wait_for_selector(".plot-card")
    assert page.url == f"{address}/series?metric=instructions"
    assert "ann" in page.inner_text(".who")
    assert page.evaluate("document.cookie") == "", "a script can read the cookie"
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(re.compile("/login$"))
    page.go_back()
    page.wait_for_url(re.compile("/login"))


def test_a_wrong_password_is_told_and_the_name_kept(page: Page, view: View, address: str) -> None:
    page.goto(f"{address}/")
    fill(page, "incorrect horse battery")
    assert page.inner_text("[role=alert]") == "Name or password is wrong."
    assert page.input_value("input[name=name]") == "ann"
    assert page.evaluate("document.activeElement.name") == "password"
    view.forgive()


def test_a_page_whose_log_in_ended_leads_to_the_log_in(page: Page, view: View, address: str) -> None:
    page.goto(f"{address}/")
    fill(page, PASSWORD)
    page.wait_for_selector(".grid-card")
    page.context.clear_cookies()
    page.get_by_role("link", name="Series").click()
    page.wait_for_url(re.compile(r"/login\?next=%2Fseries$"))
    fill(page, PASSWORD)
    page.wait_for_selector(".plot-card")
    assert page.url == f"{address}/series"
    view.forgive()
