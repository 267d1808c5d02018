"""A session with everything that there can be of one, and one that has nothing: for the page of a session."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from hil.logbook import LogLine
from hil.measure.memory import SymbolUse
from hil.metrics import (
    CONNECT_S,
    ENERGY_PER_INFERENCE,
    HANDSHAKE_S,
    LATENCY_CYCLES,
    LATENCY_US,
    LINK_LOST,
    PREDICTED,
    STREAM_S,
)
from hil.models.vectors import load_vectors
from hil.values import Method, Precision
from hil_db.records import Incident, SessionRecord, Status
from power_passes import clipped_pass, power_pass
from session_records import BEGAN, record

MODEL = "fastgrnn_digits"
MISTAKEN = (3, 17)  # vectors that were taken for another class
SLOWEST = 42
VECTORS = 100
LOGGED = ("connected in 0.100 s", "streaming 100 of 100 vectors", "the session was closed")
TECHNIQUE = "ppk2 model of STM32L475 currents"


def full() -> SessionRecord:
    """Of vectors that are installed: its labels are at hand."""
    vectors = load_vectors(MODEL, Precision.Q15)
    assert vectors.labels is not None
    taken = vectors.labels[:VECTORS].astype(np.int16)
    taken[list(MISTAKEN)] = (taken[list(MISTAKEN)] + 1) % 10
    cycles = 1000 + np.arange(VECTORS) % 7
    cycles[SLOWEST] = 2000
    one = record(model=MODEL)
    symbols = (
        SymbolUse("weights", ".rodata", 4000, 0),
        SymbolUse("run", ".text", 1000, 0),
        SymbolUse("arena", ".bss", 0, 2048),
    )
    moments = [BEGAN + timedelta(seconds=seconds) for seconds in (0.1, 0.25, 9)]
    return replace(
        one,
        finished=BEGAN + timedelta(seconds=9),
        vectors_sha256=vectors.sha256,
        inputs_sha256=vectors.inputs_sha256,
        versions={"qemu": "7.2.22", "firmware": "protocol 2"},
        measures=(
            *one.measures,
            CONNECT_S.measure(0.1, Method.MEASURED, "host-clock"),
            HANDSHAKE_S.measure(0.05, Method.MEASURED, "host-clock"),
            STREAM_S.measure(6.0, Method.MEASURED, "host-clock"),
            LINK_LOST.measure(2, Method.COUNTED, "link", conditions={"link": "uart"}),
            ENERGY_PER_INFERENCE.measure(153.4, Method.MODELLED, TECHNIQUE),
        ),
        samples=(
            PREDICTED.samples(taken, Method.COUNTED, "labels"),
            LATENCY_CYCLES.samples(cycles, Method.ESTIMATED, "cycle-model-2"),
            LATENCY_US.samples(cycles / 25, Method.ESTIMATED, "cycle-model-2"),
            ENERGY_PER_INFERENCE.samples(np.array([153.0, 153.4, 154.0]), Method.MODELLED, TECHNIQUE),
        ),
        symbols=symbols,
        passes=(power_pass(0), clipped_pass(1, 2)),
        incidents=(Incident("qemu", "stopped answering", "reset", moments[1], "silent, 7 B", 2.5),),
        log=tuple(LogLine(moment, text) for moment, text in zip(moments, LOGGED, strict=True)),
    )


def bare(error: str = "qemu: no answer (`halted`)") -> SessionRecord:
    """That failed before anything was found."""
    one = record(model=MODEL)
    return replace(
        one, status=Status.FAILED, error=error, manifest=None, measures=(), samples=(), profile=None,
        symbols=(), vectors_sha256=None,
    )  # fmt: skip
