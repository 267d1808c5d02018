"""Sessions of a board that measures and of a twin that estimates, and the points of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from hil.calibration.points import Estimated, Measured, Point
from hil.image import Manifest
from hil.kinds import KINDS
from hil.measure.latency import cost_per_inference, cost_samples
from hil.metrics import LATENCY_CYCLES, VECTORS
from hil.values import Method, Precision
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store

BEGAN = datetime(2026, 11, 24, 3, 0, 7, tzinfo=UTC)
BOARD, TWIN = "b_l475e_iot01a", "qemu_b_l475e_iot01a"
CHIP = "CPUID 0x410fc241, DBGMCU_IDCODE 0x10076415"


def manifest(model: str, image: str = "a") -> Manifest:
    return Manifest(
        kind=BOARD, model=model, precision=Precision.Q15, sha256=image * 64, source_sha256="b" * 64,
        build_id="b" * 32, toolchain="gcc", sections={}, features=8, min_steps=8, max_steps=8, outputs=10,
        vectors_sha256="c" * 64,
    )  # fmt: skip


def measured(
    model: str = "m", cycles: int = 1100, *, board: str = "desk-1", image: str = "a", vectors: int = 100
) -> SessionRecord:
    """What a session of silicon stores: cycles by DWT over so many vectors, the last ten dearer."""
    kind = KINDS[BOARD]
    ticks = np.full(vectors, cycles, dtype=np.uint32)
    ticks[-10:] += 40
    cost = cost_samples(ticks, kind.counter)
    count = VECTORS.measure(float(vectors), Method.COUNTED, "link")
    return SessionRecord(
        board, BOARD, model, "q15", BEGAN, BEGAN, Status.FINISHED, manifest(model, image),
        vectors_sha256="c" * 64, versions={"chip": CHIP, "pyocd": "0.46"},
        measures=(*cost_per_inference(cost, kind), count), samples=(cost,),
    )  # fmt: skip


def estimated(
    model: str = "m",
    cycles: int = 1000,
    *,
    board: str = TWIN,
    kind: str = TWIN,
    image: str = "a",
    vectors: int = 100,
    plugin: bool = True,
) -> SessionRecord:
    """What a session of an emulator stores, with the timing plug-in or without."""
    count = VECTORS.measure(float(vectors), Method.COUNTED, "link")
    band = (cycles * 0.93, cycles * 1.07)
    model_cycles = LATENCY_CYCLES.measure(
        cycles, Method.ESTIMATED, "cycle-model-2", None, band, {"wait_states": 0.0}
    )
    return SessionRecord(
        board, kind, model, "q15", BEGAN, BEGAN, Status.FINISHED, manifest(model, image),
        vectors_sha256="c" * 64, versions={"qemu": "10.0.13"},
        measures=(*((model_cycles,) if plugin else ()), count),
    )  # fmt: skip


def at_wait_states(record: SessionRecord, wait_states: float | None) -> SessionRecord:
    """The same as if the board had that many; None: as if it did not tell."""

    def told(conditions: Mapping[str, str | float]) -> dict[str, str | float]:
        held = {name: value for name, value in conditions.items() if name != "wait_states"}
        return held if wait_states is None else {**held, "wait_states": wait_states}

    measures = tuple(replace(one, conditions=told(one.conditions)) for one in record.measures)
    return replace(record, measures=measures)


def stored(folder: Path, *records: SessionRecord, name: str = "results") -> str:
    """A database with a run of each record, an hour apart; its URL."""
    url = f"sqlite:///{folder}/{name}.db"
    with Store.open(url) as store:
        for hour, record in enumerate(records):
            began = BEGAN + timedelta(hours=hour)
            run = store.begin_run(RunInfo(began, "pytest", git_commit="d" * 40, git_dirty=False))
            store.save_session(run, replace(record, started=began, finished=began))
            store.finish_run(run, Status.FINISHED)
    return url


def point(cycles: float = 1100, *, session: str = "s1", model: str = "m", synthetic: bool = False) -> Point:
    board = Measured(
        BOARD, "dwt", cycles, {"wait_states": 0.0, "caches": "off"}, session, BEGAN, "d" * 40,
        clock_hz=16e6, chip=CHIP, least=cycles - 10, p99=cycles + 9.5, most=cycles + 10,
    )  # fmt: skip
    twin = Estimated(
        TWIN,
        "cycle-model-2",
        1000,
        {"wait_states": 0.0},
        "e1",
        BEGAN,
        None,
        low=930,
        high=1070,
        qemu="10.0.13",
    )
    return Point(model, "q15", "inference", "a" * 64, 100, "c" * 64, board, twin, synthetic=synthetic)
