"""One run: what it was asked, the boards and images it covers, and what it recorded."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

from hil import provenance
from hil.bench.attempt import Outcome, Wanted, utc_now
from hil.bench.boards import Boards, Use
from hil.bench.ending import Ended, Ending
from hil.bench.plan import Case, plan
from hil.bench.pool import sizes
from hil.bench.recorder import Recorder
from hil.bench.table import Row
from hil.bench.telling import Telling
from hil.beside import beside
from hil.board import look_ahead
from hil.build.own import bring_up_to_date
from hil.commit import Commit, commit_of
from hil.desk.states import offline
from hil.errors import HilError, LabError, StoreError, TooLargeError
from hil.flash.nursery import Nursery
from hil.flash.process import ProbeProcess
from hil.lab.boards import BoardSpec, Lab, port_key, port_of
from hil.lab.file import load_lab
from hil.link.faults import parse_faults
from hil.link.usb import UsbPorts
from hil.masking import masked
from hil.meters.power import Energy
from hil.models.catalog import ModelLibrary, source_files
from hil.values import Precision
from hil_db.progress import Progress
from hil_db.records import Incident, RunInfo, SessionRecord, Status


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
    most_vectors: int | None = None
    pool: int | None = None  # None: by the machine's processors
    link_faults: str | None = None
    link_record: Path | None = None  # a folder
    commit: Commit | None = None  # of what runs, where that is known; else git is asked
    wait_s: float | None = None  # for boards that other runs use
    allow_mass_erase: bool = False
    allow_offline: bool = False
    energy: Energy | None = field(default_factory=Energy)  # None: no power probe is used


class NotReadyError(LabError):
    """Boards that were asked for cannot be used; ``faults`` has a line for each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("boards cannot be used: " + "; ".join(faults))
        self.faults = faults


_ENDED_BY: dict[signal.Signals | None, Status] = {
    signal.SIGTERM: Status.TERMINATED,
    signal.SIGHUP: Status.HANGUP,
}


