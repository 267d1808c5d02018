"""A session as it is stored: what is refused of it, and the rows that it becomes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from uuid import uuid4

from sqlalchemy import Connection

from hil.errors import StoreError
from hil.logbook import LogLine
from hil.values import Measure, Samples
from hil_db import codec, logs, newest, profiles, symbols
from hil_db.records import Incident, SessionRecord
from hil_db.rows import Row, add_image, add_row, inserting, stored_text
from hil_db.schema import INCIDENT, MEASURE, SAMPLE, SESSION


def check(record: SessionRecord) -> None:
    """StoreError when the record itself cannot be stored, in whatever database."""
    what = f"{record.model}/{record.precision}"
    for measure in record.measures:
        _check_measure(measure, what, record.board)
    if record.profile is not None:
        profiles.check(record.profile, what, record.board)
    for samples in record.samples:
        if not codec.fits(samples.values):
            raise StoreError(
                f"the samples of {samples.metric} of {record.model}/{record.precision} cannot be stored",
                board=record.board,
                evidence=f"{samples.values.dtype} of shape {samples.values.shape}",
                remedy="give a 1-D array of numbers",
            )
    for values in (record.measures, record.samples):
        names = [(value.metric, value.method, value.technique) for value in values]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise StoreError(
                f"{twice[0]} of {record.model}/{record.precision} ({twice[1]}, {twice[2]}) is given twice",
                board=record.board,
                remedy="give each value of a session once",
            )


def _check_measure(measure: Measure, what: str, board: str) -> None:
    if not math.isfinite(measure.value):
        raise StoreError(
            f"{measure.metric} of {what} is {measure.value}",
            board=board,
            remedy="store finite values only, and tell in the session's error why one is missing",
        )
    if measure.band is not None:
        low, high = measure.band
        if not (math.isfinite(low) and math.isfinite(high) and low <= measure.value <= high):
            raise StoreError(
                f"{measure.metric} of {what} is {measure.value} in a band from {low} to {high}",
                board=board,
                remedy="give a finite band that holds its value, or none",
            )
    for name, held in measure.conditions.items():
        if not isinstance(held, str) and not math.isfinite(held):
            raise StoreError(
                f"{measure.metric} of {what} holds for {name} {held}",
                board=board,
                remedy="give conditions that are text or finite numbers",
            )


def add(connection: Connection, run_id: int, record: SessionRecord) -> int:
    """Append what ``check`` lets through, but for its power traces; returns its id."""
    row = {
        "run_id": run_id,
        "board": record.board,
        "kind": record.kind,
        "model": record.model,
        "precision": record.precision,
        "started": record.started,
        "finished": record.finished,
        "status": record.status,
        "error": stored_text(record.error) if record.error is not None else None,
        "vectors_sha256": record.vectors_sha256,
        "versions": dict(record.versions),
        "uid": record.uid or uuid4().hex,
        "probe": stored_text(record.probe) if record.probe is not None else None,
        "inputs_sha256": record.inputs_sha256,
    }
    image = _image(record)
    row["image_id"] = add_image(connection, image) if image is not None else None
    number = add_row(connection, SESSION, row)
    measures = _add_children(connection, number, record)
    newest.note(connection, number, row, measures, record.profile is not None)
    add_incidents(connection, run_id, number, record.incidents)
    return number


def _image(record: SessionRecord) -> Row | None:
    manifest = record.manifest
    if manifest is None:
        return None
    return {
        "sha256": manifest.sha256,
        "kind": manifest.kind,
        "model": manifest.model,
        "precision": manifest.precision,
        "build_id": manifest.build_id,
        "source_sha256": manifest.source_sha256,
        "toolchain": manifest.toolchain,
        "sections": dict(manifest.sections),
        "symbols": symbols.pack(record.symbols),
    }


def _add_children(connection: Connection, session_id: int, record: SessionRecord) -> list[Row]:
    """Add what is the session's alone; returns its measures' rows."""
    measures = [_measure(measure) for measure in record.measures]
    samples = [_samples(values) for values in record.samples]
    for table, rows in ((MEASURE, measures), (SAMPLE, samples)):
        if rows:
            connection.execute(inserting(table), [{"session_id": session_id, **row} for row in rows])
    if record.profile is not None:
        profiles.add(connection, record.profile, session_id)
    if record.log:
        lines = [LogLine(line.time, stored_text(line.text)) for line in record.log]
        logs.add(connection, session_id, lines)
    return measures


def add_incidents(
    connection: Connection, run_id: int, session_id: int | None, incidents: Sequence[Incident]
) -> None:
    """What befell the bench; of no session where that is None."""
    rows = [
        {
            "uid": one.uid or uuid4().hex,
            "run_id": run_id,
            "session_id": session_id,
            "board": one.board,
            "kind": one.kind,
            "action": stored_text(one.action),
            "time": one.time,
            "evidence": stored_text(one.evidence) if one.evidence is not None else None,
            "seconds": _float(one.seconds),
        }
        for one in incidents
    ]
    if rows:
        connection.execute(inserting(INCIDENT), rows)


def _measure(measure: Measure) -> Row:
    low, high = measure.band if measure.band is not None else (None, None)
    return {
        "metric": measure.metric,
        "value": float(measure.value),
        "unit": measure.unit,
        "method": measure.method,
        "technique": measure.technique,
        "resolution": _float(measure.resolution),
        "low": _float(low),
        "high": _float(high),
        "conditions": {
            name: held if isinstance(held, str) else float(held) for name, held in measure.conditions.items()
        },
    }


def _float(number: float | None) -> float | None:
    return None if number is None else float(number)


def _samples(samples: Samples) -> Row:
    return {
        "metric": samples.metric,
        "unit": samples.unit,
        "method": samples.method,
        "technique": samples.technique,
        "dtype": samples.values.dtype.str[1:],
        "count": len(samples.values),
        "codec": codec.CODEC,
        "blob": codec.pack(samples.values),
    }
