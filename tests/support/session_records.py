"""One session of one image, as a run stores it: what gates and nights are tested with."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from hil.image import Manifest
from hil.measure.memory import SymbolUse
from hil.measure.profile import ClassCost, FunctionClass, PathCost, Profile
from hil.metrics import ACCURACY, FLASH_BYTES, LATENCY_CYCLES, PREDICTED
from hil.values import Method, Precision
from hil_db.records import SessionRecord, Status

BEGAN = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def record(
    cycles: int = 1000,
    flash: int = 5000,
    wrong: int = 0,
    board: str = "qemu",
    function: str = "step",
    model: str = "m",
) -> SessionRecord:
    manifest = Manifest(
        kind="qemu_mps2_an386", model=model, precision=Precision.Q15, sha256=f"{cycles + flash:064x}",
        source_sha256="b" * 64, build_id="b" * 32, toolchain="gcc", sections={}, features=8, min_steps=8,
        max_steps=8, outputs=10, vectors_sha256="c" * 64,
    )  # fmt: skip
    profile = Profile(
        "cycle-model-2",
        10,
        (PathCost((function,), 10, cycles * 10, cycles * 10),),
        (ClassCost("alu", 1, cycles * 10),),
        (FunctionClass(function, "load", cycles * 10),),
    )
    return SessionRecord(
        board, "qemu_mps2_an386", model, "q15", BEGAN, BEGAN, Status.FINISHED, manifest,
        vectors_sha256="c" * 64,
        measures=(
            LATENCY_CYCLES.measure(cycles, Method.ESTIMATED, "cycle-model-2"),
            FLASH_BYTES.measure(flash, Method.COUNTED, "elf"),
            ACCURACY.measure(1 - wrong / 10, Method.COUNTED, "labels", 0.1),
        ),
        samples=(PREDICTED.samples(np.arange(10) * (np.arange(10) >= wrong), Method.COUNTED, "labels"),),
        profile=profile,
        symbols=(SymbolUse("weights", ".rodata", flash, 0),),
    )  # fmt: skip
