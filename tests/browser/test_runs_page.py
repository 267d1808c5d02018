"""The pages of runs in a browser: what was worse is asked for by itself, and keys lead from run to run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from browsing import Serving, serious, settled, watched
from hil_db.records import RunInfo, Status
from hil_db.store import Store
from session_records import BEGAN, record

pytestmark = pytest.mark.browser

# Comparisons of two images are none to wait for.
SERVE = """
import sys
from hil_dashboards.reading import comparisons
from hil_dashboards.serve import serve
comparisons._SOON = 1
serve(sys.argv[1], port=0)
"""


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory,
    serving: Serving,
) -> Iterator[str]:
    """Of two runs, of which the second takes more cycles."""
    url = f"sqlite:///{tmp_path_factory.mktemp('runs') / 'results.db'}"
    with Store.open(url) as store:
        for day, cycles in enumerate((1000, 1500)):
            began = BEGAN + timedelta(days=day)
            run = store.begin_run(RunInfo(began, "pytest --board=all", git_branch="main"))
            store.save_session(run, record(cycles))
            store.finish_run(run, Status.FINISHED)
    with serving([sys.executable, "-c", SERVE, url]) as address:
        yield address


@contextmanager
def opened(context: BrowserContext, place: str) -> Iterator[Page]:
    """A page, of which nothing may be wrong, axe-core's opinion included."""
    with watched(context) as view:
        view.page.goto(place)
        yield view.page
        settled(view.page)
        assert serious(view.page) == []


def test_what_was_worse_is_asked_for_and_enter_leads_to_a_run(context: BrowserContext, address: str) -> None:
    with opened(context, f"{address}/runs") as page:
        rows = page.locator(".ag-center-cols-container .ag-row")
        expect(rows.first).to_contain_text("1 worse")
        expect(rows.last).to_contain_text("–")
        page.locator(".ag-pinned-left-cols-container .ag-cell").first.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text("Run 1")
        page.go_back()
        expect(rows.first).to_contain_text("1 worse")


def test_a_page_that_did_not_wait_is_shown_anew_when_runs_are_compared(
    context: BrowserContext, address: str
) -> None:
    with opened(context, f"{address}/run?run=2") as page:
        changes = page.locator(".changes .ag-row")
        expect(changes.first).to_contain_text("worse")
        expect(changes.first).to_contain_text("+50 %")
        expect(page.locator(".comparing")).to_have_count(0)
        page.get_by_role("link", name="← run 1").click()
        expect(page.locator("h1")).to_contain_text("Run 1")
