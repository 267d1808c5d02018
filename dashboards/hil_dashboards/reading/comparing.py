"""Makes a comparison that a page did not wait for: the page asks here, and is then shown anew."""

from __future__ import annotations

import json
from pathlib import Path

from hil.errors import HilError
from hil.thresholds import load_thresholds
from hil_dashboards.choices.run import parse_comparing
from hil_dashboards.reading.comparisons import made_if_free, summary_of
from hil_dashboards.reading.database import reading
from hil_db import engine
from hil_db.references import baseline_run, checked_run

LATER = 503  # another is being made: ask again


def answer(url: str | None, search: str) -> tuple[int, str]:
    """What came of a comparison as JSON, with the status of HTTP; in its place ``why`` there is none."""
    asked = parse_comparing(search)
    if asked is None:
        return 404, json.dumps({"why": "the address names no two runs"})
    place = engine.parse(url)
    try:
        thresholds = load_thresholds(None, Path.cwd())
        with reading(url) as connection:
            now = checked_run(connection, str(asked[0]), place)
            before = baseline_run(connection, str(asked[1]), place, now)
            found = made_if_free(connection, now, before, thresholds, place)
            if found is None:
                return LATER, json.dumps({"why": "another comparison is being made"})
            told = summary_of(found)
    except HilError as error:
        return 404, json.dumps({"why": str(error)})
    return 200, json.dumps({"worse": told.worse, "better": told.better, "told": told.told})
