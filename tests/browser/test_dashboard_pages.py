"""The pages in a real browser: what is painted, what it says, and that nothing comes from elsewhere."""

from __future__ import annotations

import hashlib
import io
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from PIL import Image as Picture
from playwright.sync_api import BrowserContext, FloatRect, Page, Route, expect

from browsing import Scheme, View, ready, settled
from hil.image import Manifest
from hil.measure.profile import ClassCost, PathCost, Profile
from hil.values import Measure, Method, Precision
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store

pytestmark = pytest.mark.browser

RUNS = 6
MODELS = ("fastgrnn_digits", "fastgrnn_vowels")
PRECISIONS = (Precision.F32, Precision.Q15)
FAILED = (4, "fastgrnn_vowels", Precision.Q15)  # this session of run 4 hung
ANOTHER_TECHNIQUE = 6  # from this run on, instructions are counted by another technique
COMMITS = [hashlib.sha1(str(run).encode()).hexdigest() for run in range(RUNS + 1)]
NASTY = "<b>desk</b>&amp;"


def manifest(model: str, precision: Precision, build: int) -> Manifest:
    digest = hashlib.sha256(f"{model} {precision} {build}".encode()).hexdigest()
    return Manifest(
        kind="qemu_mps2_an386",
        model=model,
        precision=precision,
        sha256=digest,
        source_sha256=digest,
        build_id=digest[:32],
        toolchain="arm-none-eabi-gcc 12.2.1",
        sections={"text": 9000},
        features=8,
        min_steps=8,
        max_steps=8,
        outputs=10,
        vectors_sha256="1" * 64,
    )


def measures(run: int, model: str, precision: Precision) -> tuple[Measure, ...]:
    base = 57_280 if precision is Precision.F32 else 41_040
    base += 100_000 if model == MODELS[1] else 0
    technique = "plugin" if run >= ANOTHER_TECHNIQUE else "timer"
    cycles = base * 1.2
    return (
        Measure(
            "latency_cycles",
            cycles,
            "cycles",
            Method.ESTIMATED,
            "cycle-model-2" if run >= ANOTHER_TECHNIQUE else "cycle-model-1",
            band=(cycles * 0.97, cycles * 1.22),
            conditions={"clock_hz": 25e6, "wait_states": 0.0},
        ),
        Measure("accuracy", 0.9833 if model == MODELS[0] else 0.9676, "1", Method.COUNTED, "labels", 1 / 540),
        Measure("golden_exact", 1.0, "1", Method.COUNTED, "bit-exact"),
        Measure("vectors", 540.0, "1", Method.COUNTED, "link"),
        Measure("instructions", base - 400.0 * run, "instructions", Method.COUNTED, technique, 40.0),
        Measure("flash_bytes", 12_304.0, "B", Method.COUNTED, "elf"),
        Measure("ram_bytes", 15_624.0, "B", Method.COUNTED, "elf"),
        Measure("stack_bytes", 432.0, "B", Method.MEASURED, "painted", 4.0),
        Measure("stack_bytes", 440.0, "B", Method.COUNTED, "tracked"),
        Measure("stream_s", 2.5 + 0.1 * run, "s", Method.MEASURED, "host-clock"),
    )


def profile(base: int) -> Profile:
    """Of 540 inferences of a few functions, most of it in one of them."""
    own = {("model_run",): 0.05, ("model_run", "step"): 0.1, ("model_run", "step", "matvec<8>"): 0.85}
    paths = tuple(
        PathCost(path, 540, round(540 * base * share), round(540 * base * share))
        for path, share in own.items()
    )
    return Profile("cycle-model-2", 540, paths, (ClassCost("load", 540, 3 * 540), ClassCost("alu", 540, 540)))


