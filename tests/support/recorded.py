"""Sessions whose every value can be told from their number, and a recorder for them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from hil.bench.recorder import Recorder
from hil.image import Manifest
from hil.measure.profile import ClassCost, PathCost, Profile
from hil.values import Measure, Method, Precision, Samples
from hil_db.records import RunInfo, SessionRecord, Status

NOW = datetime(2026, 11, 24, 3, 0, 7, tzinfo=UTC)
TICKS = np.arange(2000) * 7919 % 65521


def record(number: int) -> SessionRecord:
    """A session whose every value can be told from its number."""
    digest = f"{number % 2:064x}"
    return SessionRecord(
        board=f"board-{number}",
        kind="k",
        model="m",
        precision="q15",
        started=NOW,
        finished=NOW,
        status=Status.FINISHED,
        manifest=Manifest(
            "k", "m", Precision.Q15, digest, digest, digest[:32], "gcc", {"text": 1}, 8, 8, 8, 10, digest
        ),
        measures=(Measure("instructions", number + 0.5, "1", Method.COUNTED, "timer", 40, (number, 9e9)),),
        samples=(Samples("ticks", TICKS + number, "ticks", Method.COUNTED, "timer"),),
        profile=Profile("cycle-model-1", 1, (PathCost(("a", "b"), 1, 2, number),), (ClassCost("alu", 2, 3),)),
    )


def recorder(url: str, folder: Path) -> Recorder:
    return Recorder.open(url, RunInfo(NOW, "pytest --board=all"), folder)
