"""A commit's figures: from the database where it has them, else by building and running its image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

import numpy as np
from sqlalchemy import Connection

from hil.bisect import stored, trial
from hil.bisect.checkout import Checkout
from hil.bisect.finding import Origin
from hil.bisect.sources import Identity, Sources, Wish
from hil.build.toolchain import Toolchain
from hil.errors import HilError, StoreError
from hil.lab.boards import BoardSpec
from hil.measure.latency import median
from hil.measure.verdicts import Series, Taken, Tolerance, Verdict, judge, likeness, pair_of
from hil.metrics import Metric
from hil.values import Precision
from hil_db import engine
from hil_db.comparing import Case, Compared, Comparison, Held
from hil_db.explaining import Why, explain
from hil_db.records import Status
from hil_db.references import StoredRun
from hil_db.store import Store


class SkipError(HilError):
    """A commit cannot be built or run: the search goes around it."""


@dataclass(frozen=True)
class Figures:
    """The runs that measured a commit's image, the newest first, and how they came about."""

    runs: tuple[StoredRun, ...]
    origin: Origin

    @property
    def run(self) -> StoredRun:
        """The newest."""
        return self.runs[0]


@dataclass
class _Known:
    """The runs of an image; ``ran_for`` is the commit that they were done for now, None: they were stored."""

    runs: list[StoredRun]
    ran_for: str | None = None


