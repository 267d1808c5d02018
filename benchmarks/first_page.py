"""How long the dashboard's first page takes until it is ready, in a headless Chromium.

    python benchmarks/first_page.py [ROUNDS]

For databases of 36 images on one board and of 500 rows on fourteen, all metrics beside each other, prints
the seconds from asking for the page until its last row's figure is painted, then until a click is answered,
and the seconds of CPU that the browser's page took. Every round starts with an empty cache, and with a server
that has nothing left to do.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, product

from playwright.sync_api import Browser, TimeoutError

from chromium import launched, served
from hil.image import Manifest
from hil.measure.profile import ClassCost, PathCost, Profile
from hil.values import Measure, Method, Precision
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store

SIZES = (36, 500)
MODELS = 12
KIND = "qemu_mps2_an386"
LAST_FIGURE = "987,654"
_TRIES, _DRAWN_MS = 3, 60_000

# The last figure is painted when it stands within the window; a table that scrolls is scrolled to its end.
PAINTED = """figure => {
    const scrolled = document.querySelector('.ag-body-viewport');
    if (scrolled) scrolled.scrollTop = scrolled.scrollHeight;
    const found = [...document.querySelectorAll('.number')].find(one => one.textContent === figure);
    if (!found) return false;
    const box = found.getBoundingClientRect();
    if (box.top < 0 || box.bottom > innerHeight) { found.scrollIntoView({block: 'center'}); return false; }
    return box.width > 0;
}"""


@dataclass(frozen=True)
class Round:
    """Seconds since the page was asked for, and of CPU."""

    painted: float
    answered: float
    cpu: float


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory(prefix="hil-first-page-") as folder, launched() as browser:
        for size in SIZES:
            url = f"sqlite:///{folder}/{size}.db"
            seed(url, size)
            with served(url) as (address, _):
                tell(size, [drawn(browser, address) for _ in range(rounds)])


def tell(size: int, found: list[Round]) -> None:
    painted = statistics.median(one.painted for one in found)
    answered = statistics.median(one.answered for one in found)
    worst = max(one.answered for one in found)
    cpu = statistics.median(one.cpu for one in found)
    print(
        f"{size} rows: painted in {painted:.2f} s, a click answered in {answered:.2f} s (worst {worst:.2f}), "
        f"{cpu:.2f} s of CPU",
        flush=True,
    )


def drawn(browser: Browser, address: str) -> Round:
    """A round; where the machine is busy, Chromium sometimes stops drawing frames, whatever the page does."""
    for _ in range(_TRIES - 1):
        try:
            return look(browser, address)
        except TimeoutError:
            print(f"Chromium drew nothing for {_DRAWN_MS / 1000:.0f} s: once more", flush=True)
    return look(browser, address)


def look(browser: Browser, address: str) -> Round:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(_DRAWN_MS)
    page = context.new_page()
    costs = context.new_cdp_session(page)
    costs.send("Performance.enable", {"timeDomain": "threadTicks"})
    asked = time.monotonic()
    page.goto(f"{address}/?columns=usual", wait_until="commit")
    page.wait_for_function(PAINTED, arg=LAST_FIGURE, polling="raf")
    painted = time.monotonic()
    page.evaluate("document.querySelector('nav a[href=\"/series\"]').click()")
    page.wait_for_url("**/series")
    answered = time.monotonic()
    metrics = {one["name"]: one["value"] for one in costs.send("Performance.getMetrics")["metrics"]}
    page.wait_for_load_state("networkidle")  # or the next round would wait for what the click asked for
    context.close()
    return Round(painted - asked, answered - asked, metrics["TaskDuration"])


def seed(url: str, size: int) -> None:
    """One run of ``size`` sessions; the last row in the table's order has LAST_FIGURE instructions."""
    boards = -(-size // (MODELS * len(Precision)))
    cases = list(
        islice(
            product(
                [f"board-{board:02}" for board in range(boards)],
                [f"fastgrnn_model_{model:02}" for model in range(MODELS)],
                sorted(Precision),
            ),
            size,
        )
    )
    began = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
    with Store.open(url) as store:
        run = store.begin_run(RunInfo(began, "pytest --board=all", git_commit="c" * 40, git_dirty=False))
        for place, (board, model, precision) in enumerate(cases):
            instructions = 987_654.0 if place == size - 1 else 15_000.0 + place
            store.save_session(run, session(board, model, precision, instructions, began))
        store.finish_run(run, Status.FINISHED)


def session(
    board: str, model: str, precision: Precision, instructions: float, began: datetime
) -> SessionRecord:
    digest = f"{hash((board, model, precision)) & (2**256 - 1):064x}"
    return SessionRecord(
        board=board,
        kind=KIND,
        model=model,
        precision=precision,
        started=began,
        finished=began + timedelta(seconds=2),
        status=Status.FINISHED,
        manifest=Manifest(
            KIND, model, precision, digest, digest, digest[:32], "gcc 12.2.1", {}, 8, 8, 8, 10, digest
        ),
        measures=measures(precision, instructions),
        profile=Profile(
            "cycle-model-1",
            540,
            (PathCost(("model_run",), 540, 540 * 100, 540 * 120),),
            (ClassCost("alu", 540, 540),),
        ),
    )


def measures(precision: Precision, instructions: float) -> tuple[Measure, ...]:
    cycles = round(instructions * 1.7)
    conditions = {"clock_hz": 25e6, "wait_states": 0.0}
    golden = "within-1e-4" if precision is Precision.F32 else "bit-exact"
    estimated = (Method.ESTIMATED, "cycle-model-1", None)
    return (
        Measure("vectors", 540.0, "1", Method.COUNTED, "link"),
        Measure("accuracy", 0.9833, "1", Method.COUNTED, "labels", 1 / 540),
        Measure("golden_exact", 1.0, "1", Method.COUNTED, golden),
        Measure(
            "latency_us", cycles / 25, "us", *estimated, (cycles / 25 * 0.93, cycles / 25 * 1.07), conditions
        ),
        Measure("latency_cycles", cycles, "cycles", *estimated, (cycles * 0.93, cycles * 1.07), conditions),
        Measure("instructions", instructions, "instructions", Method.COUNTED, "plugin"),
        Measure("instructions", instructions // 40 * 40, "instructions", Method.COUNTED, "timer", 40.0),
        Measure("flash_bytes", 12_304.0, "B", Method.COUNTED, "elf"),
        Measure("ram_bytes", 15_624.0, "B", Method.COUNTED, "elf"),
        Measure("stack_bytes", 440.0, "B", Method.COUNTED, "tracked"),
        Measure("stack_bytes", 432.0, "B", Method.MEASURED, "painted", 4.0),
        Measure("stream_s", 2.5, "s", Method.MEASURED, "host-clock"),
    )


if __name__ == "__main__":
    main()
