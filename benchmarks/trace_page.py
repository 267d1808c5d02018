"""How fast the page of a power trace is, in a headless Chromium.

    python benchmarks/trace_page.py [SAMPLES] [ZOOMS]       (default: 10,000,000 and 20)

Stores a trace of a hundred seconds in windows of ten and prints how long the page takes until its plot can be
used: where the server has not read the trace yet, and where it has; then how long a zoom takes until it is
drawn. The browser has the scripts already, as whoever came from another page has.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Page

from chromium import launched, served
from hil.power.ppk2.wire import RATE_HZ
from hil_db.records import RunInfo, Status
from hil_db.store import Store

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from power_passes import power_pass
from session_records import BEGAN, record

DRAWN = ".trace-plot[data-drawn]"
# From the click until what it asked for is drawn; both are within the page.
ZOOM = """step => new Promise(done => {
    const box = document.querySelector('.trace-plot');
    const begun = performance.now();
    new MutationObserver((_, watch) => {
        watch.disconnect();
        requestAnimationFrame(() => done(performance.now() - begun));
    }).observe(box, {attributes: true, attributeFilter: ['data-drawn']});
    document.querySelector(`[data-step=${step}]`).click();
})"""


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    zooms = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory(prefix="hil-trace-page-") as folder, launched() as browser:
        url = f"sqlite:///{folder}/results.db"
        told = stored(url, samples)
        print(f"{samples:,} samples: {told}", flush=True)
        with served(url) as (address, server):
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            page.goto(address)
            page.wait_for_selector(".ag-row")
            before = cpu_s(server)
            first = opened(page, address)
            reading = cpu_s(server) - before
            again = statistics.median(opened(page, address) for _ in range(5))
            serving = (cpu_s(server) - before - reading) / 5
            print(f"page usable in {first:.2f} s when its trace is read first, {reading:.2f} s of server CPU")
            print(f"from then on in {again:.2f} s, {serving:.2f} s of server CPU")
            steps = ["in", "later", "in", "earlier", "out"] * (zooms // 5)
            took = [float(page.evaluate(ZOOM, step)) for step in steps]
            middle, worst = statistics.median(took), max(took)
            print(f"a zoom is drawn in {middle:.0f} ms, the slowest of {len(took)} in {worst:.0f} ms")


def stored(url: str, samples: int) -> str:
    """Store a session with such a trace; what it took."""
    seconds = samples / RATE_HZ
    seen = power_pass(seconds=seconds, window_s=seconds / 10)
    with Store.open(url) as store:
        began = time.perf_counter()
        run = store.begin_run(RunInfo(BEGAN, "pytest --board=all"), replace(record(), passes=(seen,)))
        took = time.perf_counter() - began
        store.finish_run(run, Status.FINISHED)
        assert store.shelf.traces is not None
        ((_, size),) = store.shelf.traces.held()
    return f"stored in {took:.2f} s, {size / samples:.2f} B each"


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def opened(page: Page, address: str) -> float:
    """Seconds from asking for the page until its plot is drawn and answers."""
    began = time.perf_counter()
    page.goto(f"{address}/trace?session=1&pass=0", wait_until="commit")
    page.wait_for_selector(DRAWN)
    page.evaluate("new Promise(requestAnimationFrame)")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
