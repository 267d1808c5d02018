"""Passes of power probes as rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from hil_db.rows import Row, inserting
from hil_db.schema import POWER_PASS, POWER_WINDOW
from hil_db.shelf import Batch, Shelf

if TYPE_CHECKING:
    from hil.measure.energy import Pass


def add(connection: Connection, session_id: int, passes: Sequence[Pass], shelf: Shelf, batch: Batch) -> None:
    """Add a session's passes with their windows; ``batch`` has the passes' traces, in order."""
    for number, one in enumerate(passes):
        trace = one.trace
        about = {
            "driver": trace.driver,
            "samples": len(trace),
            "rate_hz": float(trace.rate_hz),
            "seconds": float(trace.seconds),
        }
        kept = shelf.put(connection, batch, number, about)
        idle = one.idle if one.idle is not None else (None, None)
        row: Row = {
            "session_id": session_id,
            "number": number,
            "trace_id": kept if isinstance(kept, int) else None,
            "untraced": kept if isinstance(kept, str) else None,
            "samples": len(trace),
            "rate_hz": float(trace.rate_hz),
            "supply_v": float(trace.supply_v),
            "inferences": int(one.inferences),
            "idle_begin": _int(idle[0]),
            "idle_end": _int(idle[1]),
            "missing": one.windows.missing,
            "way": one.windows.way,
            "vector": _int(one.vector),
        }
        connection.execute(inserting(POWER_PASS), row)
        windows = [
            {
                "session_id": session_id,
                "pass_number": number,
                "number": place,
                "begin": int(window.begin),
                "end": int(window.end),
                "energy_j": float(window.energy_j) if math.isfinite(window.energy_j) else None,
                "invalid": window.invalid,
            }
            for place, window in enumerate(one.windows.windows)
        ]
        if windows:
            connection.execute(inserting(POWER_WINDOW), windows)


def _int(number: int | None) -> int | None:
    return None if number is None else int(number)