def session(run: int, board: str, model: str, precision: Precision, began: datetime) -> SessionRecord:
    failed = (run, model, precision) == FAILED
    return SessionRecord(
        board=board,
        kind="qemu_mps2_an386",
        model=model,
        precision=precision,
        started=began,
        finished=began + timedelta(seconds=3),
        status=Status.FAILED if failed else Status.FINISHED,
        manifest=manifest(model, precision, run // 3),
        error="qemu: no frame in 10.0 s" if failed else None,
        measures=() if failed else measures(run, model, precision),
        profile=None if failed else profile(40_000 + run),
    )


def seed(url: str, board: str = "qemu", runs: int = RUNS) -> None:
    with Store.open(url) as store:
        for run in range(1, runs + 1):
            began = datetime(2026, 11, run, 3, 0, tzinfo=UTC)
            info = RunInfo(
                started=began, command="pytest --board=all", git_commit=COMMITS[run], git_dirty=run == 3
            )
            key = store.begin_run(info)
            for model in MODELS:
                for precision in PRECISIONS:
                    store.save_session(key, session(run, board, model, precision, began))
            store.finish_run(key, Status.FINISHED)


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('seeded') / 'results.db'}"
    seed(url)
    return url


@pytest.fixture(scope="module")
def address(seeded: str, served: Callable[[str], str]) -> str:
    return served(seeded)


def text(page: Page) -> str:
    return page.inner_text("main")


def need_painted(page: Page, name: str, tmp_path: Path) -> Picture.Image:
    """A screenshot that is not blank: no colour has nearly all of it, and several are there."""
    path = tmp_path / f"{name}.png"
    shot = page.screenshot(path=path, full_page=True)
    picture = Picture.open(io.BytesIO(shot)).convert("RGB")
    colours = picture.getcolors(picture.width * picture.height)
    assert colours is not None
    assert max(count for count, _ in colours) < 0.97 * picture.width * picture.height, path
    assert len(colours) > 50, path
    return picture


# The lines of a series, not the marks beside them: Plotly keeps with each element what it draws.
LINES = """() => [...document.querySelectorAll('.scatterlayer .trace')]
    .filter(one => one.__data__[0].trace.legendgroup && !one.__data__[0].trace.fillcolor)"""


def points(page: Page) -> int:
    page.wait_for_selector(".scatterlayer .trace path.point")
    return int(
        page.evaluate(f"({LINES})().reduce((all, one) => all + one.querySelectorAll('path.point').length, 0)")
    )


def lines(page: Page) -> int:
    page.wait_for_selector(".scatterlayer .trace path.point")
    return int(page.evaluate(f"({LINES})().length"))


def point_at(page: Page, box: FloatRect) -> None:
    """Move the mouse there until what it points at is told: a plot that is still drawn hears of no mouse."""
    told = page.locator(".hoverlayer .hovertext")
    deadline = time.monotonic() + 300
    while not told.count():
        assert time.monotonic() < deadline, "nothing is told"
        page.mouse.move(0, 0)
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
        page.wait_for_timeout(100)


def series(address: str, query: str) -> str:
    return f"{address}/series?{query}"


