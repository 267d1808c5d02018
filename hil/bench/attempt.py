"""One case on one board, from the image to the report, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from hil.bench.plan import Case
from hil.beside import beside
from hil.board import Board
from hil.errors import HilError, TooLargeError, VectorError
from hil.image import Image, Manifest
from hil.link.answered import Answered
from hil.link.faults import Faults
from hil.logbook import Logbook, LogLine
from hil.meters.power import Energy
from hil.models.vectors import VectorSet, load_vectors
from hil.session import Progress, Report, Session, first
from hil.values import Measure, Precision
from hil_db.records import Incident


def utc_now() -> datetime:
    """The time as the store wants it: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Wanted:
    """How cases are to be run: the first ``vectors``, or as many as each model says, at most ``most``.

    ``hang_after_s`` is how long a board may be silent, None for what its model's cost allows. ``faults``
    damage what travels between host and board; ``record`` is a folder for recordings of it. ``energy`` is
    measured too, where a board has a power probe; None: not at all.
    """

    vectors: int | None = None
    most: int | None = None
    hang_after_s: float | None = None
    faults: Faults | None = None
    record: Path | None = None
    energy: Energy | None = None

    def count(self, default: int | None) -> int | None:
        """How many vectors of a model whose description says so many; None for all there are."""
        counts = [one for one in (self.vectors or default, self.most) if one is not None]
        return min(counts, default=None)


@dataclass(frozen=True)
class Outcome:
    """How a case ended: with a report, or the error that ended it.

    ``opened`` is False where no session came about, because the board or the model cannot be used.
    ``measures`` are those of the report, or the phases that it went through. ``incidents`` are what was done
    about its board before it ended so, ``log`` all that happened.
    """

    case: Case
    started: datetime
    finished: datetime
    report: Report | None = None
    error: BaseException | None = None
    opened: bool = True
    manifest: Manifest | None = None
    vectors: VectorSet | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    measures: tuple[Measure, ...] = ()
    incidents: tuple[Incident, ...] = ()
    log: tuple[LogLine, ...] = ()

    @classmethod
    def unopened(cls, case: Case, error: BaseException) -> Self:
        """Of a case whose board, or whose model, cannot be used."""
        now = utc_now()
        return cls(case, now, now, error=error, opened=False)

    @property
    def interrupted(self) -> bool:
        """Whether it was ended from outside: its board and its image are not at fault."""
        return isinstance(self.error, KeyboardInterrupt)

    def told(self) -> str | None:
        """What ended it, in a line."""
        if isinstance(self.error, TooLargeError):
            return f"{self.error.short}: {self.error}"
        if self.error is None or isinstance(self.error, HilError):
            return None if self.error is None else str(self.error)
        return f"{type(self.error).__name__}: {self.error}"


def image_of(case: Case, ready: Callable[[Case], None]) -> Image:
    """The case's image, made ``ready`` where it has to be built; BuildError, ImageError."""
    ready(case)
    return Image.load(case.elf)


def vectors_of(
    case: Case, manifest: Manifest, wanted: Wanted, loaded: Callable[[], VectorSet] | None = None
) -> VectorSet:
    """The vectors that an image of the case takes; VectorError when they are not those it was built with.

    ``loaded`` gives those of the model and precision that the image's file is called by, where somebody has
    begun to read them: what is in it may say otherwise.
    """
    said = (manifest.model, str(manifest.precision))
    if loaded is not None and said == (case.model, case.precision):
        vectors = loaded()
    else:
        vectors = load_vectors(case.own or manifest.model, manifest.precision)
    if vectors.sha256 != manifest.vectors_sha256:
        raise VectorError(
            f"the vectors of {manifest.model} are not those its image was built with",
            board=case.board.name,
            evidence=f"sha256 {vectors.sha256[:12]}…, manifest says {manifest.vectors_sha256[:12]}…",
            remedy="run `hil build` to remake the image",
        )
    return first(vectors, wanted.count(vectors.default))


class Attempt:
    """One case on one open board; a context manager that flashes and starts the image, and lets the board go.

    ``outcome`` says how it ended, or stands so far.
    """

    def __init__(
        self,
        case: Case,
        board: Board,
        wanted: Wanted,
        ready: Callable[[Case], None],
        *,
        ahead: bool = False,
        log: Logbook | None = None,
    ) -> None:
        """``ahead``: read the vectors while the image is flashed. ``log``: that of attempts before it."""
        self.case = case
        self.board = board
        self._wanted = wanted
        self._ready = ready
        self._loading = beside(self._load) if ahead else None
        self._log = log if log is not None else Logbook()
        self._stack = ExitStack()
        self._started = utc_now()
        self._image: Image | None = None
        self._session: Session | None = None
        self._vectors: VectorSet | None = None
        self._report: Report | None = None

    def __enter__(self) -> Self:
        try:
            self._image = image_of(self.case, self._ready)
        except HilError as error:
            raise error.at(self.board.name) from None
        self._say_image(self._image.manifest)
        self._session = Session(
            self.board,
            self._image,
            hang_after_s=self._wanted.hang_after_s,
            over_uart=self.case.over_uart,
            faults=self._wanted.faults,
            record=self._wanted.record,
            energy=self._wanted.energy,
            log=self._log,
        )
        self._stack.enter_context(self._session)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def session(self) -> Session:
        """The board running the image."""
        assert self._session is not None, "it was entered"
        return self._session

    @property
    def vectors(self) -> VectorSet | None:
        """What was streamed; None before."""
        return self._vectors

    def measure(
        self,
        progress: Progress | None = None,
        vectors: VectorSet | None = None,
        answered: Answered | None = None,
        beside: Callable[[str], None] | None = None,
    ) -> Report:
        """Stream the vectors, which are read unless they are given, and take every measure of the bench.

        Those that earlier attempts have ``answered`` run no more. ``beside`` is told what comes after them.
        """
        if self._vectors is not None:  # measured before: it is another session to the store
            self._started, self._report = utc_now(), None
        self._vectors = vectors or vectors_of(
            self.case, self.session.image.manifest, self._wanted, self._loading
        )
        self._report = self.session.measure(self._vectors, progress, answered, beside)
        return self._report

    def outcome(self, error: BaseException | None = None) -> Outcome:
        """How it ended: by an ``error``, or with the report."""
        if error is not None and (self._session is None or self._session.failure is None):
            plain = isinstance(error, HilError | KeyboardInterrupt) and str(error)
            self._log.say(f"ended: {plain or f'{type(error).__name__}: {error}'}")
        phases = self._session.phase_measures() if self._session is not None else ()
        report = self._report if error is None else None
        return Outcome(
            case=self.case,
            started=self._started,
            finished=utc_now(),
            report=report,
            error=error,
            manifest=self._image.manifest if self._image is not None else None,
            vectors=self._vectors,
            versions=self._session.versions if self._session is not None else dict(self.board.versions),
            measures=phases if report is None else report.measures,
            log=self._log.lines(),
        )

    def _say_image(self, manifest: Manifest) -> None:
        what = f"{manifest.model}/{manifest.precision} for {manifest.kind}"
        self._log.say(f"{self.board.name}: image {what}, sha256 {manifest.sha256[:10]}")

    def _load(self) -> VectorSet:
        return load_vectors(self.case.own or self.case.model, Precision(self.case.precision))
