"""A report in a real browser, from a file: nothing is wrong, nothing is asked for, nothing is cut."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from browsing import Scheme, View, watched, window
from report_picture import MOST_BYTES, picture, report

pytestmark = pytest.mark.browser

Opened = Callable[..., Page]
WIDER = """() => [...document.querySelectorAll('body *')]
    .filter(one => !one.closest('.scroll, .sr, .skip') && !one.parentElement.closest('svg'))
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
    .map(one => one.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report(tmp_path_factory.mktemp("report"))


@pytest.fixture
def opened(chromium: Browser, path: Path) -> Iterator[Opened]:
    """The report in a window of its own, which must end without an error or a request."""
    with ExitStack() as windows:

        def one(width: int = 1280, scheme: Scheme = "light", scripts: bool = True) -> Page:
            context = windows.enter_context(window(chromium, width, scheme, scripts))
            view = windows.enter_context(watched(context))
            views.append(view)
            view.page.goto(path.as_uri())
            return view.page

        views: list[View] = []
        yield one
        assert {asked for view in views for asked in view.asked} == {path.as_uri()}


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_window(opened: Opened, width: int, scheme: Scheme) -> None:
    page = opened(width, scheme)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(WIDER) == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(ground.split("(")[1].split(",")[0])
    assert (red < 64) == (scheme == "dark")


def test_text_tables_and_pictures_need_no_script(opened: Opened) -> None:
    page = opened(scripts=False)
    assert "Worse than run 117." in page.inner_text("header")
    assert page.locator(".matrix tbody tr").count() == 9
    for selector in (".plot svg", "#image-0 .flame", "#image-0 .map"):
        box = page.locator(selector).first.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 40
    assert page.locator("input").count() == 0


def test_a_filter_leaves_the_images_that_are_named(opened: Opened) -> None:
    page = opened()
    page.fill("input[type=search]", "vowels q7")
    assert page.locator(".matrix tbody tr:visible").all_inner_texts()[0].startswith("fastgrnn_vowels")
    assert page.locator(".matrix tbody tr:visible").count() == 1
    page.fill("input[type=search]", "")
    page.check("input[type=checkbox]")
    assert page.locator(".matrix tbody tr:visible").count() == 2
    assert page.locator("details.image:visible").count() == 2


def test_values_are_under_the_pointer_and_the_keys(opened: Opened) -> None:
    page = opened()
    plot = page.locator("figure.worse .plot").first
    of_what = "Latency, µs of qemu fastgrnn_vowels/q15 over 120 runs"
    assert page.get_by_role("img", name=of_what).count() == 1
    plot.locator("svg").hover(position={"x": 20, "y": 20})
    assert re.match(r"run \d{1,2}: 1,292 µs · 2024-01-\d\d", page.inner_text(".tip"))
    plot.focus()
    plot.press("End")
    assert page.inner_text(".tip").startswith("run 120: 1,447 µs")
    plot.press("ArrowLeft")
    assert page.inner_text(".tip").startswith("run 119: 1,447 µs")


def test_a_frame_of_a_flame_graph_can_be_looked_at_closer(opened: Opened) -> None:
    page = opened()
    flame = page.locator("#image-0 .flame").first
    widths = "all => all.filter(one => one.style.display !== 'none').map(one => one.getAttribute('width'))"
    whole = flame.locator("> svg").evaluate_all(widths)
    flame.locator("> svg").last.click()
    assert set(flame.locator("> svg").evaluate_all(widths)) == {"100%"}
    flame.press("Escape")
    again = flame.locator("> svg").evaluate_all(widths)
    assert [float(one[:-1]) for one in again] == pytest.approx([float(one[:-1]) for one in whole])


def test_a_link_to_an_image_opens_it(opened: Opened) -> None:
    page = opened()
    last = page.locator(".matrix tbody tr").last.locator("a")
    name = last.get_attribute("href")
    assert not page.locator(f"{name} > table, {name} h4").first.is_visible()
    last.click()
    assert page.locator(f"{name} h4").first.is_visible()


def test_on_paper_the_text_is_there_and_the_bar_is_not(opened: Opened) -> None:
    page = opened(scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    ink = page.evaluate("getComputedStyle(document.querySelector('h1')).color")
    assert int(ink.split("(")[1].split(",")[0]) < 100


def test_the_picture_of_the_readme_can_be_drawn(opened: Opened, path: Path) -> None:
    drawn = picture(opened(), path)
    assert len(drawn) <= MOST_BYTES
    with Image.open(io.BytesIO(drawn)) as seen:
        assert seen.height > seen.width
