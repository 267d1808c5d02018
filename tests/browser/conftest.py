"""A dashboard served as `hil dashboard` serves it, and a headless Chromium that looks at it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from browsing import PATIENCE_MS, Serving, View, watched, window
from children import interruptible
from chromium import SERVE, installed, launched
from seeded_lab import make_lab

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if installed() is None:
        pytest.fail("no chromium is installed; `make test` installs it")
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """One profile for all tests, so that scripts are loaded once."""
    with window(chromium) as opened:
        yield opened


@pytest.fixture
def view(context: BrowserContext) -> Iterator[View]:
    """A page, with what it asked for; it must end with nothing wrong in it."""
    with watched(context) as opened:
        yield opened


@pytest.fixture
def page(view: View) -> Page:
    """The same, where only the page is of interest."""
    return view.page


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of the seeded lab's database, which no test changes."""
    url = f"sqlite:///{tmp_path_factory.mktemp('lab') / 'seeded.db'}"
    make_lab(url)
    return url


@pytest.fixture(scope="session")
def lab_address(lab: str, served: Callable[[str], str]) -> str:
    """Of the seeded lab's dashboard."""
    return served(lab)


@pytest.fixture(scope="session")
def served() -> Iterator[Callable[[str], str]]:
    """Serve the database of a URL; gives the address without a path. One server per database."""
    addresses: dict[str, str] = {}
    with ExitStack() as started:

        def serve(url: str) -> str:
            if url not in addresses:
                addresses[url] = started.enter_context(served_by([sys.executable, "-c", SERVE, url]))
            return addresses[url]

        yield serve


@pytest.fixture(scope="session")
def serving() -> Serving:
    """Start a server by a command of one's own; gives its address."""
    return served_by


@contextmanager
def served_by(command: list[str]) -> Iterator[str]:
    """The address of a server that ends with the block: by Ctrl-C, and if that does not help, for good."""
    server = subprocess.Popen(
        interruptible(command), stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent
    )
    try:
        assert server.stdout is not None
        yield server.stdout.readline().split()[1]
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=300)
    finally:
        server.kill()
        server.communicate()