def test_matrix_shows_the_newest_values_and_how_they_were_obtained(
    view: View, address: str, tmp_path: Path
) -> None:
    page = view.open(f"{address}/")
    page.wait_for_function("() => document.title === 'Matrix: 8 metrics · HIL lab'")
    said = text(page)
    for words in (
        "qemu",
        "qemu_mps2_an386",
        *MODELS,
        *PRECISIONS,
        "98.33",
        "54,880",
        "12,304",
        "15,624",
        "440",
    ):
        assert words in said
    assert "57,280" not in said, "an older value is shown"
    for words in ("counted", "measured", "plugin", "painted", "tracked", "elf", "bit-exact"):
        assert words in said
    assert page.get_by_role("rowheader").count() == len(MODELS) * len(PRECISIONS)
    assert page.get_by_role("columnheader", name="Stack B counted tracked").count() == 1
    assert page.get_by_role("columnheader", name="Stack B measured painted").count() == 0
    assert "Stored beside them, and coarser: Stack (measured, painted)." in said
    need_painted(page, "matrix", tmp_path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_bands_are_shown_and_drawn_in_either_theme(
    view: View, address: str, tmp_path: Path, scheme: Scheme
) -> None:
    view.page.emulate_media(color_scheme=scheme)
    assert "−3/+22 %" in text(view.open(f"{address}/"))
    need_painted(view.page, f"matrix-{scheme}", tmp_path)
    page = view.open(series(address, "metric=latency_cycles&model=fastgrnn_digits&precision=q15"))
    assert points(page) == 1, "the newest model of cycles is another"
    page.get_by_role("link", name="estimated cycle-model-1").click()
    page.wait_for_url("**technique=cycle-model-1**")
    page.wait_for_function(
        "count => document.querySelectorAll('.errorbar path.yerror').length === count", arg=RUNS - 1
    )
    assert (points(page), lines(page)) == (RUNS - 1, 1)
    bars = page.locator(".scatterlayer .errorbar path.yerror")
    assert all(
        (bars.nth(place).bounding_box() or {"height": 0.0})["height"] > 10 for place in range(RUNS - 1)
    )
    said = text(page)
    for words in ("−3/+22 %", "cycle-model-1", "cycle-model-2", "clock 25 MHz, wait states 0"):
        assert words in said
    need_painted(page, f"series-{scheme}", tmp_path)


def test_the_matrix_fits_a_usual_window(view: View, address: str) -> None:
    page = view.open(f"{address}/")
    viewport = page.locator(".ag-center-cols-viewport")
    assert viewport.evaluate("part => part.scrollWidth <= part.clientWidth"), "columns are cut off"
    cut = page.locator(".figure, .head, .name").evaluate_all(
        "parts => parts.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
    )
    assert cut == []


def column(page: Page, name: str) -> list[str]:
    """The figures below a column's head, from above to below."""
    place = page.get_by_role("columnheader", name=name).get_attribute("aria-colindex")
    cells = page.locator(f".ag-cell[aria-colindex='{place}'] .number")
    found = cells.evaluate_all(
        "cells => cells.map(cell => [cell.getBoundingClientRect().top, cell.textContent])"
    )
    return [figure for _, figure in sorted(found)]


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_columns_head_sorts_by_number(view: View, address: str, by: str) -> None:
    page = view.open(f"{address}/")
    assert column(page, "Instructions") == ["54,880", "38,640", "154,880", "138,640"]
    head = page.get_by_role("columnheader", name="Instructions")
    for order, expected in (
        ("ascending", ["38,640", "54,880", "138,640", "154,880"]),
        ("descending", ["154,880", "138,640", "54,880", "38,640"]),
    ):
        if by == "mouse":
            head.click()
        else:
            head.press("Enter")
        page.wait_for_selector(f"[role=columnheader][aria-sort={order}]")
        assert column(page, "Instructions") == expected


def test_arrow_keys_and_enter_lead_to_a_series(view: View, address: str) -> None:
    page = view.open(f"{address}/")
    page.get_by_role("rowheader").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Accuracy over runs')")
    page.go_back()
    ready(page, "h1:has-text('Newest results')")


def test_a_row_that_failed_says_so_and_keeps_its_error_when_sorted(
    view: View, served: Callable[[str], str], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'failed.db'}"
    seed(url, runs=FAILED[0])
    page = view.open(f"{served(url)}/?rows=roomy")

    def rows() -> list[str]:
        found = page.locator(".ag-pinned-left-cols-container .ag-row, .ag-full-width-row").evaluate_all(
            "rows => rows.map(row => [row.getBoundingClientRect().top, row.innerText])"
        )
        return [" ".join(told.split()) for _, told in sorted(found) if told.strip()]

    failed = "fastgrnn_vowels q15 failed Where cycles go"
    told = "Run 4 failed, 2026-11-04 03:00 UTC: qemu: no frame in 10.0 s The values above are from run 3."
    assert rows()[-2:] == [failed, told]
    page.get_by_role("columnheader", name="Instructions").click()
    page.wait_for_selector("[role=columnheader][aria-sort=ascending]")
    assert rows()[2:4] == [failed, told]
    assert page.locator(".failure").evaluate("part => part.scrollHeight <= part.clientHeight")


def test_a_row_leads_to_where_its_cycles_go(view: View, address: str, tmp_path: Path) -> None:
    page = view.open(f"{address}/")
    page.get_by_role("link", name="cycles", exact=True).first.click()
    ready(page, "h1:has-text('Where cycles go')")
    said = text(page)
    for words in ("fastgrnn_digits f32 on qemu", "40,006 cycles", "matvec<8>", "85.0 %", "−3/+22 %", "load"):
        assert words in said
    bars = page.locator(".grid").first.locator("[aria-colindex='2'] .bar i")
    widths = [(bars.nth(place).bounding_box() or {"width": 0.0})["width"] for place in range(3)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 5 * widths[1] > 0
    need_painted(page, "profile", tmp_path)
    page.get_by_role("link", name="3", exact=True).click()
    page.wait_for_selector("text=40,003 cycles")
    assert "run=3" in page.url


def test_a_value_leads_to_its_series(view: View, address: str) -> None:
    page = view.open(f"{address}/")
    page.get_by_role("link", name="54,880").first.click()
    page.wait_for_url("**/series?**")
    asked = parse_qs(urlparse(page.url).query)
    assert asked == {
        "metric": ["instructions"],
        "model": [asked["model"][0]],
        "board": ["qemu"],
        "precision": ["f32"],
    }
    assert points(page) == 1, "the newest run alone has this technique"


def test_the_page_is_asked_for_once_and_before_the_scripts_are_there(view: View, address: str) -> None:
    view.open(f"{address}/")
    asked = [urlparse(one).path for one in view.asked]
    assert asked.count("/content/") == 1
    grid = [path for path in asked if path.endswith("async-community.js")]
    assert len(grid) == 1, "Dash would ask for it when the grid is to be drawn"
    assert asked.index("/content/") < asked.index("/_dash-layout")
    assert not [path for path in asked if "plotly" in path or "/dcc/" in path], "there is no plot here"


def test_a_late_answer_does_not_take_the_place_of_a_newer_page(view: View, address: str) -> None:
    page = view.open(f"{address}/")
    held: list[Route] = []
    page.route("**/content/series", lambda route: held.append(route))  # playwright marks functions
    page.get_by_role("link", name="Series", exact=True).click()
    page.wait_for_url("**/series")
    with page.expect_response("**/content/"):
        page.get_by_role("link", name="Matrix", exact=True).click()
    with page.expect_response("**/content/series"):
        held[0].continue_()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    ready(page, "h1:has-text('Newest results')")
    page.get_by_role("link", name="54,880").first.click()
    page.wait_for_selector("h1:has-text('Instructions over runs')")


def test_a_server_that_is_gone_is_named(view: View, address: str) -> None:
    page = view.open(f"{address}/")
    page.route("**/content/**", lambda route: route.abort())
    page.get_by_role("link", name="Series", exact=True).click()
    page.wait_for_selector("h1:has-text('No answer')")
    assert "Start hil dashboard, then reload" in text(page)
    page.unroute("**/content/**")
    page.route("**/content/**", lambda route: route.fulfill(status=503))
    page.go_back()
    page.wait_for_selector("text=503")
    view.forgive()


def test_scripts_of_plots_come_with_the_first_plot_and_are_asked_for_again(view: View, address: str) -> None:
    page = view.open(f"{address}/")
    assert not [one for one in view.asked if "/dcc/" in one]
    page.route("**/dcc/**", lambda route: route.abort())
    page.get_by_role("link", name="Series", exact=True).click()
    page.wait_for_selector("h1:has-text('No answer')")
    page.unroute("**/dcc/**")
    page.go_back()
    ready(page, "h1:has-text('Newest results')")
    view.forgive()
    page.get_by_role("link", name="Series", exact=True).click()
    page.wait_for_selector(".js-plotly-plot .main-svg")


def test_series_never_joins_two_techniques(view: View, address: str, tmp_path: Path) -> None:
    page = view.open(series(address, "metric=instructions&model=fastgrnn_digits"))
    assert (points(page), lines(page)) == (len(PRECISIONS), len(PRECISIONS))
    page.get_by_role("link", name="counted timer").click()
    page.wait_for_url("**technique=timer**")
    page.wait_for_function("() => document.querySelectorAll('.scatterlayer .trace path.point').length > 4")
    assert (points(page), lines(page)) == ((RUNS - 1) * len(PRECISIONS), len(PRECISIONS))
    said = text(page)
    assert "timer" in said
    assert "plugin" in said
    need_painted(page, "series", tmp_path)


def test_a_session_that_measured_nothing_leaves_a_gap(view: View, address: str) -> None:
    page = view.open(series(address, "metric=ram_bytes&model=fastgrnn_vowels&precision=q15"))
    assert points(page) == RUNS - 1
    drawn = page.locator(".scatterlayer .trace path.js-line").evaluate_all(
        "lines => lines.map(line => line.getAttribute('d')).join('')"
    )
    assert drawn.count("M") == 2, "the line runs through the run that gave no value"
    assert "no frame in 10.0 s" in text(page)


def test_a_metric_without_steps_is_drawn_too(view: View, address: str) -> None:
    page = view.open(series(address, "metric=stream_s"))
    assert points(page) == RUNS * 4 - 1


def test_hovering_tells_where_a_value_is_from(view: View, address: str) -> None:
    page = view.open(series(address, "metric=flash_bytes&model=fastgrnn_digits&precision=q15"))
    assert points(page) == RUNS
    page.locator(".plot").scroll_into_view_if_needed()
    third = page.locator(".scatterlayer .trace path.point").nth(2)
    box = third.bounding_box()
    assert box is not None
    point_at(page, box)
    said = " ".join(page.locator(".hoverlayer .hovertext").all_text_contents())
    image = manifest("fastgrnn_digits", Precision.Q15, 1).sha256
    for words in ("12,304", "un 3", COMMITS[3][:7], "changes", "qemu", image[:10], "counted", "elf"):
        assert words in said


def test_a_point_and_a_row_lead_to_their_run(view: View, address: str) -> None:
    query = "metric=flash_bytes&model=fastgrnn_digits&precision=q15"
    page = view.open(series(address, query))
    page.locator(".plot").scroll_into_view_if_needed()
    box = page.locator(".scatterlayer .trace path.point").nth(1).bounding_box()
    assert box is not None
    point_at(page, box)
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(f"{address}/run?run=2")
    page.wait_for_selector("h1:has-text('Run 2')")  # before it comes, the series is there still
    page.go_back()
    page.wait_for_url(f"**{query}")
    settled(page, ".all-values")
    page.locator(".all-values").scroll_into_view_if_needed()
    settled(page, ".all-values .ag-row")
    page.locator(".all-values .ag-row").nth(2).locator(".ag-cell").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/run?run={RUNS - 2}")


def test_choosing_is_in_the_address_and_the_address_can_be_shared(
    view: View, context: BrowserContext, address: str
) -> None:
    page = view.open(series(address, "metric=instructions"))
    page.get_by_role("textbox", name="Metric").fill("accuracy")
    page.get_by_role("option", name="Accuracy (accuracy)").click()
    page.wait_for_selector("h1:has-text('Accuracy')")
    assert "metric=accuracy" in page.url
    page.locator("main").get_by_role("link", name="q15").first.click()
    page.wait_for_url("**precision=q15**")
    page.wait_for_function(f"() => ({LINES})().length === 2")
    assert points(page) == RUNS * 2 - 1
    other = context.new_page()
    other.goto(page.url)
    assert points(other) == RUNS * 2 - 1
    other.close()
    page.go_back()
    page.wait_for_function(f"() => ({LINES})().length === 4")


def test_nothing_comes_from_elsewhere(view: View, address: str) -> None:
    view.open(f"{address}/")
    points(view.open(series(address, "metric=instructions")))
    assert view.asked
    assert view.foreign == []


def test_looking_changes_nothing(view: View, address: str, seeded: str) -> None:
    path = Path(seeded.removeprefix("sqlite:///"))
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    points(view.open(series(address, "metric=instructions")))
    view.open(f"{address}/")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_one_server_from_no_database_to_one_of_another_version(
    view: View, served: Callable[[str], str], tmp_path: Path
) -> None:
    path = tmp_path / "later.db"
    url = f"sqlite:///{path}"
    pages = [f"{served(url)}/", f"{served(url)}/series"]
    for page in pages:
        assert "pytest --board=all" in text(view.open(page)), "no database"
    assert not path.exists()
    with Store.open(url):
        pass
    for page in pages:
        assert "pytest --board=all" in text(view.open(page)), "an empty database"
    seed(url, runs=1)
    for page in pages:
        assert "fastgrnn_digits" in text(view.open(page))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE hil_schema_version SET version_num = '9999'")
    connection.close()
    for page in pages:
        assert "newer version" in text(view.open(page))
    path.write_text("no database at all, but long enough to be taken for one" * 20)
    for page in pages:
        assert "not a database" in text(view.open(page))


def test_names_are_shown_as_they_are(view: View, served: Callable[[str], str], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'nasty.db'}"
    seed(url, board=NASTY, runs=2)
    address = served(url)
    page = view.open(f"{address}/")
    assert NASTY in text(page)
    page.get_by_role("link", name="56,480", exact=True).click()
    page.wait_for_url("**/series?**")
    assert parse_qs(urlparse(page.url).query)["board"] == [NASTY]
    assert points(page) == 2
    box = page.locator(".scatterlayer .trace path.point").first.bounding_box()
    assert box is not None
    point_at(page, box)
    assert NASTY in " ".join(page.locator(".hoverlayer .hovertext").all_text_contents())


@pytest.mark.parametrize(
    "query", ["", "metric=nothing", "metric=instructions&board=gone", "metric=%00&runs=x"]
)
def test_an_odd_address_still_gives_a_page(view: View, address: str, query: str) -> None:
    view.open(series(address, query))


def test_a_page_that_is_not_there(view: View, address: str) -> None:
    view.open(f"{address}/nowhere")
    assert "/nowhere" in text(view.page)


def test_a_narrow_window_needs_no_sideways_scrolling(view: View, address: str) -> None:
    view.page.set_viewport_size({"width": 420, "height": 800})
    case = "board=qemu&kind=qemu_mps2_an386&model=fastgrnn_digits&precision=q15"
    for place in ("/", "/series?metric=latency_cycles", f"/profile?{case}"):
        page = view.open(f"{address}{place}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 420


def test_a_line_is_hidden_by_its_key_and_shown_again(view: View, address: str) -> None:
    page = view.open(series(address, "metric=instructions"))
    before = lines(page)
    button = page.locator(".plot-key button").first
    button.focus()
    for pressed, count in (("false", before - 1), ("true", before)):
        page.keyboard.press("Enter")
        expect(button).to_have_attribute("aria-pressed", pressed)
        page.wait_for_function(f"count => ({LINES})().length === count", arg=count)
    assert view.wrong == []


def test_tables_that_are_not_in_view_are_drawn_near_it_or_by_a_key(view: View, address: str) -> None:
    view.page.set_viewport_size({"width": 1280, "height": 300})
    for reach in ("scroll", "key"):
        page = view.open(series(address, "metric=instructions"))
        page.wait_for_selector(".main-svg", state="attached")
        table = page.locator("#series-values")
        assert table.locator(".ag-row").count() == 0
        if reach == "scroll":
            table.scroll_into_view_if_needed()
        else:
            page.keyboard.press("Shift")
        expect(table.locator(".ag-row").first).to_be_attached(timeout=300_000)
    assert view.wrong == []


def test_a_table_that_was_drawn_is_there_after_another_choice(view: View, address: str) -> None:
    page = view.open(series(address, "metric=instructions"))
    table = page.locator("#series-values")
    for scale in ("logarithmic", "linear"):
        page.wait_for_selector(".main-svg")
        table.scroll_into_view_if_needed()
        expect(table.locator(".ag-row").first).to_be_attached(timeout=300_000)
        page.get_by_role("link", name=scale, exact=True).click()
        page.wait_for_selector(f".pill.on:text-is('{scale}')")
    page.wait_for_selector(".main-svg")
    table.scroll_into_view_if_needed()
    expect(table.locator(".ag-row").first).to_be_attached(timeout=10_000)
