"""What a search came to, for a terminal and as JSON."""

from __future__ import annotations

import json
from typing import Any

from hil.bisect.finding import Finding, Mark, Origin, Seen, Step
from hil.bisect.repository import Told
from hil.escaping import escaped
from hil.gate.data import verdict_data, why_data
from hil.gate.wording import change, one_line, title, title_of, value, values, vector_lines, why_lines
from hil.metrics import lookup

FORM = 1
_MOST_LEFT = 20
_WHOLE = 0.995  # of the change: no more is told of the rest


def seen_line(seen: Seen) -> str:
    """A commit that was looked at: what it turned out to be, and by which value."""
    told = f"{seen.mark:<4}  {seen.commit.short}"
    if seen.reason is not None:
        return escaped(f"{told}: {seen.reason}")
    parts = []
    if seen.measure is not None:
        moved = change(seen.verdict) if seen.verdict is not None and seen.verdict.share else ""
        held = f"{title_of(seen.measure)} {value(seen.measure)}"
        if seen.verdict is not None and seen.verdict.alone is not None:
            held = f"{title(seen.verdict)} {values(seen.verdict)[1]}"
        parts.append(f"{held} ({moved})" if moved else held)
    if seen.run is not None:
        how = "" if seen.origin is Origin.RAN else f", {seen.origin}"
        parts.append(f"run {seen.run.id}{how}")
    return escaped(f"{told}: {', '.join(parts)}" if parts else told)


def text_lines(finding: Finding) -> list[str]:
    """What it came to, and why."""
    metric = lookup(finding.metric).title
    if finding.unchanged is not None:
        verdict = finding.bad.verdict
        held = f" ({one_line(verdict)})" if verdict is not None else ""
        lines = [f"nothing to look for: {metric} of {finding.case.told}: {finding.unchanged}{held}"]
    elif finding.step is not None:
        lines = _found(finding, finding.step)
    else:
        lines = _undecided(finding)
    return [escaped(line) for line in [*lines, _effort(finding)]]


def _found(finding: Finding, step: Step) -> list[str]:
    commit = step.after.commit
    lines = [
        f"first bad commit: {commit.sha}",
        f"  {commit.subject}",
        f"  {commit.author}, {commit.date}",
        "",
        finding.case.told,
    ]
    if step.verdict is not None:
        lines.append(f"  {one_line(step.verdict)}")
        lines += [f"    {line}" for line in vector_lines([step.verdict])]
    lines += [f"    {line}" for why in step.why for line in why_lines(why)]
    if step.share is not None and abs(step.share - 1) > 1 - _WHOLE:
        lines += [
            f"  {step.share:.0%} of the change between the two ends; the rest is in others:",
            f"  {finding.good.commit.sha[:10]} to {step.before.commit.sha[:10]}, or "
            f"{commit.sha[:10]} to {finding.bad.commit.sha[:10]}",
        ]
    return lines


def _undecided(finding: Finding) -> list[str]:
    lines = [f"the first bad commit is one of these {len(finding.left)}; the others could not be looked at:"]
    reasons = {seen.commit.sha: seen.reason for seen in finding.seen if seen.mark is Mark.SKIP}
    for commit in finding.left[:_MOST_LEFT]:
        lines.append(f"  {commit.short}" + ("" if commit.sha in reasons else " (bad)"))
    if len(finding.left) > _MOST_LEFT:
        lines.append(f"  and {len(finding.left) - _MOST_LEFT} more")
    return lines


def _effort(finding: Finding) -> str:
    commits = f"{finding.between} commit{'s' if finding.between != 1 else ''}"
    return f"{commits}, {finding.runs} run{'s' if finding.runs != 1 else ''}, {finding.seconds:.0f} s"


def json_text(finding: Finding) -> str:
    """The whole of it, as one object; docs/bisect.md describes it, names are only added to it."""
    step = finding.step
    whole = {
        "form": FORM,
        "exit_code": finding.code,
        "image": finding.case._asdict(),
        "metric": finding.metric,
        "good": finding.good.commit.sha,
        "bad": finding.bad.commit.sha,
        "first_bad": None if step is None else _commit(step.after.commit),
        "before": None if step is None else _commit(step.before.commit),
        "change": None if step is None or step.verdict is None else verdict_data(step.verdict),
        "share": None if step is None else step.share,
        "why": [] if step is None else [why_data(why) for why in step.why],
        "left": [_commit(commit) for commit in finding.left],
        "reason": finding.unchanged,
        "seen": [_seen(seen) for seen in finding.seen],
        "commits": finding.between,
        "runs": finding.runs,
        "seconds": round(finding.seconds, 1),
    }
    return json.dumps(whole, indent=1)


def _commit(commit: Told) -> dict[str, Any]:
    return {"commit": commit.sha, "subject": commit.subject, "author": commit.author, "date": commit.date}


def _seen(seen: Seen) -> dict[str, Any]:
    return {
        "commit": seen.commit.sha,
        "mark": str(seen.mark),
        "value": None if seen.measure is None else seen.measure.value,
        "run": None if seen.run is None else seen.run.id,
        "origin": None if seen.origin is None else str(seen.origin),
        "reason": seen.reason,
    }
