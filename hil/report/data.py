"""What a report is made of: a run, its baseline, its images and the history of their metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hil.errors import NOT_FIT
from hil.gate.result import Result
from hil.measure.memory import SymbolUse
from hil.measure.profile import Profile
from hil.measure.verdicts import Bench, Outcome, Verdict
from hil.values import Measure
from hil_db.comparing import Case, Compared
from hil_db.records import Status
from hil_db.references import StoredRun


@dataclass(frozen=True)
class Mishap:
    """An incident of the bench, in words; ``seconds`` is how long it held up the board."""

    board: str
    kind: str
    action: str
    time: datetime
    evidence: str | None
    seconds: float | None


@dataclass(frozen=True)
class RunFacts:
    """A run with what its row tells beside what it is found by; times are in UTC."""

    run: StoredRun
    finished: datetime | None
    command: str
    host: str
    note: str | None
    tags: Sequence[str]
    versions: Mapping[str, str]
    mishaps: tuple[Mishap, ...] = ()


@dataclass(frozen=True, eq=False)
class Side:
    """One session of an image, with what is stored of it; ``symbols`` are empty and ``profile`` None without.

    ``reference`` is what its reference workload took in seconds.
    """

    session: int
    status: str
    error: str | None
    sha256: str | None
    toolchain: str | None
    vectors_sha256: str | None
    measures: tuple[Measure, ...]
    symbols: tuple[SymbolUse, ...] = ()
    profile: Profile | None = None
    reference: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    inputs_sha256: str | None = None
    bench: Bench = field(default_factory=Bench)

    @property
    def finished(self) -> bool:
        """Whether it ended as it was to."""
        return self.status == Status.FINISHED

    @property
    def fits(self) -> bool:
        """False when it ended because the image is larger than the board."""
        return self.finished or NOT_FIT not in (self.error or "")


@dataclass(frozen=True, eq=False)
class Image:
    """A model and precision on a board: its sessions of the run and of the baseline, and the verdicts."""

    case: Case
    now: Side | None
    before: Side | None = None
    compared: Compared | None = None

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """By the metrics' names."""
        return {one.metric.name: one for one in self.compared.verdicts} if self.compared else {}

    @property
    def outcome(self) -> Outcome | None:
        """The worst of its verdicts, None where nothing was compared."""
        return self.compared.outcome if self.compared is not None else None


@dataclass(frozen=True)
class RunPoint:
    """A run as a place of the charts' axis."""

    id: int
    started: datetime
    commit: str | None


@dataclass(frozen=True, eq=False)
class Series:
    """Values that may be compared, all obtained as the newest: ``places`` are those of their runs.

    ``scaled``: by the reference workload's time, so that they are what a host as fast as the newest run's
    would have taken. ``baseline`` is the older of the two values that were compared, scaled likewise; None
    where there is none. ``lost`` are places of sessions that ended before they finished; ``others`` is how
    many runs have a value that was obtained otherwise, and is not shown.
    """

    case: Case
    like: Measure
    places: tuple[int, ...]
    values: tuple[float, ...]
    scaled: bool
    baseline: float | None
    lost: tuple[int, ...]
    others: int


@dataclass(frozen=True, eq=False)
class Report:
    """All of it. ``result`` is None without a baseline, and ``alone`` says then why there is none.

    ``images`` are the worst first; ``runs`` are the axis of the charts, oldest first; ``series`` are by case
    and metric.
    """

    now: RunFacts
    before: RunFacts | None
    result: Result | None
    alone: str | None
    images: tuple[Image, ...]
    runs: tuple[RunPoint, ...]
    series: Mapping[tuple[Case, str], Series]
    place: str
    made: datetime
