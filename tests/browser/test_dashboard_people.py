"""What only people who log in see: what axe-core finds, and deciding on a regression, by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page

from browsing import PASSWORD, Scheme, Serving, guarding, serious, watched, window
from hil.measure.profile import ClassCost, PathCost, Profile
from hil.values import Measure, Method, Precision
from hil_db.records import Incident, RunInfo, SessionRecord, Status
from hil_db.store import Store

pytestmark = pytest.mark.browser

LAB = """
[boards.desk-1]
kind = "nucleo_f439zi"
probe = "A"
serial = "/dev/ttyACM0"
quarantine = { reason = "bent pin", since = 2026-11-26 }
"""


def seed(url: str) -> None:
    """Two runs: in the second one image takes more, and another's session failed."""
    profile = Profile("cycle-model-2", 10, (PathCost(("run",), 10, 90, 100),), (ClassCost("alu", 90, 100),))
    with Store.open(url) as store:
        for day in (1, 2):
            began = datetime(2026, 11, day, 3, 0, tzinfo=UTC)
            run = store.begin_run(RunInfo(started=began, command="pytest --board=all"))
            for model, failed in (("digits", False), ("vowels", day == 2)):
                measures = (
                    Measure("instructions", 100.0 * day, "instructions", Method.COUNTED, "timer", 40.0),
                    Measure("reference_s", 0.02, "s", Method.MEASURED, "host-clock"),
                    Measure(
                        "latency_cycles", 99.0, "cycles", Method.ESTIMATED, "cycle-model-2", None, (90, 120)
                    ),
                )
                record = SessionRecord(
                    "qemu",
                    "kind_a",
                    model,
                    Precision.Q15,
                    began,
                    began + timedelta(seconds=3),
                    Status.FAILED if failed else Status.FINISHED,
                    None,
                    error="no frame in 10.0 s" if failed else None,
                    measures=() if failed else measures,
                    profile=None if failed else profile,
                    incidents=(Incident("qemu", "hang", "reset", began, "no frame", 3.4),) if failed else (),
                )
                store.save_session(run, record)
            store.finish_run(run, Status.FINISHED)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, serving: Serving) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("lab")
    url = f"sqlite:///{folder / 'results.db'}"
    seed(url)
    (folder / "lab.toml").write_text(LAB)
    with serving(guarding(url, folder, f"--lab={folder / 'lab.toml'}")) as address:
        yield address


def enter(page: Page, address: str) -> None:
    """Log in."""
    page.goto(f"{address}/login")
    page.fill("input[name=name]", "ann")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("main h1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_logging_in_and_deciding_have_nothing_that_axe_takes_for_serious(
    chromium: Browser, address: str, scheme: Scheme
) -> None:
    with window(chromium, scheme=scheme) as context, watched(context) as view:
        page = view.page
        page.goto(f"{address}/login")
        found = {"/login": serious(page)}
        enter(page, address)
        page.goto(f"{address}/triage")
        page.locator(".decide").first.click()
        page.wait_for_selector("dialog[open]")
        found["dialog"] = serious(page)
    assert {what: told for what, told in found.items() if told} == {}


def test_a_regression_is_decided_on_by_keyboard_and_told_to_all(page: Page, address: str) -> None:
    enter(page, address)
    page.goto(f"{address}/triage")
    page.wait_for_selector(".standing.open")
    assert page.locator(".decide").count() == 1
    page.locator(".decide").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.locator(".decide").focus()
    page.keyboard.press("Enter")
    page.locator("dialog input[value=acknowledged]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")  # fixed by a commit
    page.keyboard.press("Tab")
    page.keyboard.type("no commit")
    page.locator("dialog textarea").focus()
    page.keyboard.type("the table is smaller")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("dialog input[name=commit]:invalid").count() == 1, "what is no commit was taken"
    page.fill("dialog input[name=commit]", "0123abc")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Nothing is open")
    assert "fixed by 0123abc" in page.inner_text("main")
    assert "the table is smaller" in page.inner_text("main")
