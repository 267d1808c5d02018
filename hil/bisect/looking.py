"""A commit's figures: from the database where it has them, else by building and running its image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from hil.bisect import stored, trial
from hil.bisect.checkout import Checkout
from hil.bisect.finding import Origin
from hil.bisect.sources import Identity, Sources, Wish
from hil.build.toolchain import Toolchain
from hil.errors import BisectError, HilError
from hil.lab import BoardSpec
from hil.measure.verdicts import Verdict
from hil.thresholds import Thresholds
from hil.values import Precision
from hil_db import engine
from hil_db.comparing import Case, compare
from hil_db.explaining import Why, explain
from hil_db.references import StoredRun
from hil_db.store import Store


class SkipError(HilError):
    """A commit cannot be built or run: the search goes around it."""


@dataclass(frozen=True)
class Figures:
    """The run that measured a commit's image, and how it came about."""

    run: StoredRun
    origin: Origin


@dataclass(frozen=True)
class _Done:
    figures: Figures
    sha: str


@dataclass
class Looking:
    """Figures of commits, one image of each; counts the ``runs`` that were done for them."""

    checkout: Checkout
    wish: Wish
    board: BoardSpec
    toolchain: Toolchain
    setting: trial.Setting
    store: Store
    thresholds: Thresholds
    say: Callable[[str], None]
    runs: int = 0
    _at: str | None = None
    _identities: dict[tuple[str, Precision], Identity | SkipError] = field(default_factory=dict)
    _done: dict[tuple[Identity, Precision], _Done | SkipError] = field(default_factory=dict)

    def case(self, precision: Precision) -> Case:
        """How its sessions are stored."""
        return Case(self.board.name, self.board.kind.name, self.wish.model, str(precision))

    def sources(self, sha: str) -> Sources:
        """The commit's files; they are there until another's are asked for."""
        if self._at != sha:
            self._at = None
            self.checkout.switch(sha)
            self._at = sha
        return Sources(self.wish, self.checkout.tree, self.toolchain)

    def precisions(self, sha: str) -> tuple[Precision, ...]:
        """Those of the model; SkipError when the commit has no such model."""
        try:
            return self.sources(sha).precisions()
        except BisectError:
            raise
        except HilError as error:
            raise SkipError(error.what, evidence=error.evidence, remedy=error.remedy) from error

    def identity(self, sha: str, precision: Precision) -> Identity:
        """What decides its figures; SkipError when there is no image of it."""
        key = (sha, precision)
        if key not in self._identities:
            try:
                self._identities[key] = self.sources(sha).identity(precision)
            except BisectError:
                raise
            except HilError as error:
                self._identities[key] = SkipError(str(error))
        found = self._identities[key]
        if isinstance(found, SkipError):
            raise found
        return found

    def figures(
        self, sha: str, precision: Precision, *, anew: bool = False, beside: Sequence[Precision] = ()
    ) -> Figures:
        """Its run, not done again where one is stored, unless ``anew``; SkipError when it cannot be done.

        Where it has to be done, it is of the precisions ``beside`` as well.
        """
        identity = self.identity(sha, precision)
        held = None if anew else self.held(sha, precision)
        if held is not None:
            return held
        failed = self._done.get((identity, precision))
        if not anew and isinstance(failed, SkipError):
            raise failed
        try:
            return Figures(self._ran(sha, precision, beside), Origin.RAN)
        except SkipError as error:
            self._done[identity, precision] = error
            raise

    def held(self, sha: str, precision: Precision) -> Figures | None:
        """What is known already of its image, or is stored; None when nothing is."""
        identity = self.identity(sha, precision)
        done = self._done.get((identity, precision))
        if isinstance(done, _Done):
            ran_for_another = done.figures.origin is Origin.RAN and done.sha != sha
            return Figures(done.figures.run, Origin.SAME) if ran_for_another else done.figures
        with self.reading() as connection:
            runs = stored.runs_of(connection, self.case(precision), identity, self.store.url)
        if not runs:
            return None
        figures = Figures(runs[0], Origin.STORED)
        self._done[identity, precision] = _Done(figures, sha)
        return figures

    def verdict(
        self,
        now: StoredRun,
        before: StoredRun,
        precision: Precision,
        metric: str,
        *,
        exactly: bool = False,
    ) -> Verdict | None:
        """How two runs compare in one metric, ``exactly``: whatever is allowed; None when neither has it."""
        with self.reading() as connection:
            case, url = self.case(precision), self.store.url
            thresholds = Thresholds() if exactly else self.thresholds
            found = compare(connection, now, before, thresholds, url, case)
        verdicts = (verdict for one in found.cases for verdict in one.verdicts)
        return next((verdict for verdict in verdicts if verdict.metric.name == metric), None)

    def why(self, now: StoredRun, before: StoredRun, precision: Precision) -> tuple[Why, ...]:
        """What is behind the changes from one run to another."""
        with self.reading() as connection:
            case, url = self.case(precision), self.store.url
            found = compare(connection, now, before, Thresholds(), url, case)
            return explain(connection, found, url).get(case, ())

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The database, for looking things up."""
        with (
            engine.explained(self.store.url),
            engine.looking(self.store.engine).connect() as connection,
        ):
            yield connection

    def _ran(self, sha: str, precision: Precision, beside: Sequence[Precision]) -> StoredRun:
        sources, built = self.sources(sha), [precision]
        self._build(sources, precision)
        for one in beside:
            with suppress(SkipError):
                self.identity(sha, one)
                self._build(sources, one)
                built.append(one)
        self.runs += 1
        number = trial.run(self.setting, sha, sources, built, self.checkout.scratch)
        with self.reading() as connection:
            run = replace(stored.run_of(connection, number, self.store.url), name=sha)
            failed = {one: stored.why_failed(connection, number, self.case(one)) for one in built}
        for one, reason in failed.items():
            done = _Done(Figures(run, Origin.RAN), sha) if reason is None else SkipError(reason)
            self._done[self.identity(sha, one), one] = done
        reason = failed[precision]
        if reason is not None:
            raise SkipError(reason)
        return run

    def _build(self, sources: Sources, precision: Precision) -> None:
        try:
            sources.build(precision, self.say)
        except BisectError:
            raise
        except HilError as error:
            raise SkipError(str(error)) from error
