"""A metric over runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hil.metrics import INSTRUCTIONS
from hil_dashboards.choices.series import FILTERS, Choice, Filter
from hil_dashboards.reading import selects
from hil_dashboards.reading.columns import Rows
from hil_dashboards.reading.database import RunHead, names, newest_run, reading, values
from hil_db.schema import MEASURE, SESSION


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


def read_series(url: str | None, choice: Choice) -> SeriesData:
    """Every value of the choice's metric, oldest first; without one, of the usual one or the first there is.

    Names in the choice that nothing is stored of are ignored.
    A session that ended before it had a value is a row whose ``value`` is None.
    StoreError when the database cannot be read.
    """
    with reading(url) as connection:
        metrics = names(connection, MEASURE.c.metric)
        known: dict[Filter, list[str]] = {
            "model": names(connection, SESSION.c.model),
            "board": names(connection, SESSION.c.board),
            "precision": names(connection, SESSION.c.precision),
        }
        kept = choice.within(known)
        ignored = [name for which in FILTERS for name in choice.names(which) if name not in known[which]]
        if choice.metric is not None and choice.metric not in metrics:
            kept = replace(kept, metric=None)
            ignored.insert(0, choice.metric)
        usual = INSTRUCTIONS.name if INSTRUCTIONS.name in metrics else next(iter(metrics), None)
        metric = kept.metric or usual
        return SeriesData(
            newest_run(connection),
            kept,
            ignored,
            metric,
            metrics,
            known["model"],
            known["board"],
            known["precision"],
            values(connection, selects.series(kept, metric)) if metric else [],
        )
