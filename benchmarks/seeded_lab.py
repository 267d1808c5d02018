"""Makes databases of a lab with a story: what its pages show is in them, the same for the same seed.

    python benchmarks/seeded_lab.py [demo|full] URL

Beside what ``seeded`` makes: boards of silicon with noisy clocks and emulated ones, models of the lab with
their own vectors, sessions that failed or did not fit, incidents, branches, new versions and hosts, named
baselines, decisions on regressions, passes of power probes, a trial of `hil bisect` and a run in progress.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, insert, select

from hil.kinds import KINDS
from hil_db import baselines, codec, histories, passes, triage
from hil_db.baselines import Baseline
from hil_db.progress import Ended, Progress, Working, columns_of
from hil_db.schema import MEASURE, PROGRESS, RUN, SAMPLE, SESSION
from hil_db.store import Store
from hil_db.triage import Decided, Decision, Subject
from seeded import Maker, Seeded, commit, make, uid
from seeded_images import Case, Planted
from seeded_power import POWERED, power_of
from seeded_rows import MODELS, LabMaker, Told, vectors_of

TOO_LARGE = ("b_l475e_iot01a", "qemu_b_l475e_iot01a")  # for the largest model in f32
_COSTS = {"f32": 1.5, "q15": 1.0, "q7": 0.8}
_BYTES = {"f32": 4, "q15": 2, "q7": 1}
BOARDS = {
    "qemu": "qemu_mps2_an386",
    "nucleo-1": "nucleo_f439zi",
    "qemu-l475": "qemu_b_l475e_iot01a",
    "disco-1": "b_l475e_iot01a",
    "disco-2": "b_l475e_iot01a",
    "nucleo-2": "nucleo_f439zi",
    "nrf-1": "nrf52840dk",
    "k64f-1": "frdm_k64f",
}
ENDS = datetime(2026, 11, 27, 2, 0)


@dataclass(frozen=True)
class Lab(Seeded):
    """A lab with that many boards and models.

    The newest ``sampled`` runs hold raw values, the newest ``powered`` energy, the newest ``traced`` traces.
    One of ``failing`` sessions fails.
    """

    models: tuple[str, ...] = MODELS[:4]
    boards: tuple[str, ...] = tuple(BOARDS)[:2]
    images: int = 12
    runs: int = 60
    profiled: int = 3
    sampled: int = 8
    powered: int = 30
    traced: int = 2
    failing: int = 400

    def maker(self, connection: Connection) -> Maker:
        """What makes its rows."""
        return LabMaker(connection, self)

    @property
    def cases(self) -> list[Case]:
        """As every lab's, of sizes that differ a thousandfold."""
        found = []
        for one in super().cases:
            place = self.names.index(one.model)
            grown = 1.33**place if len(self.names) > 6 else 2.4**place
            weights = round(1_500 * min(grown, 120) * _BYTES[one.precision] / 2)
            kind = BOARDS[one.board]
            slower = 1.0 if KINDS[kind].emulator else 1.2
            size = round(9_000 * grown * _COSTS[one.precision] * slower)
            found.append(replace(one, size=size, kind=kind, weights=weights, state=3_000 + 700 * place))
        return found

    @cached_property
    def names(self) -> list[str]:
        """Of its models, from small to large."""
        return list(dict.fromkeys(one.model for one in super().cases))

    def began(self, run: int) -> datetime:
        """When a run began: every eight hours, the last one at ENDS."""
        return ENDS - timedelta(hours=8 * (self.runs - 1 - run))

    @property
    def ends(self) -> int:
        """The newest run that ended; the one after it goes on."""
        return self.runs - 2

    def told(self, run: int) -> Told:
        """Of a run, 0 the oldest."""
        share = run / self.runs
        versions = {
            "hil": "0.2.0" if share >= 0.5 else "0.1.0",
            "python": "3.13.5" if share >= 0.8 else "3.11.2",
            "system": "Linux-6.12.43" if share >= 0.8 else "Linux-6.1.0",
            "qemu": "10.0.13" if share >= 0.4 else "7.2.22",
            "pyocd": "0.46.0",
        }
        branch = "wide-kernels" if run % 9 == 5 else "fix-link" if run % 23 == 7 else "main"
        host = "bench-2" if share >= 0.7 else "bench-1"
        command = "hil nightly" if run % 3 == 0 else "pytest --board=all"
        if run == self.trial:
            command = f"hil bisect --good={commit(run - 9)[:10]} --bad={commit(run)[:10]}"
        of = run - (run % 5 == 1 and run != self.trial)  # some commits run twice
        return Told(command, host, commit(of), run % 31 == 3, branch, versions)

    @property
    def trial(self) -> int:
        """The run that `hil bisect` made."""
        return self.runs - 13

    def ran(self, run: int, place: int, case: Case) -> bool:
        """Whether a run got to a case at all."""
        if case.board == "nucleo-2" and case.model == self.names[1]:
            return False  # never
        if run == self.trial:
            return place < 3
        if run == self.runs - 1:
            return place % 3 == 0
        return not self.interrupted(run) or place < len(self.cases) // 2

    def interrupted(self, run: int) -> bool:
        """Whether somebody pressed Ctrl-C."""
        return run % 97 == 20

    def too_large(self, case: Case) -> bool:
        """Whether a board has no room for an image."""
        largest = case.model == self.names[-1] and case.precision == "f32"
        return largest and (case.kind in TOO_LARGE or case.board == "k64f-1" or len(self.boards) == 2)


