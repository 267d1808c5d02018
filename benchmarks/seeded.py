"""Makes databases with a long history, the same for the same seed, for benchmarks, tests and pictures.

    python benchmarks/seeded.py URL [--runs N] [--images N] [--vectors N] [--profiled N] [--seed N]
                                    [--measured]

What the sessions hold is what those of the emulated board do: metrics that are exact for an image, times that
are noisy, samples of one value per vector, symbols of the images, profiles of the newest runs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice, product
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Table

from hil.values import Precision
from hil_db import codec, newest, symbols
from hil_db.schema import IMAGE, MEASURE, PROFILE, PROFILE_CLASS, PROFILE_PATH, RUN, SAMPLE, SESSION
from hil_db.store import Store
from seeded_images import FUNCTIONS, KIND, Case, Planted, bytes_of, factor, symbols_of

BEGAN = datetime(2024, 1, 1, 2, 0)
CLASSES = ("alu", "load", "store", "multiply", "branch", "float")
_CONDITIONS = '{"clock_hz": 25000000.0, "wait_states": 0.0}'
_LINK = '{"link": "ram"}'
_DWT = ("measured", "dwt")
_JITTER = 0.002  # of a clock's latencies, from session to session and from vector to vector
_WITHOUT_FRAMES = ("connect_s", "program_s", "verify_s")
_RUNS_AT_ONCE = 25
_CORRELATION = 0.3  # of a time with the one of the run before
_SPREADS = {"connect_s": 0.05, "program_s": 0.03, "verify_s": 0.03, "handshake_s": 0.04, "stream_s": 0.02}
_TIMES = {"connect_s": 0.03, "program_s": 0.2, "verify_s": 0.1, "handshake_s": 0.05, "stream_s": 2.5}


@dataclass(frozen=True)
class Seeded:
    """What to make. ``images`` are on each board; ``profiled`` newest runs have profiles.

    ``rebuilt`` is how many runs an image lasts: then it is another, of the same figures. ``measured``: there
    is a clock as well, which measures latencies with noise. Of each run the commit is ``commit(number)``, the
    branch ``branch``; every hundredth is tagged. ``models`` are the names of the first, the others are
    numbered.
    """

    runs: int = 2000
    images: int = 36
    boards: tuple[str, ...] = ("qemu",)
    vectors: int = 0
    profiled: int = 1
    rebuilt: int = 10
    measured: bool = False
    branch: str = "main"
    seed: int = 1
    planted: tuple[Planted, ...] = field(default=())
    models: tuple[str, ...] = ()

    def maker(self, connection: Connection) -> Maker:
        """What makes its rows."""
        return Maker(connection, self)

    @property
    def cases(self) -> list[Case]:
        """Those of every run, in the order of its sessions."""
        count = -(-self.images // len(Precision))
        numbered = (f"fastgrnn_model_{number:02}" for number in range(len(self.models), count))
        models = [*self.models[:count], *numbered]
        of_board = list(islice(product(models, sorted(map(str, Precision))), self.images))
        return [
            Case(board, model, precision, 15_000 + 1_000 * place)
            for board in self.boards
            for place, (model, precision) in enumerate(of_board)
        ]


def commit(run: int) -> str:
    """The commit of a run, 0 the oldest."""
    return hashlib.sha1(f"commit {run}".encode()).hexdigest()


def uid(*what: object) -> str:
    """The uid of what is told so: ``uid("run", 0, seed)`` is the oldest run's."""
    return hashlib.md5(repr(what).encode()).hexdigest()


def make(url: str, wanted: Seeded) -> None:
    """Fill a new database; one that has runs is not one that this can fill."""
    with Store.open(url) as store:
        _without_waiting(store)
        with store.engine.begin() as connection:
            maker = wanted.maker(connection)
            maker.images()
        for first in range(0, wanted.runs, _RUNS_AT_ONCE):
            with store.engine.begin() as connection:
                maker.connection = connection
                maker.add_runs(range(first, min(first + _RUNS_AT_ONCE, wanted.runs)))
        with store.engine.begin() as connection:
            newest.rebuild(connection)
            if store.engine.dialect.name == "postgresql":
                for table in (RUN, IMAGE, SESSION):  # their numbers were given
                    name = table.name
                    connection.exec_driver_sql(
                        f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"
                    )


