"""The newest of each board, model and precision."""

from __future__ import annotations

from dataclasses import dataclass

from hil_dashboards.reading import selects
from hil_dashboards.reading.columns import Rows
from hil_dashboards.reading.database import RunHead, newest_run, reading, rows, values


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


def read_matrix(url: str | None) -> MatrixData:
    """The newest session of each board, model and precision, and the newest value of each metric.

    Values come from finished sessions. StoreError when the database cannot be read.
    """
    with reading(url) as connection:
        return MatrixData(
            newest_run(connection),
            rows(connection, selects.newest_sessions()),
            values(connection, selects.newest_values()),
            rows(connection, selects.most_vectors()),
            rows(connection, selects.profiled_cases()),
            rows(connection, selects.traced_cases()),
        )
