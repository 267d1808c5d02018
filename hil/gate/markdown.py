"""A comparison as a pull request's comment: a line when all is fine, else a table and who is to blame.

Names come from models, compilers and commits: each stands in ``<code>``, where nobody is mentioned and no
number becomes a link, with entities for what Markdown or HTML would obey.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from hil.escaping import escaped
from hil.gate.result import MOVED, ORDER, Result
from hil.gate.wording import (
    change,
    commit_lines,
    conditions,
    is_noisy,
    not_compared,
    summary,
    title,
    touching_lines,
    unlike_labs,
    values,
    vector_lines,
    way,
    who,
    why_lines,
)
from hil.measure.verdicts import Outcome, Verdict
from hil_db.comparing import Compared, outcome_of
from hil_db.references import StoredRun

_ROWS = 60  # GitHub takes 65,536 letters
_DETAILS = 12
_LONGEST = 120  # letters of a name
_OBEYED = re.compile(r"[\\`*\[\]<>()#!|&@~$:\"']|(?<![^\W_])_|_(?![^\W_])|(?<=www)\.", re.IGNORECASE)


def markdown_text(result: Result) -> str:
    """The comment, GitHub's Markdown, which GitLab shows as well."""
    comparison = result.comparison
    before = "is the first" if comparison.before is None else f"against {_run(comparison.before)}"
    against = f"{_run(comparison.now)} {before}"
    failing = result.failing
    shown = [(one, verdicts) for one in result.cases if (verdicts := result.stands_out(one)) is not None]
    rest = [] if comparison.before is None else not_compared(comparison, failing)  # else all is new
    heads = {0: "fine", 1: "worse than before", 3: "no data"}
    if result.code == 1 and Outcome.REGRESSION not in failing:
        heads[1] = "something to look at"
    lines = [f"**HIL bench: {heads[result.code]}.** {against}: {summary(comparison)}."]
    unlike = unlike_labs(comparison)
    if unlike is not None:
        lines += ["", _code(unlike)]
    rows = [row for one, verdicts in shown for row in _rows(result, one, verdicts)]
    if rows:
        lines += ["", "| | image | metric | before -> after | change | who |", "|---|---|---|---|--:|---|"]
        lines += rows[:_ROWS]
    if len(rows) > _ROWS:
        lines += ["", f"And {len(rows) - _ROWS} more rows: `hil check` shows them all."]
    if result.changed:
        lines += _why(result, shown)
        lines += _details("Commits between", [_code(line) for line in commit_lines(result.commits)])
    lines += _details("New, or not compared", [f"- {_code(line)}" for line in rest])
    lines += _details(
        "How the values were obtained", _ways([held for _, verdicts in shown for held in verdicts])
    )
    return "\n".join(lines) + "\n"


def _rows(result: Result, one: Compared, verdicts: Sequence[Verdict]) -> list[str]:
    image = _code(one.case.told)
    if one.alone is not None:
        return [f"| {_word(one.outcome)} | {image} | | | | {_code(one.reason or '')} |"]
    blame = who(result.why(one))
    rows = []
    for verdict in verdicts:
        outcome = outcome_of(verdict)
        if outcome in MOVED:
            moved = " -> ".join(values(verdict))
            last = _code(blame) if blame is not None else ""
        else:
            moved, last = "", _code(verdict.reason)
        cells = (_word(outcome), image, _plain(title(verdict)), moved, change(verdict), last)
        rows.append(f"| {' | '.join(cells)} |")
        image, blame = "", None
    return rows


def _why(result: Result, shown: Sequence[tuple[Compared, Sequence[Verdict]]]) -> list[str]:
    lines: list[str] = []
    explained = [(one, verdicts) for one, verdicts in shown if result.why(one)]
    for one, verdicts in explained[:_DETAILS]:
        lines += ["", f"{_code(one.case.told)}", ""]
        told = vector_lines(verdicts)
        told += [line for why in result.why(one) for line in why_lines(why)]
        told += touching_lines(result.of_models.get(one.case.model, ()))
        lines += [f"- {_code(line)}" for line in told]
    if len(explained) > _DETAILS:
        lines += ["", f"And {len(explained) - _DETAILS} more images."]
    return _details("Why", lines[1:]) if lines else []


def _details(head: str, lines: Sequence[str]) -> list[str]:
    """Lines that stay folded until they are asked for; those that make a list keep their marks."""
    if not lines:
        return []
    body = [line if not line or line.startswith("- ") else f"{line}  " for line in lines]
    return ["", "<details>", f"<summary>{head}</summary>", "", *body, "", "</details>"]


def _ways(verdicts: Sequence[Verdict]) -> list[str]:
    found = {
        f"- {_plain(verdict.metric.title)}: {_code(_obtained(verdict))}": None
        for verdict in sorted(verdicts, key=lambda one: ORDER.index(outcome_of(one)))
        if way(verdict)
    }
    return list(found)


def _obtained(verdict: Verdict) -> str:
    """By which method, under which conditions, and for a noisy value what tells that it changed."""
    told = [way(verdict), conditions(verdict), verdict.reason if is_noisy(verdict) else ""]
    return "; ".join(filter(None, told))


def _word(outcome: Outcome) -> str:
    return f"**{outcome}**" if outcome is Outcome.REGRESSION else str(outcome)


def _run(run: StoredRun) -> str:
    about = [_code(part) for part in (run.branch, run.commit and run.commit[:10]) if part]
    if run.origin is not None:
        about.append(f"imported from {_code(run.origin)}")
    return f"run {run.id}" + (f" ({', '.join(about)})" if about else "")


def _code(said: str) -> str:
    text = said if len(said) <= 4 * _LONGEST else f"{said[: 4 * _LONGEST]}…"
    return f"<code>{_plain(text)}</code>"


def _plain(said: str) -> str:
    return _OBEYED.sub(lambda found: f"&#{ord(found[0])};", escaped(said))
