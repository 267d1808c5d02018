"""A comparison as JSON, whose form docs/verdicts.md describes: names are only added to it."""

from __future__ import annotations

import json
from typing import Any

from hil.gate.result import Result
from hil.measure.verdicts import Verdict
from hil.measure.why import Part
from hil.values import Measure
from hil_db.comparing import Compared, outcome_of
from hil_db.explaining import Why
from hil_db.references import StoredRun

FORM = 1


def json_text(result: Result) -> str:
    """The whole of it, every metric of every image, as one object."""
    commits, before = result.commits, result.comparison.before
    whole = {
        "form": FORM,
        "exit_code": result.code,
        "fail_on": [str(one) for one in result.fails_on],
        "run": _run(result.comparison.now),
        "baseline": None if before is None else _run(before) | {"name": before.name},
        "images": [_case(result, one) for one in result.cases],
        "commits": {
            "between": [{"commit": one.sha, "subject": one.subject} for one in commits.commits],
            "missing": commits.missing,
            "note": commits.note,
        },
    }
    return json.dumps(whole, indent=1)


def _run(run: StoredRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "uid": run.uid,
        "started": run.started.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "status": str(run.status),
        "commit": run.commit,
        "dirty": run.dirty,
        "branch": run.branch,
        "host": run.host,
        "origin": run.origin,
    }


def _case(result: Result, one: Compared) -> dict[str, Any]:
    return {
        **one.case._asdict(),
        "outcome": str(one.outcome),
        "reason": one.reason,
        "note": one.note,
        "metrics": [verdict_data(verdict) for verdict in one.verdicts],
        "why": [why_data(why) for why in result.why(one)],
        "commits": [commit.sha for commit in result.of_models.get(one.case.model, ())],
    }


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """A verdict, as docs/verdicts.md describes it."""
    held = verdict.after or verdict.before
    return {
        "metric": verdict.metric.name,
        "outcome": str(outcome_of(verdict)),
        "tolerated": verdict.tolerated,
        "before": _value(verdict.before),
        "after": _value(verdict.after),
        "change": verdict.share,
        "unit": held.unit if held is not None else verdict.metric.unit,
        "method": str(held.method) if held is not None else None,
        "technique": held.technique if held is not None else None,
        "reason": verdict.reason,
        "moved": _moved(verdict),
    }


def _moved(verdict: Verdict) -> dict[str, Any] | None:
    """Which vectors changed of an exact metric."""
    held = verdict.vectors
    if held is None:
        return None
    most = {"vector": held.most.vector, "before": held.most.before, "after": held.most.after}
    return {"changed": held.changed, "count": held.count, "mean": held.before, "net": held.net, "most": most}


def _value(measure: Measure | None) -> float | None:
    return None if measure is None else measure.value


def why_data(why: Why) -> dict[str, Any]:
    """What is behind the change of a metric, as docs/verdicts.md describes it."""
    return {
        "metric": why.metric,
        "unit": why.unit,
        "parts": [_part(part) for part in why.parts],
        "classes": [_part(part) for part in why.classes],
        "classes_of": why.classes_of,
        "vectors": [{"vector": one.vector, "before": one.before, "after": one.after} for one in why.turned],
        "note": why.note,
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "before": part.before,
        "after": part.after,
        "was": part.was,
        "joined": list(part.joined),
    }
