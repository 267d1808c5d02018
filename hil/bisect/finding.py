"""What is known of each commit that was looked at, and what the search came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hil.bisect.repository import Told
from hil.measure.verdicts import Verdict
from hil.values import Measure
from hil_db.comparing import Case
from hil_db.explaining import Why
from hil_db.references import StoredRun

FOUND, NOTHING = 0, 3  # 2 is for what went wrong


class Mark(StrEnum):
    """What a commit turned out to be."""

    GOOD = "good"
    BAD = "bad"
    SKIP = "skip"


class Origin(StrEnum):
    """Where the figures of a commit are from."""

    RAN = "run"
    STORED = "stored before"
    SAME = "same image"


@dataclass(frozen=True, eq=False)
class Seen:
    """A commit that was looked at: its value against the good one's, or the ``reason`` why there is none."""

    commit: Told
    mark: Mark
    origin: Origin | None = None
    run: StoredRun | None = None
    measure: Measure | None = None
    verdict: Verdict | None = None
    reason: str | None = None


@dataclass(frozen=True, eq=False)
class Step:
    """The first bad commit against the one before it: how far its values lie apart, and what did it.

    ``share`` is its part of the whole change from good to bad, None where that is not known.
    """

    before: Seen
    after: Seen
    verdict: Verdict | None
    why: Sequence[Why]
    share: float | None


@dataclass(frozen=True, eq=False)
class Finding:
    """What it came to; ``left`` are the commits of which one is the first bad one, newest first.

    ``step`` is there when it is one alone. ``unchanged`` says why there was nothing to look for. ``runs``
    were done for it, in ``seconds``.
    """

    case: Case
    metric: str
    good: Seen
    bad: Seen
    seen: Sequence[Seen]
    left: Sequence[Told]
    step: Step | None
    unchanged: str | None
    between: int
    runs: int
    seconds: float

    @property
    def code(self) -> int:
        """The exit code: 0 when one commit is named."""
        return FOUND if self.step is not None else NOTHING
