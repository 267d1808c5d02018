"""What changed between two runs, as a grid: the worst first."""

from __future__ import annotations

from math import inf
from typing import Any

from dash.development.base_component import Component

from hil.gate.marks import mark_of
from hil.gate.result import MOVED, ORDER, Result
from hil.gate.wording import change, title, values
from hil.measure.verdicts import Verdict
from hil_dashboards.choices.places import image_place
from hil_dashboards.pages.grid import amount, column, table
from hil_db.comparing import Compared, Comparison, outcome_of

MOST = 500  # rows: more nobody reads, and they take the browser's time
_UNKNOWN = 1e9  # a share that is not known stands before all others


def moved(comparison: Comparison) -> list[tuple[Compared, Verdict]]:
    """What got better or worse by as much as matters, the worst first, and of that what changed most."""
    found = [
        (one, verdict)
        for one in Result(comparison).cases
        for verdict in one.verdicts
        if outcome_of(verdict) in MOVED
    ]
    return sorted(found, key=lambda pair: (ORDER.index(outcome_of(pair[1])), -_share(pair[1])))


def changes_table(comparison: Comparison) -> Component:
    """The first of them, each with the way to the image in both runs."""
    before = comparison.before
    assert before is not None, "nothing changed from nothing"
    rows = [_row(comparison.now.id, before.id, *pair) for pair in moved(comparison)[:MOST]]
    columns = [
        column("Verdict", "word", rows, "Verdict", more=16),
        column("Model", "name", rows, "Link"),
        column("Board", "board", rows),
        column("Metric", "title", rows),
        column("Before", "before", rows, "Amount"),
        column("Now", "now", rows, "Amount", cellClass=["ag-right-aligned-cell", "strong"]),
        column("Change", "change", rows, "Amount"),
        column("Obtained", "obtained", rows, "Badge", more=16),
        column("Because", "reason", rows),
    ]
    return table(columns, rows)


def _row(now: int, before: int, one: Compared, verdict: Verdict) -> dict[str, Any]:
    sign, word, kind = mark_of(verdict)
    held = verdict.after or verdict.before
    assert held is not None, "what changed has values"
    numbers = [0.0 if of is None else of.value for of in (verdict.before, verdict.after)]
    if verdict.alone is not None:
        numbers = [verdict.alone.before, verdict.alone.after]
    said = values(verdict)
    return {
        "word": word,
        "sign": sign,
        "verdict": kind,
        "name": f"{one.case.model} {one.case.precision}",
        "href": image_place(before, now, *one.case),
        "board": one.case.board,
        "title": title(verdict),
        "before": amount(numbers[0], said[0]),
        "now": amount(numbers[1], said[1]),
        "change": amount(min(_share(verdict), _UNKNOWN), change(verdict).replace("-", "−")),
        "obtained": f"{held.method} {held.technique}",
        "method": held.method,
        "technique": held.technique,
        "reason": verdict.reason,
    }


def _share(verdict: Verdict) -> float:
    return abs(verdict.share) if verdict.share is not None else inf
