"""How fast the dashboard is on ten million values: its queries, its pages in Chromium, and fifty clients.

    python benchmarks/dashboard.py [queries] [pages] [clients] [--db URL] [--rounds N] [--clients N]
                                   [--seconds S] [--think S] [--slowest] [--private]

Makes the full database of `seeded_lab` (2,000 runs, 8 boards, 72 images on each; 4 GB, some minutes), or
takes the one of ``--db``, into which sessions are written while clients look. Prints minimum, median and
maximum:

queries   milliseconds of CPU that SQLite takes for the values of the matrix and of a series of 1,000 runs,
          and for all that these pages ask it; and what the functions take that read them.
pages     seconds of each address in a browser that has its scripts, from asking until its key element is
          painted and nothing is pending: no request, no grid without rows, nothing in view that is not drawn.
          The browser has a profile, as a user's has, and what it compiled of the scripts; a private window,
          which ``--private`` shows, compiles them at each load.
clients   each walks matrix, series and run, with ``--think`` seconds between two pages; seconds of a page's
          content, the worst of a hundred, errors, and the server's memory, on two processors, while a writer
          stores a session after the other.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlparse

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page, ViewportSize

from chromium import served, window
from hil_dashboards.choices.matrix import parse_matrix
from hil_dashboards.choices.series import parse_search
from hil_dashboards.reading.matrix import read_matrix
from hil_dashboards.reading.series import read_series
from hil_dashboards.views import PAGES
from hil_db.records import RunInfo
from hil_db.store import Store
from seeded_lab import FULL, make_lab

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from addresses import addresses_of
from browsing import SETTLED

PROCESSORS = 2
VIEWPORT: ViewportSize = {"width": 1280, "height": 800}
COMPILED = 3  # loads, until Chromium keeps what it compiled of a script and has used it once
_PAGE_S = 60.0
SERIES = f"?metric=latency_cycles&model={FULL.names[0]}&board=qemu&precision=q15&runs=1000"

# Requests of a page that are not answered yet, before any script of its own runs.
COUNTED = """(() => {
    window.pending = 0;
    const fetched = window.fetch;
    window.fetch = (...asked) => {
        window.pending++;
        return fetched(...asked).finally(() => setTimeout(() => window.pending--));
    };
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (...body) {
        window.pending++;
        this.addEventListener('loadend', () => setTimeout(() => window.pending--));
        return send.apply(this, body);
    };
})()"""
READY = (
    f"key => ({SETTLED})(key) && !window.pending && document.readyState === 'complete' && performance.now()"
)


def told(values: Sequence[float], unit: str, digits: int = 2) -> str:
    """Minimum, median and maximum."""
    ends = (min(values), statistics.median(values), max(values))
    return " / ".join(f"{one:.{digits}f}" for one in ends) + f" {unit}"


class _Cursor(sqlite3.Cursor):
    """Notes the CPU that SQLite takes for each statement, as far as its rows are taken."""

    spent: ClassVar[dict[str, float]] = {}
    _text = ""

    def execute(self, text: str, *values: Any) -> Self:
        self._text = text
        return self._noted(super().execute, text, *values)

    def fetchone(self) -> Any:
        return self._noted(super().fetchone)

    def fetchmany(self, *most: Any) -> list[Any]:
        return self._noted(super().fetchmany, *most)

    def fetchall(self) -> list[Any]:
        return self._noted(super().fetchall)

    def _noted(self, do: Callable[..., Any], *values: Any) -> Any:
        began = time.thread_time()
        try:
            return do(*values)
        finally:
            self.spent[self._text] = self.spent.get(self._text, 0.0) + time.thread_time() - began


class _Connection(sqlite3.Connection):
    def cursor(self, *_: Any) -> Any:
        return super().cursor(_Cursor)


def queries(url: str, options: argparse.Namespace) -> None:
    """Print what is asked for the matrix and for a series, statement by statement where it is wished."""
    read_matrix(url, parse_matrix(""))  # whose comparison is kept
    reads: dict[str, Callable[[], object]] = {
        "matrix": lambda: read_matrix(url, parse_matrix(""), wait=False),
        "series of 1,000 runs": lambda: read_series(url, parse_search(SERIES)),
    }
    for name, read in reads.items():
        read()
        whole = [timed(read, time.thread_time) * 1e3 for _ in range(options.rounds)]
        each = [spent(read) for _ in range(options.rounds)]
        of_values = [
            1e3 * max(cost for text, cost in one.items() if "measure.resolution" in text) for one in each
        ]
        sums = [1e3 * sum(one.values()) for one in each]
        print(
            f"{name}: {told(of_values, 'ms', 1)} for the query of its values, {told(sums, 'ms', 1)} for all "
            f"{len(each[0])} of the page, {told(whole, 'ms', 1)} to read it",
            flush=True,
        )
        if options.slowest:
            for text, seconds in sorted(each[-1].items(), key=itemgetter(1), reverse=True)[:5]:
                print(f"  {seconds * 1e3:.1f} ms: {' '.join(text.split())[:600]}", flush=True)


def spent(read: Callable[[], object]) -> dict[str, float]:
    """The seconds of CPU that SQLite takes for each statement meanwhile."""
    plain = sqlite3.connect
    _Cursor.spent.clear()
    sqlite3.connect = partial(plain, factory=_Connection)
    try:
        read()
    finally:
        sqlite3.connect = plain
    return dict(_Cursor.spent)


def timed(do: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """The seconds that something takes."""
    began = clock()
    do()
    return clock() - began


def pages(url: str, options: argparse.Namespace) -> None:
    """Print when each page is ready."""
    with window(VIEWPORT, private=options.private) as context, on_few(url) as (root, _):
        context.add_init_script(COUNTED)
        page = context.new_page()
        for one in addresses_of(FULL):
            if one.path not in PAGES:
                continue
            try:
                cold, *_ = [ready(page, root, one.address, one.key) for _ in range(COMPILED)]
                warm = [ready(page, root, one.address, one.key) for _ in range(options.rounds)]
            except BrowserError as error:
                print(f"{one.address}: {str(error).splitlines()[0]}", flush=True)
                page.close()
                page = context.new_page()
            else:
                print(f"{one.address}: {told(warm, 's')} (the first time {cold:.2f} s)", flush=True)


def ready(page: Page, root: str, address: str, key: str) -> float:
    """The seconds until a page is, by the browser's own clock."""
    page.goto("about:blank")
    page.goto(f"{root}{address}", wait_until="commit")
    found = page.wait_for_function(READY, arg=key, polling="raf", timeout=_PAGE_S * 1e3)
    return float(found.json_value()) / 1e3


