"""One run: what it was asked, the boards and images it covers, and what it recorded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hil import provenance
from hil.bench.plan import Case, plan
from hil.bench.recorder import Recorder
from hil.bench.table import Row
from hil.board import Board
from hil.build.own import bring_up_to_date
from hil.errors import HilError, StoreError
from hil.image import Image
from hil.lab import BoardSpec, Lab, load_lab
from hil.masking import masked
from hil.models.catalog import ModelLibrary
from hil.session import Report, Session
from hil.values import Measure
from hil_db.records import RunInfo, SessionRecord, Status


@dataclass(frozen=True)
class Options:
    """What the user asked for on the command line."""

    boards: str
    models: str | None
    vectors: int | None
    lab: Path | None
    db: str | None = field(repr=False)
    models_dir: Path | None
    folder: Path
    command: str = field(repr=False)
    hang_after_s: float | None = None  # None: by each model's cost


def utc_now() -> datetime:
    """The time as the store wants it: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


class BenchRun:
    """Made once per pytest invocation; LabError, ModelError or ImageError when the options name nothing real.

    The database is opened by ``prepare``, or with the first session recorded, and closed by ``finish``.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.lab: Lab = load_lab(options.lab)
        self.specs: tuple[BoardSpec, ...] = self.lab.select(options.boards)
        self.library = ModelLibrary(options.models_dir)
        self.cases: tuple[Case, ...] = plan(self.specs, options.models, self.library)
        self.rows: list[Row] = []
        self.notes: list[str] = []
        self._recorder: Recorder | None = None
        self._ready: set[Path] = set()

    def prepare(self) -> Recorder:
        """Open the database; StoreError when that cannot be. The run's row is made with its first session."""
        if self._recorder is None:
            commit = provenance.commit_of(self.options.folder)
            info = RunInfo(
                started=utc_now(),
                command=masked(self.options.command, self.options.db),
                host=provenance.host_name(),
                pid=os.getpid(),
                git_commit=commit.sha if commit else None,
                git_dirty=commit.dirty if commit else None,
                lab_path=str(self.lab.path) if self.lab.path else None,
                lab_sha256=self.lab.sha256,
                versions=provenance.versions(),
            )
            self._recorder = Recorder.open(self.options.db, info, self.options.folder)
        return self._recorder

    def ready(self, case: Case) -> None:
        """Build the image of a user's own model when it is missing or stale; BuildError if it cannot be."""
        if case.own is None or case.elf in self._ready:
            return
        reason = bring_up_to_date(case.own, case.board.kind.name, case.precision)
        if reason is not None:
            self.notes.append(f"built {case.image_name} for {case.board.kind.name}: its image {reason}")
        self._ready.add(case.elf)

    @property
    def complete(self) -> bool:
        """Whether the database has all that was recorded."""
        return self._recorder is None or self._recorder.complete

    def stored_lines(self) -> list[str]:
        """Where the run was stored, and of what was not, where it is kept."""
        return self._recorder.lines() if self._recorder is not None else []

    @contextmanager
    def session(self, case: Case, board: Board) -> Iterator[Session]:
        """Flash and start the case's image on the board; one that does not start is recorded as failed."""
        started = utc_now()
        image: Image | None = None
        session: Session | None = None
        with ExitStack() as stack:
            try:
                try:
                    self.ready(case)
                    image = Image.load(case.elf)
                except HilError as error:
                    raise error.at(board.name) from None
                session = Session(board, image, hang_after_s=self.options.hang_after_s)
                stack.enter_context(session)
            except (HilError, KeyboardInterrupt) as error:
                self._save_ended(case, board, image, started, session, error)
                raise
            yield session

    @contextmanager
    def measuring(self, case: Case, session: Session) -> Iterator[None]:
        """Records the session as failed or interrupted when measuring it ends so."""
        started = utc_now()
        try:
            yield
        except (HilError, KeyboardInterrupt) as error:
            self._save_ended(case, session.board, session.image, started, session, error)
            raise

    def save(self, session: Session, report: Report, started: datetime) -> None:
        """Record a measured session: in the table first, then in the database or a file."""
        manifest = session.image.manifest
        self.rows.append(Row(session.board.name, manifest.model, str(manifest.precision), report.measures))
        self.notes += [note for note in report.notes if note not in self.notes]
        self._store_session(
            SessionRecord(
                board=session.board.name,
                kind=session.board.kind.name,
                model=manifest.model,
                precision=str(manifest.precision),
                started=started,
                finished=utc_now(),
                status=Status.FINISHED,
                manifest=manifest,
                vectors_sha256=manifest.vectors_sha256,
                versions=dict(session.board.versions),
                measures=report.measures,
                samples=report.samples,
                profile=report.profile,
            )
        )

    def finish(self, *, interrupted: bool, failed: bool) -> None:
        """Close the run's row, saying how it ended."""
        if self._recorder is None:
            return
        status = Status.INTERRUPTED if interrupted else Status.FAILED if failed else Status.FINISHED
        self._recorder.finish(status)

    def _save_ended(
        self,
        case: Case,
        board: Board,
        image: Image | None,
        started: datetime,
        session: Session | None,
        error: BaseException,
    ) -> None:
        model, _, precision = case.image_name.partition("/")
        interrupted = isinstance(error, KeyboardInterrupt)
        told = "interrupted" if interrupted else str(error)
        measures: tuple[Measure, ...] = session.phase_measures() if session is not None else ()
        self.rows.append(Row(board.name, model, precision, (), told))
        record = SessionRecord(
            board=board.name,
            kind=board.kind.name,
            model=model,
            precision=precision,
            started=started,
            finished=utc_now(),
            status=Status.INTERRUPTED if interrupted else Status.FAILED,
            manifest=image.manifest if image is not None else None,
            error=told,
            versions=dict(board.versions),
            measures=measures,
        )
        try:
            self._store_session(record)
        except StoreError as refused:  # what ended the session matters more, and is raised by the caller
            self.notes.append(f"the end of {board.name} {case.image_name} was not stored: {refused}")

    def _store_session(self, record: SessionRecord) -> None:
        self.prepare().save(record)
