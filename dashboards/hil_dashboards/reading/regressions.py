"""What got worse, and what people decided of it: asked of the database, and put in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import inf
from pathlib import Path

from sqlalchemy import Connection

from hil.errors import StoreError
from hil.measure.verdicts import Outcome, Verdict
from hil.thresholds import load_thresholds
from hil_dashboards.choices.triage import TriageChoice
from hil_dashboards.reading.comparisons import at_hand, baseline_for, baseline_names, comparison
from hil_dashboards.reading.database import RunHead, newest_run, reading
from hil_db import engine, triage
from hil_db.comparing import Comparison, outcome_of
from hil_db.histories import Case
from hil_db.references import LATEST, StoredRun, checked_run
from hil_db.triage import Decided, Standing, Subject

DECISIONS_MOST = 200


@dataclass(frozen=True)
class Regression:
    """What one metric of a case came to, and what becomes of it."""

    subject: Subject
    verdict: Verdict
    decided: Decided | None
    standing: Standing

    @property
    def share(self) -> float:
        """By how much it got worse, as a share; infinite where that is not known."""
        return abs(self.verdict.share) if self.verdict.share is not None else inf


@dataclass(frozen=True)
class TriageData:
    """The regressions of the run ``now`` against that ``before``, open ones first, the worst of them first.

    ``names`` are baselines to choose from; ``ignored`` is one that was asked for and is none. Without a run
    to compare with, ``alone`` says why. ``decisions`` are the newest of all. ``waits``: the comparison has to
    be made first, and nothing is found yet.
    """

    newest: RunHead | None
    choice: TriageChoice
    now: StoredRun | None
    before: StoredRun | None
    names: list[str]
    ignored: str | None
    alone: str | None
    found: list[Regression]
    decisions: list[Decided]
    waits: bool = False


def read_triage(url: str | None, choice: TriageChoice, *, at_once: bool = False) -> TriageData:
    """The newest run that ended against the choice's baseline, or the newest named one, or the run before.

    ``at_once``: a comparison that takes seconds is not made, but left to who looks at the page.
    StoreError when the database cannot be read, LabError for thresholds that make no sense.
    """
    thresholds = load_thresholds(None, Path.cwd())
    with reading(url) as connection:
        place = engine.parse(url)
        newest = newest_run(connection)
        decisions = triage.history(connection, DECISIONS_MOST)
        names = baseline_names(connection)
        if newest is None:
            return TriageData(None, choice, None, None, names, None, None, [], decisions)
        try:
            now = checked_run(connection, LATEST, place)
        except StoreError:  # the first run goes on still
            return TriageData(newest, choice, None, None, names, None, "no run has ended", [], decisions)
        before, ignored, alone = baseline_for(connection, choice.baseline, now, place)
        made = None
        if before is not None:
            compared = at_hand if at_once else comparison
            made = compared(connection, now, before, thresholds, place)
        found = _found(connection, made) if made is not None else []
        waits = before is not None and made is None
        return TriageData(newest, choice, now, before, names, ignored, alone, found, decisions, waits)


def value_of(url: str | None, subject: Subject, choice: TriageChoice) -> tuple[str, float] | None:
    """The uid of the newest run and the value of a regression in it; None where the choice shows none such.

    StoreError and LabError as ``read_triage``.
    """
    data = read_triage(url, choice)
    for one in data.found:
        if one.subject == subject and data.now is not None and one.verdict.after is not None:
            return data.now.uid or "", one.verdict.after.value
    return None


def _found(connection: Connection, made: Comparison) -> list[Regression]:
    decided = triage.current(connection)
    moment = triage.now()
    found = [
        _regression(one.case, verdict, decided, made.now.started, moment)
        for one in made.cases
        for verdict in one.verdicts
        if outcome_of(verdict) is Outcome.REGRESSION and verdict.after is not None
    ]
    return sorted(found, key=lambda one: (not one.standing.open, -one.share, one.subject))


def _regression(
    case: Case, verdict: Verdict, decided: dict[Subject, Decided], began: datetime, now: datetime
) -> Regression:
    after = verdict.after
    assert after is not None, "a regression has a value"
    subject = Subject(*case, after.metric, after.technique)
    exact = after.method in verdict.metric.exact
    last = decided.get(subject)
    standing = triage.standing(last, after.value, exact=exact, run_began=began, now=now)
    return Regression(subject, verdict, last, standing)