class BenchRun:
    """Made once per pytest invocation; LabError, ModelError or ImageError when the options name nothing real.

    ``prepare`` opens the database before anything is flashed. The run's row is begun with the first session
    that is recorded, so that none is without, and closed by ``finish``. ``planned`` and ``reported`` are the
    ids of the tests that were to run, and of those that ran to their end. ``say`` shows a line at once.
    ``nursery`` starts what drives debug probes; whoever made the run closes it, and ``boards``.
    """

    def __init__(self, options: Options, nursery: Nursery | None = None) -> None:
        self.options = options
        self.nursery = nursery or Nursery()
        faults = None if options.link_faults is None else parse_faults(options.link_faults)
        self.wanted = Wanted(
            options.vectors,
            options.most_vectors,
            options.hang_after_s,
            faults,
            options.link_record,
            options.energy,
        )
        self.lab: Lab = load_lab(options.lab)
        self.specs: tuple[BoardSpec, ...] = self.lab.select(options.boards)
        self.library = ModelLibrary(options.models_dir)
        self.cases: tuple[Case, ...] = plan(self.specs, options.models, self.library)
        self.ending = Ending()
        many = sizes(self.specs, self.cases, options.pool)
        use = Use(options.wait_s or 0.0, options.allow_mass_erase)
        self.boards = Boards(self.specs, many, self.nursery, self.ending.held, use)
        self.notes: list[str] = []
        if faults is not None:
            self.notes.append(
                f"the link had faults on purpose: {faults}; what it took and carried is compared with "
                "no clean run's"
            )
        if options.most_vectors is not None:
            self.notes.append(
                f"at most {options.most_vectors:,} vectors of each model (--most-vectors); without that "
                "option a run takes as many as each model's description says"
            )
        self.planned: set[str] = set()
        self.reported: set[str] = set()
        self.say: Callable[[str], None] = lambda line: None
        self._rows: list[tuple[int, Row]] = []
        self._started = utc_now()
        self._finished = False
        self._recorder: Recorder | None = None
        self._telling: Telling | None = None
        self._asked: Callable[[], Commit] | None = None
        self._building = threading.Lock()
        self._ready: set[Path] = set()

    @property
    def rows(self) -> list[Row]:
        """The table's, in the order of the plan, whatever was done first."""
        return [row for _, row in sorted(self._rows, key=lambda placed: placed[0])]

    def meet(self, say: Callable[[str], None] = lambda line: None) -> dict[str, str]:
        """Lock the boards that others could use, and see that they are there; NotReadyError if not.

        Gives why boards are left out, by the names that they are stored under: those in quarantine, and
        absent ones with --allow-offline. ``say`` is told who is waited for.
        """
        members = [member for spec in self.specs for member in self.boards.members(spec.name)]
        shared = [member for member in members if member.spec.identity is not None]
        for member in members:
            if (why := member.spec.quarantine) is not None:
                member.retired = f"in quarantine since {why.since}: {why.reason}"
        whole = [member for member in shared if member.retired is None]
        absent = self._absent([one.spec for one in whole if one.spec.kind.emulator is None])
        faults = sharing([one.spec for one in whole if one.spec.name not in absent])
        for member in whole:
            name = member.spec.name
            if name in absent and self.options.allow_offline:
                member.retired = f"offline: {absent[name]}"
            elif name in absent:
                faults.append(f"{name}: {absent[name]}; plug it in, or skip it with --allow-offline")
            else:
                try:
                    member.hold(say)
                except LabError as busy:
                    faults.append(str(busy))
        if faults:
            raise NotReadyError(faults)
        return self._left_out()

    def _absent(self, boards: list[BoardSpec]) -> dict[str, str]:
        if not boards:
            return {}
        with ProbeProcess(self.nursery) as probes:
            return offline(boards, probes.attached)

    def _left_out(self) -> dict[str, str]:
        found = {}
        for spec in self.specs:
            retired = [one for one in self.boards.members(spec.name) if one.retired is not None]
            told = [f"{one.spec.name} is left out: {one.retired}" for one in retired]
            self.notes += told
            if len(retired) == self.boards.size(spec.name):
                found[spec.name] = "; ".join(told)
        return found

    def ahead(self) -> Callable[[], Commit]:
        """Ask git for the commit, and what the boards need, while pytest collects; gives the commit.

        Asked again, it has been.
        """
        if self._asked is None:
            own = {case.own.name: source_files(case.own) for case in self.cases if case.own is not None}
            known = self.options.commit
            commit = beside(lambda: commit_of(self.options.folder, own) if known is None else known)
            looked = beside(lambda: look_ahead(self.specs))

            def answers() -> Commit:
                looked()
                return commit()

            self._asked = answers
        return self._asked

    def prepare(self) -> Recorder:
        """Open the database; StoreError when that cannot be. The run's row is made with its first session."""
        if self._recorder is None:
            if self.options.link_record is not None:
                self.notes.append(_make_folder(self.options.link_record))
            commit = self.ahead()()
            info = RunInfo(
                started=self._started,
                command=masked(self.options.command, self.options.db),
                host=provenance.host_name(),
                pid=os.getpid(),
                git_commit=commit.sha,
                git_dirty=commit.dirty,
                git_note=commit.note,
                git_branch=commit.branch,
                git_tags=commit.tags,
                lab_path=str(self.lab.path) if self.lab.path else None,
                lab_sha256=self.lab.sha256,
                versions=provenance.versions(),
            )
            self._recorder = Recorder.open(self.options.db, info, self.options.folder)
        return self._recorder

    def tell(self, look: Callable[[], Progress]) -> None:
        """From now on the database is told how far the run is; once is enough."""
        if self._telling is None and not self._finished:
            self._telling = self.prepare().telling(look)
            self._telling.begin()

    def ready(self, case: Case) -> None:
        """Build the image of a user's own model when it is missing or stale; BuildError if it cannot be.

        Boards may ask for several at once: they are built one after the other.
        """
        with self._building:
            if case.own is None or case.elf in self._ready:
                return

            kind = case.board.kind.image_kind

            def building(reason: str) -> None:
                self.say(f"building {case.image_name} for {kind}: its image {reason}")

            precision = Precision(case.precision)
            reason = bring_up_to_date(case.own, kind, precision, building, self.notes.append)
            if reason is not None:
                self.notes.append(f"built {case.image_name} for {kind}: its image {reason}")
            self._ready.add(case.elf)

    @property
    def run_id(self) -> int | None:
        """The run's number in the database; None before its first session."""
        return self._recorder.run_id if self._recorder is not None else None

    @property
    def complete(self) -> bool:
        """Whether the database has all that was recorded."""
        return self._recorder is None or self._recorder.complete

    def stored_lines(self) -> list[str]:
        """Where the run was stored, and of what was not, where it is kept."""
        return self._recorder.lines() if self._recorder is not None else []

    def record(self, outcome: Outcome) -> None:
        """Keep how a case ended: in the table first, then in the database or a file; for one thread."""
        case = outcome.case
        if not outcome.opened and outcome.interrupted:
            return  # nothing of it has begun
        told = (self.ending.reason or str(outcome.error)) if outcome.interrupted else outcome.told()
        measures = outcome.report.measures if outcome.report is not None else ()
        manifest = outcome.manifest
        model, precision = case.model, case.precision
        if (
            manifest is not None and outcome.report is not None
        ):  # what was measured, whatever the file is called
            model, precision = manifest.model, str(manifest.precision)
        too_large = outcome.error.short if isinstance(outcome.error, TooLargeError) else None
        row = Row(case.board.name, model, precision, measures, told, outcome.interrupted, too_large)
        self._rows.append((self._place(case), row))
        if outcome.report is not None:
            self.notes += [note for note in outcome.report.notes if note not in self.notes]
        self.notes += [f"{one.board}: {one.kind}: {one.action} ({one.evidence})" for one in outcome.incidents]
        if not outcome.opened and too_large is None:
            return
        record = _record(outcome, model, precision, told)
        try:
            with self.ending.held():
                self.prepare().save(record)
        except StoreError as refused:
            if outcome.error is None:
                raise
            # what ended the session matters more, and is raised by the caller
            self.notes.append(f"the end of {case.board.name} {case.image_name} was not stored: {refused}")

    def _place(self, case: Case) -> int:
        return self.cases.index(case) if case in self.cases else len(self.cases)

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
                if self._telling is not None:
                    self._telling.close()
                self._recorder.finish(status)
        if self.complete and self._telling is not None and self._telling.refused is not None:
            self.notes.append(f"the dashboard was not told how far the run was: {self._telling.refused}")


