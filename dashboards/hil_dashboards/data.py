"""What the database's answers look like: the columns of rows, and what a page is given of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hil.measure.profile import Profile
from hil_dashboards.choice import Choice
from hil_db.records import Status
from hil_db.schema import MEASURE_COLUMNS
from hil_db.shelf import Shelf
from hil_db.traced import StoredPass

CASE_COLUMNS = ("board", "kind", "model", "precision")
SESSION_COLUMNS = (
    "session",
    "run",
    "time",
    *CASE_COLUMNS,
    "status",
    "error",
    "commit",
    "dirty",
    "note",
    "image",
    "vectors",
)
VALUE_COLUMNS = (*SESSION_COLUMNS, *MEASURE_COLUMNS)  # conditions are told in words, empty without any
MOST_COLUMNS = (*CASE_COLUMNS, "most")

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class RunHead:
    """One run with its status as of now; ``started`` is in UTC, ``note`` what its commit does not tell.

    ``incidents`` has a line on each failure of the bench itself in it, the first ones.
    """

    id: int
    started: datetime
    status: Status
    host: str
    commit: str | None
    dirty: bool | None
    note: str | None
    incidents: tuple[str, ...] = ()


@dataclass(frozen=True)
class MatrixData:
    """``sessions`` has SESSION_COLUMNS, ``values`` VALUE_COLUMNS, ``most`` MOST_COLUMNS.

    ``most`` is the largest number of vectors a session of each case ever took; ``profiled`` (CASE_COLUMNS)
    are the cases of which a profile is stored, ``traced`` those that a power probe saw. ``newest`` is None
    without a run that has results.
    """

    newest: RunHead | None
    sessions: Rows
    values: Rows
    most: Rows
    profiled: Rows
    traced: Rows


@dataclass(frozen=True)
class SeriesData:
    """``values`` of one ``metric``, with VALUE_COLUMNS, and what there is to choose from.

    ``choice`` is what was asked for without what nothing is stored of; ``ignored`` is that.
    """

    newest: RunHead | None
    choice: Choice
    ignored: list[str]
    metric: str | None
    metrics: list[str]
    models: list[str]
    boards: list[str]
    precisions: list[str]
    values: Rows


@dataclass(frozen=True)
class ProfileData:
    """The profile of one session, and its estimate.

    ``session`` has SESSION_COLUMNS and ``cycles`` VALUE_COLUMNS: what the profile's technique says an
    inference takes. ``runs`` are the newest that have a profile of the same case. Without one, ``session``
    and ``profile`` are None.
    """

    newest: RunHead | None
    runs: list[int]
    session: tuple[Any, ...] | None
    profile: Profile | None
    cycles: tuple[Any, ...] | None


@dataclass(frozen=True)
class TraceData:
    """The passes of one session on a power probe; without any ``session`` is None, or ``passes`` are empty.

    ``session`` has SESSION_COLUMNS, ``values`` (VALUE_COLUMNS) are what passes tell. ``others`` are runs that
    have passes of the same case, newest first, each with its session.
    """

    newest: RunHead | None
    session: tuple[Any, ...] | None
    passes: tuple[StoredPass, ...]
    values: Rows
    others: tuple[tuple[int, int], ...]
    shelf: Shelf
