"""Makes comparisons that pages did not wait for, when a page asks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from hil.errors import HilError
from hil.thresholds import Thresholds, load_thresholds
from hil_dashboards.choices.run import parse_comparing
from hil_dashboards.reading.comparisons import judged_if_free, made_if_free
from hil_dashboards.reading.database import reading
from hil_db import engine
from hil_db.references import StoredRun, baseline_run, checked_run

LATER = 202  # of HTTP: another comparison is being made, ask again
_Make = Callable[[Connection, StoredRun, StoredRun, Thresholds, URL], Any]


def answer(url: str | None, search: str) -> tuple[int, str]:
    """Makes the whole comparison of two runs, after which pages show it; ``why`` it could not be made.

    The status of HTTP and JSON. An error of what is stored is an answer as well: browsers would tell another
    status in their consoles.
    """
    return _answer(url, search, made_if_free, lambda _: {})


def worse(url: str | None, search: str) -> tuple[int, str]:
    """What of a run's images is worse than in another, likewise, as a Summary."""
    return _answer(url, search, judged_if_free, asdict)


def _answer(
    url: str | None, search: str, make: _Make, told: Callable[[Any], dict[str, Any]]
) -> tuple[int, str]:
    asked = parse_comparing(search)
    if asked is None:
        return 404, json.dumps({"why": "the address names no two runs"})
    place = engine.parse(url)
    try:
        thresholds = load_thresholds(None, Path.cwd())
        with reading(url) as connection:
            now = checked_run(connection, str(asked[0]), place)
            before = baseline_run(connection, str(asked[1]), place, now)
            found = make(connection, now, before, thresholds, place)
    except HilError as error:
        return 200, json.dumps({"why": str(error)})
    return (LATER, "{}") if found is None else (200, json.dumps(told(found)))