def clients(url: str, options: argparse.Namespace) -> None:
    """Print how long pages take for many clients, and what the server needs."""
    walk = [
        "/content/",
        f"/content/series{SERIES}",
        f"/content/run?run={FULL.ends + 1}",
        "/content/series",
        f"/content/run?run={FULL.ends}",
    ]
    with on_few(url) as (root, server):
        for address in walk:  # what a server finds once, and keeps
            fetched(root, address)
        ends = time.monotonic() + options.seconds
        taken: list[tuple[str, float]] = []
        wrong: list[str] = []
        threads = [
            threading.Thread(target=walks, args=(root, walk, number, ends, options.think, taken, wrong))
            for number in range(options.clients)
        ]
        threads.append(threading.Thread(target=writes, args=(url, ends, wrong)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        memory = {
            name: int(rest.split()[0]) / 1024
            for name, _, rest in (
                line.partition(":")
                for line in Path(f"/proc/{server}/status").read_text(encoding="utf-8").splitlines()
            )
            if name in ("VmRSS", "VmHWM")
        }
    seconds = sorted(one for _, one in taken)
    worst = seconds[max(0, round(0.99 * len(seconds)) - 1)] if seconds else float("nan")
    print(
        f"{options.clients} clients for {options.seconds:g} s, {options.think:g} s between pages: "
        f"{len(seconds):,} pages, {told(seconds, 's')}, p99 {worst:.2f} s; {len(wrong)} errors; "
        f"server {memory['VmRSS']:.0f} MB, at most {memory['VmHWM']:.0f} MB",
        flush=True,
    )
    for address in walk:
        of_it = [one for name, one in taken if name == address]
        if of_it:
            print(f"  {address.removeprefix('/content')}: {told(of_it, 's')}", flush=True)
    for line in wrong[:5]:
        print(f"  {line}", flush=True)


def walks(
    root: str,
    walk: Sequence[str],
    number: int,
    ends: float,
    think: float,
    taken: list[tuple[str, float]],
    wrong: list[str],
) -> None:
    """One client, from page to page."""
    time.sleep(think * (number % 10) / 10)
    step = number
    while time.monotonic() < ends:
        address = walk[step % len(walk)]
        began = time.perf_counter()
        try:
            fetched(root, address)
        except (OSError, http.client.HTTPException, ValueError) as error:
            wrong.append(f"{address}: {error!r}")
        taken.append((address, time.perf_counter() - began))
        step += 1
        time.sleep(think)


def fetched(root: str, address: str) -> None:
    """Ask for a page's content; ValueError when it is no page, or one that says that it cannot be made."""
    connection = http.client.HTTPConnection(urlparse(root).netloc, timeout=_PAGE_S)
    try:
        connection.request("GET", address)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status != 200 or "cannot be read" in text or "namespace" not in json.loads(text):
        raise ValueError(f"{answer.status}: {text[:100]}")


def writes(url: str, ends: float, wrong: list[str]) -> None:
    """A bench at work: stores sessions of one run, in a process of its own."""
    command = [sys.executable, __file__, "write", "--db", url, "--seconds", str(ends - time.monotonic())]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    print(f"meanwhile {done.stdout.strip()}", flush=True)
    if done.returncode:
        wrong.append(f"the writer: {done.stderr.strip()[-300:]}")


def write(url: str, options: argparse.Namespace) -> None:
    """Store sessions until time is over, as a bench does."""
    from store import record

    ends, stored = time.monotonic() + options.seconds, 0
    with Store.open(url, busy_s=_PAGE_S) as store:
        run = store.begin_run(RunInfo(datetime.now(UTC), "benchmark"))
        while time.monotonic() < ends:
            store.save_session(run, record(stored))
            stored += 1
            time.sleep(0.1)
    print(f"{stored} sessions were written")


@contextmanager
def on_few(url: str) -> Iterator[tuple[str, int]]:
    """A server on two processors: its address and its process."""
    with served(url) as (root, server):
        os.sched_setaffinity(server, sorted(os.sched_getaffinity(0))[:PROCESSORS])
        yield root, server


PARTS: dict[str, Callable[[str, argparse.Namespace], None]] = {
    "queries": queries,
    "pages": pages,
    "clients": clients,
    "write": write,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=list(PARTS), default=["queries", "pages", "clients"])
    parser.add_argument("--db", metavar="URL", help="default: a new SQLite file, removed at the end")
    parser.add_argument("--rounds", type=int, default=7, help="of each query and page; default: %(default)s")
    parser.add_argument("--clients", type=int, default=50, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=30.0, help="default: %(default)s")
    parser.add_argument("--think", type=float, default=1.0, help="default: %(default)s")
    parser.add_argument("--private", action="store_true", help="pages in a private window")
    parser.add_argument("--slowest", action="store_true", help="with the statements that take longest")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hil-dashboard-") as folder:
        url = options.db
        if url is None:
            url = f"sqlite:///{folder}/lab.db"
            print(f"made in {timed(lambda: make_lab(url, FULL, datetime.now(UTC))):.0f} s", flush=True)
        for part in options.parts:
            PARTS[part](url, options)


if __name__ == "__main__":
    main()
