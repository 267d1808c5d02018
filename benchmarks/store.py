"""How fast the store is, and what it keeps when those who write are killed.

    python benchmarks/store.py [insert|read|killed …] [--seconds S] [--runs N] [--db URL]

insert: raw values stored in a second, for sessions of several lengths. read: the answers that pages and
comparisons wait for, of a long history. killed: three writers and four readers on one database, of which a
writer is killed at random (SIGKILL) and replaced; nothing that was acknowledged may be lost, and readers may
see nothing by halves. Exit code 1 when something was.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt
from sqlalchemy import func, select

from hil.image import Manifest
from hil.values import Measure, Method, Precision, Samples
from hil_db.checking import check
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.schema import CASE_COLUMNS, MEASURE, NEWEST_VALUE, RUN, SAMPLE, SESSION
from hil_db.store import Store
from seeded import Seeded, make

WRITERS, READERS = 3, 4
BUSY_S = 60.0  # of a machine that does other things too
_BEGIN_S = 120.0
LENGTHS = (540, 10_000, 100_000)
METRICS = ("instructions", "latency_cycles", "latency_us")


def record(number: int, vectors: int = 500, uid: str | None = None) -> SessionRecord:
    """A session whose every value can be told from its number."""
    digest = f"{number % 7:064x}"
    now = datetime.now(UTC)
    return SessionRecord(
        board=f"board-{number % 5}",
        kind="k",
        model="m",
        precision="q15",
        started=now,
        finished=now,
        status=Status.FINISHED,
        manifest=Manifest(
            "k", "m", Precision.Q15, digest, digest, digest[:32], "gcc", {"text": 1}, 8, 8, 8, 10, digest
        ),
        measures=tuple(Measure(name, number, "1", Method.COUNTED, "timer") for name in METRICS),
        samples=tuple(
            Samples(name, values(number + place, vectors), "1", Method.COUNTED, "timer")
            for place, name in enumerate(METRICS)
        ),
        uid=uid,
    )


def values(number: int, vectors: int) -> npt.NDArray[np.int64]:
    """Counts that scatter by some percent, as those of inferences do."""
    scatter = np.random.default_rng(number).normal(1.0, 0.02, vectors)
    return np.round(scatter * (20_000 + number % 1000)).astype(np.int64)


def insert(options: argparse.Namespace) -> bool:
    """Print values a second; each session is its own transaction, on the disk when it is acknowledged."""
    for vectors in LENGTHS:
        with database(options) as url, Store.open(url, busy_s=BUSY_S) as store:
            run = store.begin_run(RunInfo(datetime.now(UTC), "benchmark"))
            sessions = [record(number, vectors) for number in range(max(3, min(60, 2_000_000 // vectors)))]
            store.save_session(run, sessions[0])
            began, cpu = time.perf_counter(), time.process_time()
            for one in sessions[1:]:
                store.save_session(run, one)
            wall, cpu = time.perf_counter() - began, time.process_time() - cpu
            count = (len(sessions) - 1) * vectors * len(METRICS)
            size = sum(sizes(store)) / (len(sessions) * vectors * len(METRICS))
            print(
                f"insert, {vectors:,} vectors × {len(METRICS)} metrics a session: {count / wall / 1e6:.1f} M "
                f"values/s ({count / cpu / 1e6:.1f} M a second of CPU), "
                f"{wall / (len(sessions) - 1) * 1e3:.1f} ms a session, {size:.2f} B a value",
                flush=True,
            )
    return True


def sizes(store: Store) -> list[int]:
    with store.engine.connect() as connection:
        return list(connection.scalars(select(func.length(SAMPLE.c.blob))))


def read(options: argparse.Namespace) -> bool:
    """Print the milliseconds of each answer, the best of five."""
    with database(options) as url:
        began = time.perf_counter()
        make(url, Seeded(runs=options.runs, vectors=140))
        with Store.open_read_only(url) as store, store.engine.connect() as connection:
            counted = connection.scalar(select(func.sum(SAMPLE.c.count)))
            print(
                f"made {counted:,} raw values of {options.runs} runs in {time.perf_counter() - began:.0f} s"
            )
            newest = connection.scalar(select(func.max(RUN.c.id))) or 0
            one = connection.execute(select(SESSION).where(SESSION.c.run_id == newest)).first()
            assert one is not None
            of_session = MEASURE.c.session_id == SESSION.c.id
            matrix = (
                select(*(NEWEST_VALUE.c[name] for name in CASE_COLUMNS), MEASURE)
                .join(MEASURE, MEASURE.c.session_id == NEWEST_VALUE.c.session_id)
                .where(MEASURE.c.metric == NEWEST_VALUE.c.metric)
            )
            case = [SESSION.c[name] == getattr(one, name) for name in CASE_COLUMNS]
            series = select(SESSION.c.started, MEASURE.c.value).join(MEASURE, of_session)
            series = series.where(*case, MEASURE.c.metric == "stream_s").order_by(SESSION.c.started.desc())
            run = select(SESSION, MEASURE).join(MEASURE, of_session).where(SESSION.c.run_id == newest)
            for what, query in (
                ("newest value of every case and metric", matrix),
                ("series of one metric, 1,000 runs", series.limit(1000)),
                ("all measures of one run", run),
            ):
                times = []
                for _ in range(5):
                    cpu = time.process_time()
                    rows = connection.execute(query).all()
                    times.append(time.process_time() - cpu)
                print(f"{what}: {min(times) * 1e3:.1f} ms of CPU, {len(rows):,} rows", flush=True)
    return True


def killed(options: argparse.Namespace) -> bool:
    """Print what was acknowledged, and whether it is all there."""
    chosen = random.Random(options.seed)
    with database(options) as url:
        Store.open(url).engine.dispose()
        acknowledged: dict[str, int] = {}
        told: list[str] = []
        writers = [Child("write", url, acknowledged, told) for _ in range(WRITERS)]
        readers = [Child("look", url, acknowledged, told) for _ in range(READERS)]
        for child in (*writers, *readers):
            if not child.began.wait(_BEGIN_S):
                told.append("a child says nothing")
        ends = time.monotonic() + options.seconds
        kills = 0
        while time.monotonic() < ends and not told:
            time.sleep(chosen.uniform(0.05, 0.6))
            place = chosen.randrange(WRITERS)
            if writers[place].began.is_set():  # else it has not written yet
                writers[place].kill()
                kills += 1
                writers[place] = Child("write", url, acknowledged, told)
        for child in (*writers, *readers):
            child.kill()
        lost, wrong = verify(url, acknowledged)
        found = check(url)
    looked = sum(reader.lines for reader in readers)
    print(
        f"killed: {kills} writers in {options.seconds:g} s, {len(acknowledged):,} sessions acknowledged, "
        f"{lost} lost, {wrong} wrong; readers looked {looked:,} times, {len(told)} saw what was wrong; "
        f"the database is {'whole' if not found.damaged else 'damaged'}",
        flush=True,
    )
    for line in (*told, *found.damaged):
        print(line)
    return not (lost or wrong or told or found.damaged) and kills > 0 and looked > 0


def verify(url: str, acknowledged: dict[str, int]) -> tuple[int, int]:
    """How many sessions are lost, and of how many that are there a value is wrong."""
    wrong = 0
    with Store.open_read_only(url) as store:
        with store.engine.connect() as connection:
            rows = {row.uid: row.id for row in connection.execute(select(SESSION.c.uid, SESSION.c.id))}
        for uid, session in rows.items():
            wrong += not is_whole(store, session, acknowledged.get(uid))
    return len(acknowledged.keys() - rows.keys()), wrong


def is_whole(store: Store, session: int, number: int | None) -> bool:
    """Whether a session has all its values, of the number that its measures tell."""
    with store.engine.connect() as connection:
        told = connection.scalars(select(MEASURE.c.value).where(MEASURE.c.session_id == session)).all()
    if len(told) != len(METRICS) or len(set(told)) != 1 or number not in (None, told[0]):
        return False
    return all(
        np.array_equal(store.read_samples(session, name), values(int(told[0]) + place, 500))
        for place, name in enumerate(METRICS)
    )


class Child:
    """A process that writes or looks; a thread takes what it prints."""

    def __init__(self, what: str, url: str, acknowledged: dict[str, int], told: list[str]) -> None:
        self.began = threading.Event()
        self.lines = 0
        self._process = subprocess.Popen(
            [sys.executable, __file__, what, "--db", url], stdout=subprocess.PIPE, encoding="utf-8"
        )
        self._thread = threading.Thread(target=self._listen, args=(acknowledged, told))
        self._thread.start()

    def _listen(self, acknowledged: dict[str, int], told: list[str]) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, *rest = line.split()
            if not line.endswith("\n"):
                break  # it was killed while it said so
            if word == "saved":
                acknowledged[rest[0]] = int(rest[1])
            elif word != "looked":
                told.append(line.strip())
            self.lines += 1
            self.began.set()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()


def write(options: argparse.Namespace) -> bool:
    """A writer: stores sessions, and says of each that it is stored."""
    chosen = random.Random()
    with Store.open(options.db, busy_s=BUSY_S) as store:
        run = store.begin_run(RunInfo(datetime.now(UTC), "benchmark"))
        while True:
            uid, number = uuid4().hex, chosen.randrange(1_000_000)
            store.save_session(run, record(number, uid=uid))
            print("saved", uid, number, flush=True)


def look(options: argparse.Namespace) -> bool:
    """A reader: looks at the newest session of each case, whether it is whole."""
    while True:
        with Store.open_read_only(options.db) as store:
            with store.engine.connect() as connection:
                sessions = connection.scalars(select(NEWEST_VALUE.c.session_id).distinct()).all()
            broken = [session for session in sessions if not is_whole(store, session, None)]
            print(f"broken {broken}" if broken else "looked", flush=True)


@contextmanager
def database(options: argparse.Namespace) -> Iterator[str]:
    """The one that was asked for, or a new file."""
    if options.db is not None:
        yield options.db
        return
    with tempfile.TemporaryDirectory(prefix="hil-store-") as folder:
        yield f"sqlite:///{Path(folder)}/results.db"


PARTS: dict[str, Callable[[argparse.Namespace], bool]] = {
    "insert": insert,
    "read": read,
    "killed": killed,
    "write": write,
    "look": look,
}


def main() -> int:
    parser = argparse.ArgumentParser(description="how fast the store is, and what it keeps")
    parser.add_argument("parts", nargs="*", choices=list(PARTS), default=["insert", "read", "killed"])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long writers are killed")
    parser.add_argument("--runs", type=int, default=2000, help="of the history that is read")
    parser.add_argument("--seed", type=int, default=1, help="of when whom is killed")
    parser.add_argument("--db", metavar="URL", help="default: a new SQLite file, removed at the end")
    options = parser.parse_args()
    good = [PARTS[part](options) for part in options.parts]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
