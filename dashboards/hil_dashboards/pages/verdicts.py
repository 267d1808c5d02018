"""Verdicts as rows of a grid: before and now, by how much it changed, and what that rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from dash.development.base_component import Component

from hil.gate.marks import MARKS, Mark, mark_of
from hil.gate.result import MOVED, ORDER
from hil.gate.wording import change
from hil.measure.vectors import signed_percent
from hil.measure.verdicts import Outcome, Verdict
from hil.text.wording import conditions_text
from hil.values import Measure
from hil_dashboards import text
from hil_dashboards.choices.places import image_place
from hil_dashboards.pages.deferred import deferred_grid
from hil_dashboards.pages.grid import amount, column, table
from hil_db.comparing import Case, Compared, Comparison, outcome_of

MOST = 500  # rows of changes: more nobody reads, and they take the browser's time
_UNKNOWN = 1e9  # a share that is not known stands before all others

Row = dict[str, Any]


def moved(comparison: Comparison) -> list[tuple[Compared, Verdict]]:
    """What got better or worse by as much as matters, the worst first, and of that what changed most."""
    found = [
        (one, verdict) for one in comparison.cases for verdict in one.verdicts if outcome_of(verdict) in MOVED
    ]
    return sorted(found, key=lambda pair: (order_of(pair[1]), pair[0].case))


def changes_table(comparison: Comparison) -> list[Component]:
    """The first of them, each with the way to the image in both runs."""
    before = comparison.before
    assert before is not None, "nothing changed from nothing"
    rows = [
        verdict_row(verdict) | case_row(one.case, image_place(before.id, comparison.now.id, *one.case))
        for one, verdict in moved(comparison)[:MOST]
    ]
    columns = verdict_columns(rows, case_columns(rows))
    return [table(columns, rows)]


def case_row(case: Case, href: str) -> Row:
    """The fields of a row on whose image something is, which leads to an address."""
    return {"name": f"{case.model} {case.precision}", "href": href, "board": case.board}


def case_columns(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The columns of such fields."""
    return [column("Model", "name", rows, "Link"), column("Board", "board", rows)]


def verdict_row(verdict: Verdict) -> Row:
    """A verdict's fields of a row; ``conditions`` stand beside how the values were obtained."""
    held = verdict.after or verdict.before
    alone = verdict.alone
    before, after = (
        (_value(verdict.before), _value(verdict.after)) if alone is None else (alone.before, alone.after)
    )
    title = verdict.metric.title + (f", vector {alone.vector}" if alone is not None else "")
    share = verdict.share
    row = marked(mark_of(verdict)) | {
        "metric": title,
        "before": _amount(verdict.before, before),
        "now": _amount(verdict.after, after),
        "change": None,
        "reason": verdict.reason.replace(" -", " −"),
        "obtained": None,
    }
    said = moved_text(verdict)
    if said:
        row["change"] = amount(share if share is not None else _UNKNOWN, said)
    if held is not None:
        row |= {"obtained": f"{held.method} {held.technique}", "method": str(held.method)}
        row |= {"technique": held.technique, "conditions": conditions_text(held.conditions)}
    return row


def alone_row(outcome: Outcome, reason: str) -> Row:
    """The fields of a row on an image without verdicts."""
    return marked(MARKS[outcome]) | {
        "metric": "all",
        "before": None,
        "now": None,
        "change": None,
        "reason": reason,
        "obtained": None,
    }


def marked(mark: Mark) -> Row:
    """The fields that a cell of a mark shows."""
    sign, word, kind = mark
    return {"sign": sign, "word": word, "verdict": kind}


def verdict_columns(rows: Sequence[Row], between: Iterable[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """The columns of such rows; others stand behind the verdict."""
    return [
        column("Verdict", "word", rows, "Verdict", more=20),
        *between,
        column("Metric", "metric", rows, **_over_runs(rows)),
        column("Before", "before", rows, "Amount"),
        column("Now", "now", rows, "Amount", cellClass=["ag-right-aligned-cell", "strong"]),
        column("Change", "change", rows, "Amount"),
        column("Obtained", "obtained", rows, "Badge", more=12),
        column("It rests on", "reason", rows),
    ]


def _over_runs(rows: Sequence[Row]) -> dict[str, Any]:
    """Metrics lead to their values over runs, where rows have the address of those."""
    if not any("series" in row for row in rows):
        return {}
    return {"cellRenderer": "Link", "cellRendererParams": {"to": "series"}}


def listed(name: str, columns: Sequence[dict[str, Any]], rows: Sequence[Row]) -> list[Component]:
    """A grid that is drawn once the page is there."""
    return [deferred_grid(name, table(columns, rows))]


def moved_text(verdict: Verdict) -> str:
    """By how much it changed; empty where it is not compared, or did not."""
    old, new = verdict.before, verdict.after
    if old is None or new is None or outcome_of(verdict) is Outcome.NOT_COMPARABLE:
        return ""
    if verdict.share is None and not verdict.metric.share and old.value and new.value != old.value:
        return _signed(signed_percent((new.value - old.value) / abs(old.value)))
    return "" if old.value == new.value and verdict.alone is None else _signed(change(verdict))


def order_of(verdict: Verdict) -> tuple[int, float]:
    """The worst first, of those that came out alike the one that changed most."""
    share = abs(verdict.share) if verdict.share is not None else inf
    return ORDER.index(outcome_of(verdict)), -share


def _signed(change: str) -> str:
    return change.replace("-", "−").replace(" pp", " points")


def _value(measure: Measure | None) -> float:
    return measure.value if measure is not None else 0.0


def _amount(measure: Measure | None, number: float) -> dict[str, Any] | None:
    if measure is None:
        return None
    return amount(number, text.amount(measure.metric, number, measure.unit))
