"""A verdict at a glance: a sign and a word for each, as reports and pages show them."""

from __future__ import annotations

from hil.measure.verdicts import Outcome, Verdict
from hil_db.comparing import outcome_of

Mark = tuple[str, str, str]  # a sign, a word, a class of a style sheet

MARKS: dict[Outcome, Mark] = {
    Outcome.REGRESSION: ("✗", "worse", "worse"),
    Outcome.IMPROVEMENT: ("✓", "better", "better"),
    Outcome.UNCHANGED: ("=", "unchanged", "same"),
    Outcome.NEW: ("+", "new", "new"),
    Outcome.NO_DATA: ("∅", "no data", "none"),
    Outcome.NOT_COMPARABLE: ("≠", "not comparable", "unlike"),
}
UNJUDGED = ("?", "not judged", "same")
TOLERATED = ("=", "tolerated", "same")


def mark_of(verdict: Verdict) -> Mark:
    """(mark, word, class) of a verdict."""
    if verdict.tolerated:
        return TOLERATED
    if verdict.outcome is Outcome.NO_DATA and verdict.after is not None:
        return UNJUDGED
    return MARKS[outcome_of(verdict)]
