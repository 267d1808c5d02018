"""A comparison with what is behind it, and the exit code that it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from hil.commits import Between, OneCommit
from hil.errors import HilError
from hil.measure.verdicts import Outcome, Verdict
from hil.naming import listed, suggest
from hil_db.comparing import Compared, Comparison, outcome_of
from hil_db.explaining import Reasons, Why


class FailOn(StrEnum):
    """What may make a gate fail, as it is written behind --fail-on."""

    REGRESSION = "regression"
    NO_DATA = "no-data"
    NOT_COMPARABLE = "not-comparable"
    NEW = "new"
    IMPROVEMENT = "improvement"


FAIL_ON = (FailOn.REGRESSION, FailOn.NO_DATA)
NEVER = "never"
FINE, WORSE, NOTHING = 0, 1, 3  # 2 is for what went wrong
# Worst first, as they are told.
ORDER = (
    Outcome.REGRESSION,
    Outcome.NO_DATA,
    Outcome.NOT_COMPARABLE,
    Outcome.IMPROVEMENT,
    Outcome.NEW,
    Outcome.UNCHANGED,
)
MOVED = (Outcome.REGRESSION, Outcome.IMPROVEMENT)
_FAILS = {
    Outcome.REGRESSION: FailOn.REGRESSION,
    Outcome.NO_DATA: FailOn.NO_DATA,
    Outcome.NOT_COMPARABLE: FailOn.NOT_COMPARABLE,
    Outcome.NEW: FailOn.NEW,
    Outcome.IMPROVEMENT: FailOn.IMPROVEMENT,
}


def fail_on(text: str) -> tuple[FailOn, ...]:
    """What is in a comma-separated list, or nothing for ``never``; HilError for what is neither."""
    names = listed(text)
    if names == [NEVER]:
        return ()
    known = [*map(str, FailOn), NEVER]
    choice = f"choose from {', '.join(known)}"
    for name in names:
        if name == NEVER:
            raise HilError(f"--fail-on is {text!r}", remedy=f"{NEVER} stands alone")
        if name not in known:
            raise HilError(f"--fail-on knows no {name!r}", remedy=suggest(name, known) or choice)
    if not names:
        raise HilError("--fail-on names nothing", remedy=choice)
    return tuple(FailOn(name) for name in names)


@dataclass(frozen=True, eq=False)
class Result:
    """A comparison, why its cases changed, the commits between, and what is to fail on.

    ``of_models`` are those of the commits that touched the folder of a model, by its name.
    """

    comparison: Comparison
    reasons: Reasons = field(default_factory=dict)
    commits: Between = field(default_factory=Between)
    fails_on: Sequence[FailOn] = FAIL_ON
    of_models: Mapping[str, tuple[OneCommit, ...]] = field(default_factory=dict)

    @property
    def cases(self) -> list[Compared]:
        """The cases, the worst first, and of those that came out alike the one that changed most."""
        return sorted(
            self.comparison.cases, key=lambda one: (ORDER.index(one.outcome), -_most(one), one.case)
        )

    @property
    def code(self) -> int:
        """The exit code: 1 when something is worse, or else 3 when something is missing, or else 0."""
        found = self.failing
        if any(outcome is not Outcome.NO_DATA for outcome in found):
            return WORSE
        first = self.comparison.before is None
        nothing = not any(
            one.verdicts or (first and one.alone is Outcome.NEW) for one in self.comparison.cases
        )
        return NOTHING if found or (nothing and FailOn.NO_DATA in self.fails_on) else FINE

    @property
    def failing(self) -> set[Outcome]:
        """The outcomes of cases and metrics that are to fail on."""
        found = {one.alone for one in self.comparison.cases if one.alone is not None}
        for one in self.comparison.cases:
            found |= {outcome_of(verdict) for verdict in one.verdicts if matters(verdict)}
        return {one for one in found if _FAILS.get(one) in self.fails_on}

    @property
    def changed(self) -> bool:
        """Whether anything got better or worse by as much as matters."""
        return any(
            outcome_of(verdict) in (Outcome.REGRESSION, Outcome.IMPROVEMENT)
            for one in self.comparison.cases
            for verdict in one.verdicts
        )

    def stands_out(self, one: Compared) -> list[Verdict] | None:
        """What of a case is told by itself: changes, and what is to fail on; None when nothing is.

        What else is new, or could not be compared, is said of many in a line.
        """
        if one.alone is not None:
            return [] if one.alone in self.failing else None
        found = [one for one in told(one) if outcome_of(one) in MOVED or outcome_of(one) in self.failing]
        return found or None

    def why(self, one: Compared) -> tuple[Why, ...]:
        """What is behind a case's changes."""
        return self.reasons.get(one.case, ())


def matters(verdict: Verdict) -> bool:
    """Whether a verdict is told by itself: not what is unchanged, nor a noise that is not known yet."""
    if verdict.outcome is Outcome.NO_DATA:
        return verdict.after is None
    return outcome_of(verdict) is not Outcome.UNCHANGED


def told(one: Compared) -> list[Verdict]:
    """The verdicts of a case that are told, the worst first, else in the metrics' order."""
    return sorted(filter(matters, one.verdicts), key=lambda verdict: ORDER.index(outcome_of(verdict)))


def _most(one: Compared) -> float:
    """By how much its metrics changed at most, as a share."""
    return max(map(_share, told(one)), default=0.0)


def _share(verdict: Verdict) -> float:
    return abs(verdict.share) if verdict.share is not None else inf


def counted(cases: Iterable[Compared]) -> dict[Outcome, int]:
    """How many cases came out how, worst first, without those of which there are none."""
    outcomes = [one.outcome for one in cases]
    return {outcome: outcomes.count(outcome) for outcome in ORDER if outcome in outcomes}