def _without_waiting(store: Store) -> None:
    """Who loses a database that is made here makes it anew: nothing waits for the disk."""
    if store.engine.dialect.name == "sqlite":
        with closing(store.engine.raw_connection()) as raw:
            for pragma in ("synchronous=OFF", "cache_size=-400000"):
                raw.cursor().execute(f"PRAGMA {pragma}").close()


class Maker:
    """Rows by the thousand; JSON and times are made as the driver takes them, once for many rows."""

    def __init__(self, connection: Connection, wanted: Seeded) -> None:
        self.connection = connection
        self._wanted = wanted
        self._cases = wanted.cases
        self._random = np.random.default_rng(wanted.seed)
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._slow = {name: np.zeros(len(self._cases)) for name in _TIMES}
        self._blobs: dict[tuple[Case, str, int], bytes] = {}
        self._image_ids: dict[str, int] = {}
        self._packed_symbols: dict[tuple[float, ...], bytes | None] = {}

    def images(self) -> None:
        """Every image of the history."""
        rows: list[tuple[Any, ...]] = []
        for case in self._cases:
            for run in range(self._wanted.runs):
                sha = self._sha(case, run)
                if sha in self._image_ids:
                    continue
                self._image_ids[sha] = len(rows) + 1
                sections = json.dumps({".text": 8000, ".rodata": case.rodata, ".data": 8, ".bss": 7000})
                about = (case.kind, case.model, case.precision, sha[:32], sha, self._toolchain(run))
                rows.append((len(rows) + 1, sha, *about, sections, self._packed(case, run)))
        columns = "id sha256 kind model precision build_id source_sha256 toolchain sections symbols"
        self._insert(IMAGE, columns, rows)

    def add_runs(self, numbers: range) -> None:
        """Runs with all that belongs to them."""
        runs, sessions, measures, samples = [], [], [], []
        for run in numbers:
            began = BEGAN + timedelta(hours=8 * run)
            versions = '{"hil": "0.1.0", "qemu": "10.0.13"}'
            tags = json.dumps([f"v{run // 100}"] if run % 100 == 0 else [])
            ended = self._time(began + timedelta(minutes=2))
            told = ("finished", "pytest --board=all", "bench-1", 4711, commit(run), False, versions)
            key = uid("run", run, self._wanted.seed)
            runs.append((run + 1, self._time(began), ended, *told, key, self._wanted.branch, tags))
            taken = self._times()
            for place, case in enumerate(self._cases):
                number = run * len(self._cases) + place + 1
                image = self._image_ids[self._sha(case, run)]
                moment = self._time(began + timedelta(seconds=2 * place))
                about = (case.board, KIND, case.model, case.precision, moment, moment, "finished")
                key = uid("session", run, place, self._wanted.seed)
                sessions.append((number, run + 1, image, *about, "c" * 64, versions, key))
                measures += self._measures(
                    number, run, case, {name: held[place] for name, held in taken.items()}
                )
                samples += self._samples(number, run, case)
        self._insert(
            RUN,
            "id started finished status command host pid git_commit git_dirty versions uid git_branch"
            " git_tags",
            runs,
        )
        self._insert(
            SESSION,
            "id run_id image_id board kind model precision started finished status vectors_sha256 versions"
            " uid",
            sessions,
        )
        self._insert(
            MEASURE, "session_id metric value unit method technique resolution low high conditions", measures
        )
        self._insert(SAMPLE, "session_id metric unit method technique dtype count codec blob", samples)
        self._profiles(
            (run * len(self._cases) + place + 1, run, case)
            for run, (place, case) in product(numbers, enumerate(self._cases))
            if run >= self._wanted.runs - self._wanted.profiled
        )

    def _insert(self, table: Table, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        names = columns.split()
        marks = ", ".join(["?" if self._is_sqlite else "%s"] * len(names))
        listed = ", ".join(f'"{name}"' for name in names)
        text = f'INSERT INTO "{table.name}" ({listed}) VALUES ({marks})'
        self.connection.exec_driver_sql(text, list(rows))

    def _time(self, moment: datetime) -> Any:
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f") if self._is_sqlite else moment

    def _toolchain(self, _: int) -> str:
        return "gcc"

    def _packed(self, case: Case, run: int) -> bytes | None:
        """The symbols as stored; images of many cases and runs have the same."""
        factors = [self._factor(metric, run, case) for metric in ("flash_bytes", "ram_bytes")]
        key = (case.rodata, case.state, *factors)
        if key not in self._packed_symbols:
            self._packed_symbols[key] = symbols.pack(symbols_of(case, run, self._wanted.planted))
        return self._packed_symbols[key]

    def _factor(self, metric: str, run: int, case: Case) -> float:
        return factor(self._wanted.planted, metric, run, case)

    def _sha(self, case: Case, run: int) -> str:
        planted = enumerate(self._wanted.planted)
        changes = [place for place, one in planted if one.rebuilt and one.concerns(run, case)]
        told: tuple[Any, ...] = (case.model, case.precision, run // self._wanted.rebuilt, changes)
        if case.kind != KIND:
            told = (*told, case.kind)
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def _times(self) -> dict[str, npt.NDArray[np.float64]]:
        """The noisy times of one run's sessions, which resemble those of the run before."""
        found = {}
        for name, usual in _TIMES.items():
            fresh = self._random.normal(size=len(self._cases)) * np.sqrt(1 - _CORRELATION**2)
            self._slow[name] = _CORRELATION * self._slow[name] + fresh
            found[name] = usual * np.exp(_SPREADS[name] * self._slow[name])
        return found

    def _row(
        self,
        run: int,
        case: Case,
        metric: str,
        value: float,
        unit: str,
        way: tuple[str, str],
        resolution: float | None = None,
        conditions: str = "{}",
        band: float | None = None,
    ) -> tuple[Any, ...]:
        """A measure, with what was planted; ``band`` is in shares of its value."""
        value = self._stored(value * self._factor(metric, run, case), unit)
        ends = (None, None) if band is None else (value * (1 - band), value * (1 + band))
        return (metric, value, unit, *way, resolution, *ends, conditions)

    @staticmethod
    def _stored(value: float, _: str) -> float:
        """As it is kept, by its unit."""
        return float(value)

    def _measures(
        self, session: int, run: int, case: Case, times: dict[str, float]
    ) -> Iterator[tuple[Any, ...]]:
        def row(*told: Any) -> tuple[Any, ...]:
            return session, *self._row(run, case, *told)

        cycles = round(case.size * 1.7)
        estimated, counted = ("estimated", "cycle-model-1"), ("counted", "plugin")
        exact = "within-1e-4" if case.precision == "f32" else "bit-exact"
        host, link = ("measured", "host-clock"), ("counted", "link")
        yield row("accuracy", 0.9833, "1", ("counted", "labels"), 1 / 540)
        yield row("golden_exact", 1.0, "1", ("counted", exact))
        yield row("vectors", self._wanted.vectors or 540, "1", link)
        yield row("instructions", case.size, "instructions", counted)
        yield row("instructions", case.size // 40 * 40, "instructions", ("counted", "timer"), 40.0)
        yield row("latency_us", cycles / 25, "us", estimated, None, _CONDITIONS, 0.07)
        yield row("latency_cycles", cycles, "cycles", estimated, None, _CONDITIONS, 0.07)
        if self._wanted.measured:
            yield row("latency_us", cycles / 25 * self._noise(session), "us", _DWT, None, _CONDITIONS)
        for metric in ("flash_bytes", "ram_bytes"):
            yield row(metric, bytes_of(case, metric), "B", ("counted", "elf"))
        for metric, deep in (("stack_bytes", 440.0), ("stack_model_bytes", 300.0)):
            yield row(metric, deep, "B", ("counted", "tracked"))
            yield row(metric, deep - 8, "B", ("measured", "painted"), 4.0)
        for metric, seconds in times.items():
            yield row(metric, seconds, "s", host, None, "{}" if metric in _WITHOUT_FRAMES else _LINK)
        for metric, count in (("link_lost", 0.0), ("link_damaged", 0.0), ("link_wire_bytes", 90_000.0)):
            yield row(metric, count, "B" if metric == "link_wire_bytes" else "1", link, None, _LINK)

    def _samples(self, session: int, run: int, case: Case) -> Iterator[tuple[Any, ...]]:
        count = self._wanted.vectors
        if not count:
            return
        for metric, unit, way in (
            ("latency_cycles", "cycles", ("estimated", "cycle-model-1")),
            ("predicted", "1", ("counted", "labels")),
        ):
            held = self._factor("accuracy" if metric == "predicted" else metric, run, case)
            key = (case, metric, round(held * 1e6))
            if key not in self._blobs:
                self._blobs[key] = codec.pack(_values(case, metric, held, count))
            dtype = "u4" if metric == "latency_cycles" else "u2"
            yield (session, metric, unit, *way, dtype, count, codec.CODEC, self._blobs[key])

        if self._wanted.measured:
            values = case.size * 1.7 / 25 * self._factor("latency_us", run, case) * self._noise(session)
            random = np.random.default_rng(session)
            each = values * (1 + 0.3 * np.sin(np.arange(count))) * random.lognormal(0, _JITTER, count)
            blob = codec.pack(each.astype(np.float32))
            yield (session, "latency_us", "us", *_DWT, "f4", count, codec.CODEC, blob)

    @staticmethod
    def _noise(session: int) -> float:
        """Of one session of a clock: its board is now warmer, now colder."""
        return float(np.random.default_rng(session).lognormal(0, _JITTER))

    def _profiles(self, sessions: Iterable[tuple[int, int, Case]]) -> None:
        """Of sessions by their number, run and case."""
        heads, paths, classes = [], [], []
        for session, run, case in sessions:
            whole = round(case.size * 1.7) * 540
            planted = [
                one
                for one in self._wanted.planted
                if one.metric == "latency_cycles" and one.concerns(run, case)
            ]
            share = whole // len(FUNCTIONS)
            by_class = []
            for at, name in enumerate(FUNCTIONS):
                more = sum(round(whole * (one.factor - 1)) for one in planted if one.function == name)
                path = ";".join(FUNCTIONS[: at + 1] if at < 2 else ("model_run", "layer_run", name))
                by_class += [[name, "alu", share // 3], [name, "multiply", share - share // 3 + more]]
                paths.append((session, at, path, 540 * (at + 1), share * 2 // 3, share + more))
            heads.append((session, "cycle-model-1", 540, json.dumps(by_class)))
            grown = sum(round(whole * (one.factor - 1)) for one in planted)
            for at, name in enumerate(CLASSES):
                cycles = whole // len(CLASSES) + (grown if name == "multiply" else 0)
                classes.append((session, at, name, cycles * 2 // 3, cycles))
        self._insert(PROFILE, "session_id technique regions function_classes", heads)
        self._insert(PROFILE_PATH, "session_id place path calls instructions cycles", paths)
        self._insert(PROFILE_CLASS, "session_id place name instructions cycles", classes)


def _values(case: Case, metric: str, factor: float, count: int) -> npt.NDArray[np.generic]:
    random = np.random.default_rng(case.size)
    if metric == "predicted":
        found = random.integers(0, 10, count, dtype=np.uint16)
        found[: round(count * max(0.0, 1 - factor))] = 10
        return found
    cycles = case.size * 1.7 * factor * (1 + 0.01 * random.standard_normal(count))
    return np.round(cycles).astype(np.uint32)


def main() -> None:
    parser = argparse.ArgumentParser(description="make a database with a long history")
    parser.add_argument("url", metavar="URL")
    parser.add_argument("--measured", action="store_true", help="with a clock that measures latencies")
    for name, default in (("runs", 2000), ("images", 36), ("vectors", 0), ("profiled", 1), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default, help="default: %(default)s")
    options = vars(parser.parse_args())
    url = options.pop("url")
    began = time.perf_counter()
    make(url, Seeded(**options))
    print(f"made in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