@dataclass
class Looking:
    """Figures of commits, one image of each; counts the ``runs`` that were done for them."""

    checkout: Checkout
    wish: Wish
    board: BoardSpec
    toolchain: Toolchain
    setting: trial.Setting
    store: Store
    warn: Callable[[str], object]
    runs: int = 0
    _at: str | None = None
    _identities: dict[tuple[str, Precision], Identity | SkipError] = field(default_factory=dict)
    _known: dict[tuple[Identity, Precision], _Known | SkipError] = field(default_factory=dict)
    _inputs: dict[str, str] = field(default_factory=dict)  # of vectors, by the hash of their file

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
        sources = self.sources(sha)
        try:
            return sources.precisions()
        except HilError as error:
            raise SkipError(str(error)) from error

    def identity(self, sha: str, precision: Precision) -> Identity:
        """What decides its figures; SkipError when there is no image of it."""
        key = (sha, precision)
        if key not in self._identities:
            sources = self.sources(sha)
            try:
                found = self._identities[key] = sources.identity(precision)
                self._inputs[found.vectors_sha256] = found.inputs_sha256
            except HilError as error:
                self._identities[key] = SkipError(str(error))
        held = self._identities[key]
        if isinstance(held, SkipError):
            raise held
        return held

    def definition(self, sha: str, function: str, precision: Precision) -> str | None:
        """The text of a function there; None where it is not seen."""
        sources = self.sources(sha)
        try:
            return sources.definition(function, precision)
        except HilError as error:
            raise SkipError(str(error)) from error

    def figures(
        self,
        sha: str,
        precision: Precision,
        many: int = 1,
        *,
        anew: bool = False,
        beside: Sequence[Precision] = (),
    ) -> Figures:
        """So ``many`` runs of it, none done again that is stored unless ``anew``; SkipError for none at all.

        What has to be done is done of the precisions ``beside`` as well.
        """
        known = self._held(sha, precision)
        if anew:
            known.runs.clear()
        done_for, origin = known.ran_for, Origin.STORED
        while len(known.runs) < many:
            self._run(sha, precision, beside)
            origin = Origin.RAN
        if origin is Origin.STORED and done_for is not None:
            origin = Origin.RAN if done_for == sha else Origin.SAME
        return Figures(tuple(known.runs[:many]), origin)

    def is_known(self, sha: str, precision: Precision, many: int = 1) -> bool:
        """Whether its figures are there without a run; SkipError when there can be none."""
        return len(self._held(sha, precision).runs) >= many

    def is_noisy(self, figures: Figures, precision: Precision, metric: Metric) -> bool:
        """Whether runs of the same image differ in a metric."""
        taken = self._taken(figures.run, precision, metric)
        pair = pair_of(metric, taken, taken)
        return pair is not None and pair[0].measure.method not in metric.exact

    def verdict(
        self, now: Figures, before: Figures, precision: Precision, metric: Metric, tolerance: Tolerance
    ) -> Verdict | None:
        """How two compare in one metric; None when neither has it."""
        newer, older = (self._taken(one.run, precision, metric) for one in (now, before))
        if not newer and not older:
            return None
        pair = pair_of(metric, newer, older)
        if pair is None or pair[0].measure.method in metric.exact:
            return judge(metric.name, newer, older, tolerance)
        kind = likeness(pair[0])
        many = [
            [
                one
                for run in reversed(figures.runs)
                for one in self._taken(run, precision, metric)
                if likeness(one) == kind
            ]
            for figures in (before, now)
        ]
        if not all(many):
            return judge(metric.name, newer, older, tolerance)
        values = [one.normal for some in many for one in some]
        images = [which for which, some in enumerate(many) for _ in some]
        series = Series(np.array(values), images, len(many[0]) // 2)
        return judge(metric.name, [_middle(many[1])], [_middle(many[0])], tolerance, series)

    def why(self, now: Figures, before: Figures, precision: Precision, verdict: Verdict) -> tuple[Why, ...]:
        """What is behind a change from the one to the other."""
        with self._reading() as connection:
            case = self.case(precision)
            held = [stored.session_of(connection, one.run.id, case) for one in (now, before)]
            newer, older = (None if one is None else Held(one.id, one.image) for one in held)
            compared = Compared(case, newer, older, (verdict,))
            comparison = Comparison(now.run, before.run, (compared,))
            return explain(connection, comparison, self.store.url).get(case, ())

    def measured(self, figures: Figures) -> list[str]:
        """The names of what was measured in a run."""
        with self._reading() as connection:
            return stored.metrics_of(connection, figures.run.id)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with (
            engine.explained(self.store.url),
            engine.looking(self.store.engine).connect() as connection,
        ):
            yield connection

    def _taken(self, run: StoredRun, precision: Precision, metric: Metric) -> list[Taken]:
        with self._reading() as connection:
            session = stored.session_of(connection, run.id, self.case(precision))
            if session is None:
                return []
            vectors = self._inputs.get(session.vectors or "", session.vectors)
            try:
                return stored.taken_of(connection, session, metric.name, vectors)
            except (ValueError, TypeError) as error:
                raise StoreError(
                    f"what {engine.shown(self.store.url)} holds of run {run.id} cannot be compared",
                    evidence=str(error),
                    remedy="restore a copy if it was changed by hand",
                ) from error

    def _held(self, sha: str, precision: Precision) -> _Known:
        """The runs of its image that are known; SkipError when it failed."""
        key = (self.identity(sha, precision), precision)
        if key not in self._known:
            with self._reading() as connection:
                runs = stored.runs_of(connection, self.case(precision), key[0], self.store.url)
            self._known[key] = _Known(runs)
        known = self._known[key]
        if isinstance(known, SkipError):
            raise known
        return known

    def _run(self, sha: str, precision: Precision, beside: Sequence[Precision]) -> None:
        """One run, whose sessions are known afterwards; SkipError when this precision's failed."""
        sources, built = self.sources(sha), []
        for one in (precision, *beside):
            with suppress(*([] if one is precision else [SkipError])):
                self._held(sha, one)
                self._build(sources, one)
                built.append(one)
        self.runs += 1
        number = trial.run(self.setting, sha, sources, built, self.checkout.scratch)
        with self._reading() as connection:
            run = replace(stored.run_of(connection, number, self.store.url), name=sha)
            sessions = {one: stored.session_of(connection, number, self.case(one)) for one in built}
        for one, session in sessions.items():
            if session is not None and session.status == Status.FINISHED:
                known = self._held(sha, one)
                known.runs.insert(0, run)
                known.ran_for = sha
                continue
            why = "its session was not stored" if session is None else session.error
            failed = SkipError(why or "nothing tells why its session ended")
            self._known[self.identity(sha, one), one] = failed
        self._held(sha, precision)

    def _build(self, sources: Sources, precision: Precision) -> None:
        try:
            sources.build(precision, self.warn)
        except HilError as error:
            raise SkipError(str(error)) from error


def _middle(taken: Sequence[Taken]) -> Taken:
    """One that stands for several of a kind: the median of their values, and of what they are divided by."""
    last = taken[-1]
    value = median(np.array([one.measure.value for one in taken]))
    references = [one.reference for one in taken if one.reference is not None]
    reference = median(np.array(references)) if len(references) == len(taken) else None
    return replace(last, measure=replace(last.measure, value=float(value)), reference=reference)
