"""What people decided of regressions; a decision is a row that stays, and the newest of a subject counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, insert, select

from hil.errors import StoreError
from hil.metrics import Better, lookup
from hil_db.rows import stored_text
from hil_db.schema import CASE_COLUMNS, TRIAGE
from hil_db.store import Store

REASON_MOST = 2000  # letters
NOISE = 0.05  # by so much of it a noisy value may be worse than the one that was decided on
_COMMIT = re.compile("[0-9a-f]{7,64}")
_SUBJECT = (*CASE_COLUMNS, "metric", "technique")


class Decision(StrEnum):
    """What becomes of a regression."""

    ACKNOWLEDGED = "acknowledged"  # known; until it is worse than now
    IGNORED = "ignored"  # until a day
    FIXED = "fixed"  # by a commit; until a later run has it still
    REOPENED = "reopened"


class Subject(NamedTuple):
    """What is decided on: a metric of one board, model and precision, by one technique."""

    board: str
    kind: str
    model: str
    precision: str
    metric: str
    technique: str


@dataclass(frozen=True)
class Decided:
    """Who decided what, when, from which address and why.

    ``value`` is what the subject came to in the run of ``run_uid``. ``until`` is the moment that an ignored
    one is told again, ``commit`` what fixes a fixed one.
    """

    subject: Subject
    decision: Decision
    value: float
    run_uid: str
    author: str
    address: str
    time: datetime
    reason: str
    until: datetime | None = None
    commit: str | None = None


@dataclass(frozen=True)
class Standing:
    """Whether a regression is open, and why it is or is not, in a phrase."""

    open: bool
    told: str


def decide(store: Store, decided: Decided) -> None:
    """Add a decision; StoreError for one that makes no sense."""
    _check(decided)
    row = {
        **decided.subject._asdict(),
        "uid": uuid4().hex,
        "decision": str(decided.decision),
        "value": decided.value,
        "run_uid": decided.run_uid,
        "author": stored_text(decided.author)[:255],
        "address": stored_text(decided.address)[:64],
        "time": decided.time,
        "reason": stored_text(decided.reason),
        "until": decided.until,
        "git_commit": decided.commit,
    }
    with store.writing() as connection:
        connection.execute(insert(TRIAGE), row)


def history(connection: Connection, most: int | None = None) -> list[Decided]:
    """What was decided, the newest first."""
    query = select(TRIAGE).order_by(TRIAGE.c.time.desc(), TRIAGE.c.id.desc())
    rows = connection.execute(query if most is None else query.limit(most))
    return [
        Decided(
            Subject(*(getattr(row, name) for name in _SUBJECT)),
            Decision(row.decision),
            row.value,
            row.run_uid,
            row.author,
            row.address,
            row.time,
            row.reason,
            row.until,
            row.git_commit,
        )
        for row in rows
    ]


def current(connection: Connection) -> dict[Subject, Decided]:
    """The newest decision on each subject."""
    return {one.subject: one for one in reversed(history(connection))}


def standing(
    decided: Decided | None, value: float, *, exact: bool, run_began: datetime, now: datetime
) -> Standing:
    """Whether a regression is open whose subject has this ``value`` in a run that began then."""
    if decided is None:
        return Standing(True, "open")
    who = f"{decided.time:%Y-%m-%d} by {decided.author}"
    if decided.decision is Decision.REOPENED:
        return Standing(True, f"opened again {who}")
    if decided.decision is Decision.IGNORED:
        until = f"{decided.until:%Y-%m-%d}" if decided.until is not None else "never"
        ended = decided.until is None or now >= decided.until
        return Standing(ended, f"was ignored until {until}" if ended else f"ignored until {until}")
    if decided.decision is Decision.FIXED:
        fix = (decided.commit or "")[:10]
        still = run_began > decided.time
        return Standing(still, f"still there after {fix}" if still else f"fixed by {fix}, waits for a run")
    if _is_worse(decided, value, exact):
        return Standing(True, f"worse than what was acknowledged {who}")
    return Standing(False, f"acknowledged {who}")


def _is_worse(decided: Decided, value: float, exact: bool) -> bool:
    worse = -1 if lookup(decided.subject.metric).better is Better.HIGHER else 1
    return (value - decided.value) * worse > (0 if exact else NOISE * abs(decided.value))


def _check(decided: Decided) -> None:
    what = f"the decision on {decided.subject.metric} of {decided.subject.model}/{decided.subject.precision}"
    wrong: list[str] = []
    if not decided.reason.strip() or len(decided.reason) > REASON_MOST:
        wrong.append(f"a reason has 1 to {REASON_MOST:,} letters")
    if (decided.decision is Decision.IGNORED) != (decided.until is not None):
        wrong.append("what is ignored is so until a day, and nothing else is")
    if decided.until is not None and decided.until <= decided.time:
        wrong.append("that day is to come")
    if (decided.decision is Decision.FIXED) != (decided.commit is not None):
        wrong.append("what is fixed is so by a commit, and nothing else is")
    if decided.commit is not None and _COMMIT.fullmatch(decided.commit) is None:
        wrong.append("a commit has 7 to 64 hexadecimal digits")
    if wrong:
        raise StoreError(f"{what} cannot be taken", board=decided.subject.board, evidence="; ".join(wrong))


def now() -> datetime:
    """The time that a decision is taken at."""
    return datetime.now(UTC)
