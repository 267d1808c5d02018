"""`hil power live`: an emulated kit's current in a real browser."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from browsing import Serving, watched
from power_probes import emulated_ppk2

pytestmark = pytest.mark.browser


def live(port: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "hil",
        "power",
        "live",
        f"--port={port}",
        "--volts=3",
        "--http=0",
        "--window=1",
    ]


@contextmanager
def opened(context: BrowserContext, serving: AbstractContextManager[str]) -> Iterator[Page]:
    """The page, which closes before its server ends."""
    with serving as address, watched(context) as view:
        view.page.goto(address)
        yield view.page


def test_the_current_is_drawn_while_it_is_measured(
    tmp_path: Path, context: BrowserContext, serving: Serving
) -> None:
    with emulated_ppk2(tmp_path) as port, opened(context, serving(live(port))) as page:
        page.wait_for_selector("#plot .scatterlayer .trace path.js-line", state="attached")
        expect(page.locator("#told")).to_contain_text("the last 1.0 s")
        first = page.inner_text("#told")
        found = re.match(r"mean 3\.[4-7]\d* mA, most 4\.\d+ mA, 1\d\.\d+ mW of the last 1\.0 s$", first)
        assert found is not None, first
        assert "input 0" in page.inner_text("#plot")


def test_a_kit_that_goes_away_is_told(tmp_path: Path, context: BrowserContext, serving: Serving) -> None:
    with (
        emulated_ppk2(tmp_path, "--fault", "unplug:30000") as port,
        opened(context, serving(live(port))) as page,
    ):
        expect(page.locator("#told")).to_contain_text("sends nothing any more")
