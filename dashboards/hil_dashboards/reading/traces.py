"""What pages show of a trace: the pass that is asked for, its samples, or why there are none."""

from __future__ import annotations

import json

from hil.errors import HilError
from hil_dashboards.choices.trace import TraceChoice, parse_points, parse_trace
from hil_dashboards.reading.samples import Seen, Shown, points
from hil_dashboards.reading.trace import TraceData, read_pass
from hil_db import engine, shelf
from hil_db.shelf import Shelf
from hil_db.traced import StoredPass, trace_of

_SHOWN = Shown()


def chosen(data: TraceData, choice: TraceChoice) -> StoredPass | None:
    """The pass of that number, else the first; None when there is none."""
    numbered = (one for one in data.passes if one.number == choice.number)
    return next(numbered, next(iter(data.passes), None))


def look(kept: Shelf, one: StoredPass | None) -> Seen | str:
    """The samples of a pass, or why they cannot be shown."""
    if one is None:
        return "no power probe saw this session"
    if one.trace is None:
        return one.untraced or "no reason is stored"
    try:
        return _SHOWN.get(one.trace, lambda: trace_of(kept, one))
    except HilError as error:
        return str(error)


def answer(url: str | None, search: str) -> tuple[int, str]:
    """The points of a stretch as JSON, with the status of HTTP; in their place ``why`` there are none."""
    choice = parse_trace(search)
    try:
        one = None if choice.session is None else read_pass(url, choice.session, choice.number)
        seen = look(shelf.of(engine.parse(url)), one)
    except HilError as error:
        seen = str(error)
    if isinstance(seen, str):
        return 404, json.dumps({"why": seen})
    begin, end = (choice.begin, choice.end) if choice.begin is not None else (0.0, seen.seconds)
    found = points(seen, begin or 0.0, end or 0.0, parse_points(search))
    return 200, json.dumps(found.stored(), separators=(",", ":"))