def lab(runs: int, boards: int, models: int, **more: Any) -> Lab:
    """A lab whose regressions and improvements are planted all over its history."""
    names = [*MODELS[:models]]
    wanted = Lab(
        runs=runs,
        boards=tuple(BOARDS)[:boards],
        images=3 * models,
        models=tuple(names),
        rebuilt=max(4, runs // 40),
        **more,
    )
    first, second, third, fourth = wanted.names[:4]
    at = [round(runs * share) for share in (0.3, 0.45, 0.62)]
    recent = runs - 9
    planted = (
        Planted(at[0], "latency_cycles", 1.12, model=second, precision="q15", function="tanh_table"),
        Planted(at[1], "latency_cycles", 0.92, model=first),
        Planted(at[1], "flash_bytes", 1.2, model=third, precision="f32", function="tanh_table"),
        Planted(at[2], "instructions", 0.95, model=third),
        Planted(recent, "latency_cycles", 1.08, model=first, precision="q15", function="vec_scale"),
        Planted(recent, "instructions", 1.06, model=first, precision="q15"),
        Planted(recent + 1, "flash_bytes", 1.15, model=second, precision="q7", function="sigmoid_table"),
        Planted(recent + 1, "ram_bytes", 1.1, model=second, precision="f32"),
        Planted(recent + 2, "stack_bytes", 1.3, model=fourth, precision="q7"),
        Planted(recent + 3, "accuracy", 0.96, model=first, precision="q7"),
        Planted(recent + 3, "latency_cycles", 0.94, model=second, precision="f32", function="dot_product"),
        Planted(recent + 4, "flash_bytes", 0.9, model=fourth, precision="f32"),
        Planted(round(runs * 0.55), "latency_us", 1.03, board="nucleo-1", rebuilt=False),
        Planted(recent + 2, "energy_per_inference", 1.09, model=first, board="nucleo-1", precision="q15"),
    )
    return replace(wanted, planted=planted)


DEMO = lab(60, 2, 4)
FULL = lab(2000, 8, 24, sampled=29, profiled=10, powered=200, traced=1, failing=900)


def make_lab(url: str, wanted: Lab = DEMO, heard: datetime | None = None) -> None:
    """Fill a new database with a lab's rows, and with what people said of them.

    The run in progress was last heard of at ``heard``, in UTC; None: soon after it began, and no more since.
    """
    make(url, wanted)
    with Store.open(url) as store:
        _go_on(store, wanted, heard)
        _trace(store, wanted)
        _name(store, wanted)
        _decide(store, wanted)


def _trace(store: Store, wanted: Lab) -> None:
    """Hand the newest runs' passes of boards with a power probe to the store."""
    cases = {(one.board, one.model, one.precision): one for one in wanted.cases}
    first = wanted.runs - 1 - wanted.traced
    query = (
        select(SESSION)
        .where(SESSION.c.run_id > first, SESSION.c.board.in_(POWERED), SESSION.c.status == "finished")
        .order_by(SESSION.c.id)
    )
    with store.engine.connect() as connection:
        sessions = connection.execute(query).all()
    for one in sessions:
        found, told = power_of(cases[one.board, one.model, one.precision])
        batch = store.shelf.stage(each.trace for each in found)
        with store.writing_traces(batch) as connection:
            passes.add(connection, one.id, found, store.shelf, batch)
            for samples in told.samples:
                row = {
                    "session_id": one.id,
                    "metric": samples.metric,
                    "unit": samples.unit,
                    "method": str(samples.method),
                    "technique": samples.technique,
                    "dtype": "f4",
                    "count": len(samples.values),
                    "codec": codec.CODEC,
                    "blob": codec.pack(samples.values.astype(np.float32)),
                }
                connection.execute(insert(SAMPLE), row)


def _go_on(store: Store, wanted: Lab, heard: datetime | None) -> None:
    """Say how far the newest run is: a third of its images ended, each board works at one of the others."""
    run = wanted.runs - 1
    cases = wanted.cases
    ended = [place for place, case in enumerate(cases) if wanted.ran(run, place, case)]
    with store.engine.connect() as connection:
        of_run = select(SESSION.c.id, SESSION.c.status, SESSION.c.error).where(SESSION.c.run_id == run + 1)
        stored = {one.id - run * len(cases) - 1: one for one in connection.execute(of_run)}
    working: dict[str, Working] = {}
    for place, case in enumerate(cases):
        count = vectors_of(case.model).count
        if place not in ended:
            working.setdefault(case.board, Working(place, count // 3, count, 4.0, 2.5))
    told = Progress(
        tuple(histories.Case(one.board, one.kind, one.model, one.precision) for one in cases),
        dict.fromkeys(wanted.boards, 1),
        tuple(working.values()),
        tuple(Ended(place, 6.0, stored[place].status, stored[place].error) for place in ended),
    )
    about = wanted.told(run)
    row = {
        "run_uid": uid("run", run, wanted.seed),
        "host": about.host,
        "pid": 4711,
        "command": about.command,
        "git_commit": about.commit,
        "git_dirty": about.dirty,
        "started": wanted.began(run),
        "updated": heard if heard is not None else wanted.began(run) + timedelta(minutes=5),
        **columns_of(told),
    }
    with store.writing() as connection:
        connection.execute(insert(PROGRESS), row)


def _name(store: Store, wanted: Lab) -> None:
    """Baselines: releases, one that moved, one that was taken away."""
    told = (
        ("release-1.0", wanted.runs // 4, "first release"),
        ("nightly", wanted.runs // 2, "before the new kernels"),
        ("old-desk", wanted.runs // 2, "the desk before the move"),
        ("old-desk", None, "the desk is gone"),
        ("nightly", wanted.runs - 30, "after the new kernels"),
        ("release-2.0", wanted.runs - 14, "second release"),
    )
    for place, (name, run, reason) in enumerate(told):
        key = None if run is None else uid("run", run, wanted.seed)
        at = wanted.began(wanted.runs - 12) + timedelta(minutes=place)
        baselines.add(store, Baseline(name, key, "ann", at, reason))


def _decide(store: Store, wanted: Lab) -> None:
    """Some regressions are known, one is ignored, one was to be fixed."""
    first, second = wanted.names[:2]
    cases = {(one.model, one.precision): one for one in wanted.cases if one.board == wanted.boards[0]}
    at = wanted.began(wanted.ends) + timedelta(minutes=30)
    for (model, precision), metric, technique, decision, reason, more in (
        ((second, "q7"), "flash_bytes", "elf", Decision.ACKNOWLEDGED, "the table grew on purpose", {}),
        (
            (second, "f32"),
            "ram_bytes",
            "elf",
            Decision.IGNORED,
            "until the buffers are shared",
            {"until": at + timedelta(days=3650)},
        ),
        (
            (first, "q15"),
            "instructions",
            "plugin",
            Decision.FIXED,
            "the scale is folded again",
            {"commit": commit(wanted.runs)},
        ),
    ):
        case = cases[model, precision]
        subject = Subject(case.board, case.kind, model, precision, metric, technique)
        value = _value(store, wanted.ends, subject)
        key = uid("run", wanted.ends, wanted.seed)
        triage.decide(store, Decided(subject, decision, value, key, "ann", "127.0.0.1", at, reason, **more))


def _value(store: Store, run: int, subject: Subject) -> float:
    query = (
        select(MEASURE.c.value)
        .join(SESSION, SESSION.c.id == MEASURE.c.session_id)
        .where(SESSION.c.run_id == run + 1, SESSION.c.board == subject.board)
        .where(SESSION.c.model == subject.model, SESSION.c.precision == subject.precision)
        .where(MEASURE.c.metric == subject.metric, MEASURE.c.technique == subject.technique)
    )
    with store.engine.connect() as connection:
        return float(connection.scalars(query).one())


def main() -> None:
    parser = argparse.ArgumentParser(description="make a database of a lab with a long history")
    parser.add_argument("which", choices=["demo", "full"])
    parser.add_argument("url", metavar="URL")
    options = parser.parse_args()
    began = time.perf_counter()
    make_lab(options.url, DEMO if options.which == "demo" else FULL)
    with Store.open_read_only(options.url) as store, store.engine.connect() as connection:
        told = [
            f"{connection.scalar(select(func.count()).select_from(table)):,} {name}"
            for table, name in ((RUN, "runs"), (SESSION, "sessions"), (MEASURE, "measures"))
        ]
        held = connection.scalar(select(func.sum(SAMPLE.c.count)))
    print(f"{', '.join(told)}, {held:,} raw values, made in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
