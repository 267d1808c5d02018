"""A headless Chromium, and a dashboard that it looks at: for what times, draws and tests pages."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, ViewportSize, sync_playwright

SERVE = "import sys; from hil_dashboards.serve import serve; serve(sys.argv[1], port=0)"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def installed() -> str | None:
    """Where Chromium is."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def launched(*flags: str) -> Iterator[Browser]:
    """The browser; SystemExit where none is installed."""
    path = _needed()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_FLAGS, *flags])
        yield browser
        browser.close()


@contextmanager
def window(viewport: ViewportSize, *, private: bool) -> Iterator[BrowserContext]:
    """A window of a browser with a profile of its own, as users have; a ``private`` one keeps nothing.

    SystemExit where none is installed.
    """
    if private:
        with launched() as browser:
            yield browser.new_context(viewport=viewport)
        return
    path = _needed()
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            "", executable_path=path, args=_FLAGS, viewport=viewport
        )  # its folder goes with it
        yield context
        context.close()


def _needed() -> str:
    path = installed()
    if path is None:
        raise SystemExit("chromium is not installed: apt install chromium")
    return path


@contextmanager
def served(url: str) -> Iterator[tuple[str, int]]:
    """The address of a dashboard that shows a database, and the number of its process."""
    server = subprocess.Popen([sys.executable, "-c", SERVE, url], stdout=subprocess.PIPE, encoding="utf-8")
    try:
        assert server.stdout is not None
        yield server.stdout.readline().split()[1], server.pid
    finally:
        server.terminate()
        server.communicate()