def _record(outcome: Outcome, model: str, precision: str, told: str | None) -> SessionRecord:
    case, report, manifest = outcome.case, outcome.report, outcome.manifest
    status = Status.FINISHED
    if outcome.error is not None:
        status = Status.INTERRUPTED if outcome.interrupted else Status.FAILED
    return SessionRecord(
        board=case.board.name,
        kind=case.board.kind.name,
        model=model,
        precision=precision,
        started=outcome.started,
        finished=outcome.finished,
        status=status,
        manifest=manifest,
        vectors_sha256=manifest.vectors_sha256 if manifest is not None and report is not None else None,
        inputs_sha256=outcome.vectors.inputs_sha256 if outcome.vectors is not None and report else None,
        probe=case.board.identity if case.board.kind.emulator is None else None,
        error=told,
        versions=dict(outcome.versions),
        measures=outcome.measures,
        samples=report.samples if report is not None else (),
        profile=report.profile if report is not None else None,
        symbols=report.symbols if report is not None else (),
        passes=report.passes if report is not None else (),
        incidents=_incidents(outcome),
        log=outcome.log,
    )


def _incidents(outcome: Outcome) -> tuple[Incident, ...]:
    """What befell the board; and of a session that came through its link, and what failed beside it."""
    report, board = outcome.report, outcome.case.board.name
    if report is None:
        return outcome.incidents
    found = list(outcome.incidents)
    if returns := report.link.returns:
        seen = "its port went away and came back" + (f" {returns} times" if returns > 1 else "")
        found.append(
            Incident(board, "port lost", "opened the port again and went on", outcome.finished, seen)
        )
    found += [Incident(board, one.kind, one.action, outcome.finished, one.evidence) for one in report.mishaps]
    return tuple(found)


def sharing(boards: Sequence[BoardSpec], usb: UsbPorts | None = None) -> list[str]:
    """A line on each board whose serial port, as it is found now, is another's too."""
    seen: dict[str, str] = {}
    faults = []
    for board in boards:
        if board.serial is None:
            continue
        port = port_of(board, usb)
        other = seen.setdefault(port_key(port), board.name)
        if other != board.name:
            faults.append(f"{board.name}: its serial port {port} is that of {other}, too; give each its own")
    return faults


def _make_folder(folder: Path) -> str:
    """Make the folder for recordings, and see that files can be written there; a note of where they are."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        raise HilError(
            f"--link-record: no file can be written in {folder}",
            evidence=error.strerror,
            remedy="name another folder",
        ) from error
    return f"recorded what the link carried: {folder}; `hil replay FILE` shows it"


def _share(reported: set[str], planned: set[str]) -> str:
    return f"{len(reported)} of {len(planned)} planned tests reported"
