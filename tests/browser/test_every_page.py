"""Every page in a real browser by its address: of whole and other databases, by keyboard, back and forth."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, Page

from addresses import ADDRESSES
from browsing import Scheme, View, said, serious, settled, watched, window
from damaging import torn
from hil_dashboards.views import PAGES
from hil_db.store import Store
from seeded import Seeded, make

pytestmark = pytest.mark.browser

OF_PAGES = [one for one in ADDRESSES if one.path in PAGES or one.path == "/nowhere"]
FIRST = [
    next(one for one in OF_PAGES if one.path == path) for path in dict.fromkeys(one.path for one in OF_PAGES)
]
TABS_MOST, TIMES = 400, 300


def database(folder: Path, lab: str, name: str) -> str:
    path = folder / f"{name}.db"
    if name == "empty":
        with Store.open(f"sqlite:///{path}"):
            pass
    elif name == "one-run":
        make(f"sqlite:///{path}", Seeded(runs=1, images=3, vectors=20))
    elif name == "damaged":
        shutil.copy(lab.removeprefix("sqlite:///"), path)
        torn(path)
    return f"sqlite:///{path}"


@pytest.mark.parametrize("name", ["empty", "one-run", "damaged"])
def test_every_page_is_a_page(
    view: View, tmp_path: Path, lab: str, served: Callable[[str], str], name: str
) -> None:
    root = served(database(tmp_path, lab, name))
    for one in FIRST:
        view.page.goto(f"{root}{one.address}")
        settled(view.page)
        assert "No answer" not in said(view.page), one.address
        assert not view.wrong, f"{one.address}: {view.wrong}"


def test_each_view_survives_reload_back_and_forward(view: View, lab_address: str) -> None:
    page = view.page
    seen = []
    for one in OF_PAGES:
        page.goto(f"{lab_address}{one.address}")
        settled(page, one.key)
        told = said(page)
        assert "cannot be read" not in told, one.address
        assert not view.wrong, f"{one.address}: {view.wrong}"
        seen.append((page.url, told))
    wrong = []
    for direction, order in ((page.go_back, seen[-2::-1]), (page.go_forward, seen[1:])):
        for url, told in order:
            direction()
            wrong += differences(page, url, told)
            if direction == page.go_back:
                page.reload()
                wrong += differences(page, url, told)
    assert wrong == []


def differences(page: Page, url: str, told: str) -> list[str]:
    """How a page differs from what it said at an address before, once it is there."""
    page.wait_for_url(url)
    settled(page)
    if urlparse(url).path == "/live":  # which tells the time
        return []
    for _ in range(TIMES):
        now = said(page)
        if now == told:
            return []
        page.wait_for_timeout(100)
    at = next((place for place, (a, b) in enumerate(zip(told, now, strict=False)) if a != b), 0)
    return [f"{url}: said {told[at - 40 : at + 60]!r}, says {now[at - 40 : at + 60]!r}"]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_serious(chromium: Browser, lab_address: str, scheme: Scheme, width: int) -> None:
    found = {}
    with window(chromium, width, scheme) as context, watched(context) as view:
        for one in FIRST:
            view.page.goto(f"{lab_address}{one.address}")
            settled(view.page, one.key)
            found[one.address] = serious(view.page)
            if width == 390 and view.page.evaluate("document.documentElement.scrollWidth") > width:
                found[one.address].append("it scrolls sideways")
    wrong = {one: told for one, told in found.items() if told}
    assert not wrong, "\n".join(f"{one}: {told}" for one, told in wrong.items())


@pytest.mark.parametrize("path", ["/triage", "/pareto", "/series", "/boards", "/live"])
def test_what_introduces_a_page_is_one_line(view: View, lab_address: str, path: str) -> None:
    page = view.page
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{lab_address}{path}")
    settled(page)
    told = page.locator(".page-head p")
    assert told.count() == 1
    assert told.evaluate("one => one.clientHeight < 1.6 * parseFloat(getComputedStyle(one).lineHeight)")


IN_VIEW = {
    "/boards": ("Board", "State", "Why", "Pace", "Over runs", "Reference", "Incidents", "Run", "Time, UTC"),
    "/runs": ("Run", "Status", "Worse", "Command", "Commit", "Branch", "Started, UTC", "Took", "Failed"),
}


@pytest.mark.parametrize("path", IN_VIEW)
def test_what_matters_in_a_wide_table_is_seen_without_scrolling(
    view: View, lab_address: str, path: str
) -> None:
    page = view.page
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{lab_address}{path}")
    settled(page, ".ag-row")
    window = page.locator(".ag-root-wrapper").first.bounding_box()
    assert window is not None
    heads = page.locator(".ag-root-wrapper").first.locator(".ag-header-cell")
    ends = {}
    for name in IN_VIEW[path]:
        head = heads.filter(has=page.get_by_text(name, exact=True))  # one out of view may be there or not
        box = head.bounding_box() if head.count() else None
        ends[name] = box["x"] + box["width"] if box is not None else None
    assert all(end is not None and end <= window["x"] + window["width"] + 1 for end in ends.values()), ends


# What Tab is to reach: all that can be worked, but what is within a grid, where arrows go.
FOCUSABLE = """() => {
    const within = 'a[href], button, input, select, textarea, summary, [tabindex]';
    const radios = new Set();
    let count = 0;
    for (const one of document.querySelectorAll(within)) {
        if (one.tabIndex < 0 || one.disabled || !one.checkVisibility()) continue;
        if (one.closest('.ag-root-wrapper')) continue;
        if (one.type === 'radio' && (radios.has(one.name) || !radios.add(one.name))) continue;
        one.dataset.reach = count++;
    }
    return count;
}"""
REACHED = """() => {
    const now = document.activeElement;
    const grid = now.closest('.ag-root-wrapper');
    const grids = [...document.querySelectorAll('.ag-root-wrapper')];
    return grid ? `grid ${grids.indexOf(grid)}` : now.dataset.reach;
}"""

NAMED = "at => document.querySelector(`[data-reach='${at}']`)?.outerHTML.slice(0, 90) || at"


def test_the_keyboard_alone_reaches_everything(view: View, lab_address: str) -> None:
    page = view.page
    wrong = {}
    for one in FIRST:
        if one.path == "/live":
            continue  # its parts are replaced as the run goes on: test_progress_page
        page.goto(f"{lab_address}{one.address}")
        settled(page, one.key)
        count = page.evaluate(FOCUSABLE)
        grids = page.locator(".ag-root-wrapper").count()
        wanted = {str(place) for place in range(count)} | {f"grid {place}" for place in range(grids)}
        left = set(wanted)
        for _ in range(min(TABS_MOST, 3 * len(wanted) + 20)):
            page.keyboard.press("Tab")
            left.discard(page.evaluate(REACHED))
            if not left:
                break
        if left:
            wrong[one.address] = [page.evaluate(NAMED, at) for at in sorted(left)]
    assert not wrong, "\n".join(f"{one}: {told}" for one, told in wrong.items())


def test_nothing_in_an_address_is_executed(view: View, lab_address: str) -> None:
    page = view.page
    nasty = """"><img src=x onerror="window.hit=1"><script>window.hit=1</script>javascript:window.hit=1//'"""
    for one in OF_PAGES:
        page.goto(f"{lab_address}{one.given(**dict.fromkeys(one.parameters, nasty))}")
        settled(page)
        assert page.evaluate("window.hit") is None, one.address


def test_the_browsers_tab_says_which_page_it_is(view: View, lab_address: str) -> None:
    page = view.page

    def is_called(title: str) -> None:
        page.wait_for_function("title => document.title === title", arg=f"{title} · HIL lab")

    page.goto(f"{lab_address}/series?metric=flash_bytes")
    is_called("Series: flash_bytes")
    page.get_by_role("link", name="Boards", exact=True).click()
    is_called("Boards")
    page.goto(f"{lab_address}/nowhere")
    is_called("No such page")
    page.go_back()
    is_called("Boards")
    page.go_back()
    is_called("Series: flash_bytes")
    page.go_forward()
    is_called("Boards")
    page.route("**/content/**", lambda route: route.abort())
    page.get_by_role("link", name="Runs", exact=True).click()
    is_called("No answer")
    view.forgive()
