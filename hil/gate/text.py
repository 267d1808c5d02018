"""A comparison for a terminal: what changed, the worst first, why, and in one line what did not."""

from __future__ import annotations

from collections.abc import Sequence

from hil.escaping import escaped
from hil.gate.result import MOVED, Result
from hil.gate.wording import (
    change,
    commit_lines,
    is_noisy,
    not_compared,
    summary,
    title,
    touching_lines,
    unlike_labs,
    values,
    vector_lines,
    way,
    why_lines,
)
from hil.measure.verdicts import Outcome, Verdict
from hil.text.table import table_lines
from hil_db.comparing import Compared, outcome_of
from hil_db.references import StoredRun

_LONGEST = 300  # letters of a reason


def text_lines(result: Result) -> list[str]:
    """The comparison, in lines of at most 80 letters where names are short."""
    comparison = result.comparison
    now, before = comparison.now, comparison.before
    lines = [now.told, _against(before)]
    for one in result.cases:
        verdicts = result.stands_out(one)
        if verdicts is not None:
            lines += ["", *_case(result, one, verdicts)]
    if comparison.before is not None:  # else all is new
        rest = not_compared(comparison, result.failing)
        lines += ["", *rest] if rest else []
    lines += ["", summary(comparison)]
    unlike = unlike_labs(comparison)
    if unlike is not None:
        lines.append(unlike)
    if result.changed:
        lines += commit_lines(result.commits)
    return [escaped(line) for line in lines]


def _against(before: StoredRun | None) -> str:
    if before is None:
        return "against nothing: it is the first"
    named = before.name not in ("", str(before.id))
    return f"against {before.told}" + (f", {before.name!r}" if named else "")


def _case(result: Result, one: Compared, verdicts: Sequence[Verdict]) -> list[str]:
    head = f"{one.outcome.upper()}  {one.case.told}"
    if one.alone is not None:
        return [head, f"  {_cut(one.reason or '')}"]
    lines = [head]
    moved = [verdict for verdict in verdicts if outcome_of(verdict) in MOVED]
    if moved:
        body = [
            [title(verdict), before, "->", after, change(verdict), _way(verdict)]
            for verdict in moved
            for before, after in [values(verdict)]
        ]
        lines += [f"  {line}" for line in table_lines([""] * 6, body, rule=False, left=(0, 2, 5))[1:]]
    lines += [f"    {title(verdict)}: {verdict.reason}" for verdict in moved if is_noisy(verdict)]
    lines += [f"    {line}" for line in vector_lines(moved)]
    for why in result.why(one):
        lines += [f"    {line}" for line in why_lines(why)]
    if moved:
        lines += [f"    {line}" for line in touching_lines(result.of_models.get(one.case.model, ()))]
    lines += [
        f"  {title(verdict)}: {outcome_of(verdict)}, {verdict.reason}"
        for verdict in verdicts
        if verdict not in moved
    ]
    return lines


def _way(verdict: Verdict) -> str:
    return way(verdict) + (", better" if verdict.outcome is Outcome.IMPROVEMENT else "")


def _cut(said: str) -> str:
    """In one line, as long as anybody reads."""
    line = " ".join(said.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
