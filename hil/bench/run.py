"""One run: what it was asked, the boards and images it covers, and what it recorded."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hil import provenance
from hil.bench.ending import Ended, Ending
from hil.bench.plan import Case, plan
from hil.bench.recorder import Recorder
from hil.bench.table import Row
from hil.beside import beside
from hil.board import Board, look_ahead
from hil.build.own import bring_up_to_date
from hil.commit import Commit, commit_of
from hil.errors import HilError, StoreError
from hil.flash.process import ProbeProcess
from hil.image import Image
from hil.lab import BoardSpec, Lab, load_lab
from hil.link.faults import parse_faults
from hil.masking import masked
from hil.models.catalog import ModelLibrary, source_files
from hil.session import Report, Session
from hil.values import Measure, Precision
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
    link_faults: str | None = None


_ENDED_BY: dict[signal.Signals | None, Status] = {
    signal.SIGTERM: Status.TERMINATED,
    signal.SIGHUP: Status.HANGUP,
}


def utc_now() -> datetime:
    """The time as the store wants it: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


class BenchRun:
    """Made once per pytest invocation; LabError, ModelError or ImageError when the options name nothing real.

    ``prepare`` opens the database before anything is flashed. The run's row is begun with the first session
    that is recorded, so that none is without, and closed by ``finish``. ``planned`` and ``reported`` are the
    ids of the tests that were to run, and of those that ran to their end. ``say`` shows a line at once.
    ``probes`` drives all debug probes; whoever made the run closes it.
    """

    def __init__(self, options: Options, probes: ProbeProcess | None = None) -> None:
        self.options = options
        self.probes = probes or ProbeProcess()
        self.faults = None if options.link_faults is None else parse_faults(options.link_faults)
        self.lab: Lab = load_lab(options.lab)
        self.specs: tuple[BoardSpec, ...] = self.lab.select(options.boards)
        self.library = ModelLibrary(options.models_dir)
        self.cases: tuple[Case, ...] = plan(self.specs, options.models, self.library)
        self.rows: list[Row] = []
        self.notes: list[str] = []
        if self.faults is not None:
            self.notes.append(
                f"the link had faults on purpose: {self.faults}; what it took and carried is compared with "
                "no clean run's"
            )
        self.ending = Ending()
        self.planned: set[str] = set()
        self.reported: set[str] = set()
        self.say: Callable[[str], None] = lambda line: None
        self._started = utc_now()
        self._finished = False
        self._saved = False
        self._recorder: Recorder | None = None
        self._asked: Callable[[], Commit] | None = None
        self._ready: set[Path] = set()

    def ahead(self) -> Callable[[], Commit]:
        """Ask git for the commit, and what the boards need, while pytest collects; gives the commit.

        Asked again, it has been.
        """
        if self._asked is None:
            own = {case.own.name: source_files(case.own) for case in self.cases if case.own is not None}
            commit = beside(lambda: commit_of(self.options.folder, own))
            looked = beside(lambda: look_ahead(self.specs))

            def answers() -> Commit:
                looked()
                return commit()

            self._asked = answers
        return self._asked

    def prepare(self) -> Recorder:
        """Open the database; StoreError when that cannot be. The run's row is made with its first session."""
        if self._recorder is None:
            commit = self.ahead()()
            info = RunInfo(
                started=self._started,
                command=masked(self.options.command, self.options.db),
                host=provenance.host_name(),
                pid=os.getpid(),
                git_commit=commit.sha,
                git_dirty=commit.dirty,
                git_note=commit.note,
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

        def building(reason: str) -> None:
            self.say(f"building {case.image_name} for {case.board.kind.name}: its image {reason}")

        precision = Precision(case.precision)
        reason = bring_up_to_date(case.own, case.board.kind.name, precision, building, self.notes.append)
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
                session = Session(
                    board,
                    image,
                    hang_after_s=self.options.hang_after_s,
                    over_uart=case.over_uart,
                    faults=self.faults,
                )
                stack.enter_context(session)
            except BaseException as error:
                self._save_ended(case, board, image, started, session, error)
                raise
            yield session

    @contextmanager
    def measuring(self, case: Case, session: Session) -> Iterator[None]:
        """Records the session as failed or interrupted when measuring it ends so."""
        started = utc_now()
        self._saved = False
        try:
            yield
        except BaseException as error:
            if self._saved:  # interrupted right after that
                raise
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

    def not_opened(self, case: Case, error: HilError) -> None:
        """Show that a case came to no session, because its board or its model cannot be used."""
        self.rows.append(Row(case.board.name, case.model, case.precision, (), str(error)))

    def finish(self, *, interrupted: bool, failed: bool) -> None:
        """Close the run's row, saying how it ended; the first call counts.

        It is ``finished`` only when every planned test reported.
        """
        if self._finished:
            return
        self._finished = True
        missing = len(self.planned - self.reported)
        if self.ending.reason is not None or interrupted or (missing and not failed):
            status = _ENDED_BY.get(self.ending.by, Status.INTERRUPTED)
            how = self.ending.reason or "interrupted"
            if self.planned:
                self.notes.append(f"the run was {how}: {_share(self.planned & self.reported, self.planned)}")
        else:
            status = Status.FAILED if failed else Status.FINISHED
        if self._recorder is not None:
            with suppress(Ended), self.ending.held():  # it is ending already
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
        interrupted = isinstance(error, KeyboardInterrupt)
        if interrupted:
            told = self.ending.reason or "interrupted"
        else:
            told = str(error) if isinstance(error, HilError) else f"{type(error).__name__}: {error}"
        measures: tuple[Measure, ...] = session.phase_measures() if session is not None else ()
        self.rows.append(Row(board.name, case.model, case.precision, (), told, interrupted))
        record = SessionRecord(
            board=board.name,
            kind=board.kind.name,
            model=case.model,
            precision=case.precision,
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
        with self.ending.held():
            self.prepare().save(record)
            self._saved = True


def _share(reported: set[str], planned: set[str]) -> str:
    return f"{len(reported)} of {len(planned)} planned tests reported"
