"""Looking at pages in a browser: what went wrong in one, what it asked for, and when it is all there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlparse

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from hil_dashboards.serving import users

PATIENCE_MS = 300_000  # there for a hang
PASSWORD = "correct horse battery"

Scheme = Literal["light", "dark"]
Serving = Callable[[list[str]], AbstractContextManager[str]]  # the address of what a command serves


def guarding(url: str, folder: Path, *options: str) -> list[str]:
    """The command of a dashboard that `ann` may log in to, with PASSWORD, and triage."""
    file = folder / "users"
    users.write(file, {"ann": users.made("ann", users.Role.TRIAGE, PASSWORD)})
    command = ["-m", "hil", "dashboard", f"--db={url}", "--port=0", "--auth=users", f"--users={file}"]
    return [sys.executable, *command, *options]


@contextmanager
def window(
    browser: Browser, width: int = 1280, scheme: Scheme = "light", scripts: bool = True
) -> Iterator[BrowserContext]:
    """A profile of its own, with its own cookies."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@dataclass
class View:
    """One page of the browser, with what went wrong in it and every address it asked for."""

    page: Page
    wrong: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, address: str) -> Page:
        """Go to an address and wait until the page's content is there."""
        self.page.goto(address)
        ready(self.page, "main h1")
        return self.page

    @property
    def foreign(self) -> list[str]:
        """What it asked of any other than the server that is tested."""
        own = (None, "127.0.0.1")
        return [asked for asked in self.asked if urlparse(asked).hostname not in own]

    def watch(self) -> None:
        """Note what the page says is wrong, and what it asks for."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", self._on_request)

    def forgive(self, words: str = "Failed to load resource") -> None:
        """Forget what is wrong, all of which says these words: it was meant to be."""
        others = [told for told in self.wrong if words not in told]
        assert self.wrong, f"nothing said {words!r}"
        assert not others, others
        self.wrong.clear()

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"{message.type}: {message.text}")

    def _on_request(self, request: Request) -> None:
        self.asked.append(request.url)


@contextmanager
def watched(context: BrowserContext) -> Iterator[View]:
    """A page that must end with nothing wrong in it, and without having asked anybody else for anything.

    Who makes something go wrong on purpose forgives it.
    """
    view = View(context.new_page())
    view.watch()
    try:
        yield view
    finally:
        view.page.close()
    assert not view.wrong, view.wrong
    assert not view.foreign, view.foreign


# Rows and heads come before what stands in them; tables of values may have cells without any.
DRAWN = """() => [...document.querySelectorAll('.grid-card')].every(card => {
    if (card.querySelector('[data-when~=near]') && !card.querySelector('.ag-root-wrapper')) {
        return true;  // nobody has come near it
    }
    const drawn = [...card.querySelectorAll(
        '.ag-header-cell, .grid:not(.values) .ag-cell, .ag-cell[aria-colindex="1"], .ag-full-width-row')];
    return drawn.some(one => one.closest('.ag-row')) && drawn.every(one => one.innerText.trim());
})"""


def ready(page: Page, selector: str) -> None:
    """Wait until something is there, and what the rows in view of every grid say."""
    page.wait_for_selector(selector)
    page.wait_for_function(DRAWN)


# Grids out of view have `content-visibility: auto`: axe-core takes their cells for hidden.
_UNHIDE = """() => {
    for (const one of document.querySelectorAll('main *')) {
        if (getComputedStyle(one).contentVisibility === 'auto') one.style.contentVisibility = 'visible';
    }
    return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));  // laid out
}"""


def serious(page: Page) -> list[str]:
    """What axe-core takes for serious or worse, with the first place of each."""
    drawn_whole(page)
    page.evaluate(_UNHIDE)
    settled(page)  # a grid that comes to light draws its heads now
    return flagged(page)


def flagged(page: Page) -> list[str]:
    """The same of what is in view, at once."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


# A page that is ready: it says something, its grids have their rows and its plots are drawn.
_THERE = """key => {
    const all = (what) => [...document.querySelectorAll(what)];
    return document.querySelector('main h1') && (!key || document.querySelector(key))
        && all('.ag-root').every(one => one.querySelector('.ag-row, .ag-overlay-no-rows-wrapper'))
        && all('.js-plotly-plot').every(one => one.querySelector('.main-svg'))
        && !document.querySelector('._dash-loading');
}"""


# One that draws nothing any more: heads and rows of grids, what has come into view, and what waits for a
# comparison.
_WHOLE = """() => {
    const all = (what, within = document) => [...within.querySelectorAll(what)];
    const wide = one => one.clientWidth;
    const says = one => one.textContent.trim();
    const drawn = grid =>
        all('.ag-header-row', grid).filter(wide).every(row => row.querySelector('.ag-header-cell'))
        && all('.ag-header-cell', grid).every(one => one.querySelector('.head'))
        && all('.ag-row:not(.ag-full-width-row)', grid).filter(wide).every(
            row => row.querySelector('.ag-cell'))
        && all('.ag-cell[aria-colindex="1"], .ag-full-width-row', grid).every(says);
    const seen = one => {
        const at = one.getBoundingClientRect();
        return at.height && at.top < innerHeight && at.bottom > 0;
    };
    return all('.ag-root-wrapper').filter(one => one.checkVisibility()).every(drawn)
        && all('[data-when~=near]').filter(seen).every(one => one.querySelector('.main-svg, .ag-row'))
        && all('.comparing').every(one => !one.textContent.startsWith('Comparing'));
}"""

SETTLED = f"key => ({_THERE})(key) && ({_WHOLE})()"


def settled(page: Page, key: str = "", timeout_s: float = PATIENCE_MS / 1000) -> None:
    """Wait until a page is there with what ``key`` selects, and draws nothing any more."""
    page.wait_for_function(SETTLED, arg=key, timeout=timeout_s * 1000)


def drawn_whole(page: Page) -> None:
    """Draw the grids that are not in view, too, as a key does."""
    page.keyboard.press("Shift")
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-when~=key]')].every(one => one.querySelector('.ag-row'))"
    )
    settled(page)


# But what is drawn as it comes near the view, which is not in the address.
_SAID = """main => [...main.querySelectorAll('[data-when~=near]')].reduce(
    (told, plot) => told.replace(plot.innerText, ''), main.innerText)"""


def said(page: Page) -> str:
    """What a page says below its bar, in one line."""
    told: str = page.locator("main").evaluate(_SAID)
    return " ".join(told.split())
