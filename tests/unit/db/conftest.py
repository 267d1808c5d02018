"""A database in a temporary folder, and makers of what is stored in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from hil.image import Manifest
from hil.measure.profile import OTHER, ClassCost, FunctionClass, PathCost, Profile
from hil.values import Measure, Method, Precision, Samples
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store

BEGAN = datetime(2026, 11, 24, 3, 0, 7, 250_000, UTC)
MANIFEST = Manifest(
    kind="qemu_mps2_an386",
    model="fastgrnn_digits",
    precision=Precision.Q15,
    sha256="a" * 64,
    source_sha256="b" * 64,
    build_id="b" * 32,
    toolchain="arm-none-eabi-gcc 12.2.1",
    sections={"text": 5000, "rodata": 900, "data": 8, "bss": 7216},
    features=8,
    min_steps=8,
    max_steps=8,
    outputs=10,
    vectors_sha256="c" * 64,
)
MEASURES = (
    Measure("accuracy", 0.983, "1", Method.COUNTED, "labels", 1 / 540),
    Measure("instructions", 35_120.0, "instructions", Method.COUNTED, "timer", 40.0),
    Measure("stream_s", 5.25, "s", Method.MEASURED, "host-clock"),
)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/results.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as opened:
        yield opened


@pytest.fixture
def info() -> RunInfo:
    return RunInfo(
        started=BEGAN,
        command="pytest --board=all",
        host="bench-1",
        pid=4711,
        git_commit="d" * 40,
        git_dirty=True,
        lab_path="/etc/lab.toml",
        lab_sha256="e" * 64,
        versions={"qemu": "7.2.22", "pyocd": "0.46"},
    )


@pytest.fixture
def record() -> SessionRecord:
    return SessionRecord(
        board="qemu",
        kind="qemu_mps2_an386",
        model="fastgrnn_digits",
        precision="q15",
        started=BEGAN,
        finished=BEGAN + timedelta(seconds=9),
        status=Status.FINISHED,
        manifest=MANIFEST,
        vectors_sha256="c" * 64,
        versions={"qemu": "7.2.22"},
        measures=MEASURES,
        samples=(
            Samples("instructions", np.arange(540) * 40, "instructions", Method.COUNTED, "timer"),
            Samples("logits", np.linspace(-1, 1, 7, dtype=np.float32), "1", Method.COUNTED, "link"),
        ),
    )


@pytest.fixture
def profile() -> Profile:
    """Of as many inferences as there are vectors, 200 cycles each and one more in all."""
    return Profile(
        "cycle-model-1",
        540,
        (
            PathCost(("model_run", "step"), 4320, 540 * 100, 540 * 130),
            PathCost(("model_run",), 540, 540 * 7, 540 * 10 + 1),
            PathCost(("model_run", "step", "tanh"), 540 * 30, 540 * 60, 540 * 60),
        ),
        (ClassCost("alu", 540 * 60, 540 * 60), ClassCost("load", 540 * 107, 540 * 140 + 1)),
        (FunctionClass("step", "alu", 540 * 130), FunctionClass("tanh", OTHER, 540 * 60)),
    )


@pytest.fixture
def seed(store: Store, info: RunInfo, record: SessionRecord) -> Callable[[], int]:
    """Stores one finished run of one session; returns the run's id."""

    def one() -> int:
        run = store.begin_run(info)
        store.save_session(run, record)
        store.finish_run(run, Status.FINISHED, BEGAN + timedelta(minutes=1))
        return run

    return one
