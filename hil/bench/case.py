"""One case of the bench as a test sees it: measured ahead or now, and recorded in the run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
import numpy.typing as npt

from hil.bench.ahead import Ahead
from hil.bench.attempt import Outcome, image_of, vectors_of
from hil.bench.plan import Case
from hil.bench.progress import Bar
from hil.bench.run import BenchRun
from hil.bench.sessions import Sessions
from hil.measure.accuracy import agreeing
from hil.models.vectors import VectorSet
from hil.session import Report, Session
from hil.values import Measure


def properties(measures: Sequence[Measure]) -> list[tuple[str, float]]:
    """Measures as properties of a test: by metric, later techniques of the same one as `metric.technique`.

    The ends of a band follow as `metric.low` and `metric.high`.
    """
    found: dict[str, float] = {}
    for measure in measures:
        name = measure.metric if measure.metric not in found else f"{measure.metric}.{measure.technique}"
        found[name] = measure.value
        if measure.band is not None:
            found[f"{name}.low"], found[f"{name}.high"] = measure.band
    return list(found.items())


class Bench:
    """What the fixture ``hil_bench`` gives: ``run()`` measures the case and records what it found.

    Boards may have measured it ahead of its test, which ``wants`` it. One that asks for ``session`` before it
    runs is measured in that session.
    """

    def __init__(
        self,
        run: BenchRun,
        case: Case,
        sessions: Sessions,
        ahead: Ahead,
        wants: Hashable,
        record: Callable[[str, object], None],
    ) -> None:
        self._run = run
        self._case = case
        self._sessions = sessions
        self._ahead = ahead
        self._wants = wants
        self._record = record
        self._vectors: VectorSet | None = None
        self._in_session = False
        self.label = f"{case.board.name} {case.image_name}"

    @property
    def session(self) -> Session:
        """A board running the image, opened when it is first asked for, and anew when it failed since."""
        if not self._in_session:
            self._in_session = True
            self._ahead.withdraw(self._wants)
        return self._sessions.lease(self._case).session

    @property
    def vectors(self) -> VectorSet:
        """The vectors that ``run`` streams: as many of the model's as it has by default, or --vectors."""
        if self._vectors is None:
            if self._case.broken is not None:
                raise self._case.broken
            manifest = image_of(self._case, self._run.ready).manifest
            self._vectors = vectors_of(self._case, manifest, self._run.wanted)
        return self._vectors

    def run(self) -> Report:
        """Measure, store, and record every measure as a property of the test."""
        report = self._measured_now() if self._in_session or not self._is_ahead else self._measured_ahead()
        for name, value in properties(report.measures):
            self._record(name, value)
        return report

    @property
    def _is_ahead(self) -> bool:
        return self._ahead.has(self._wants)

    def _measured_ahead(self) -> Report:
        outcome = self._ahead.take(self._wants)
        self._vectors = outcome.vectors or self._vectors
        if outcome.error is not None:
            raise outcome.error
        assert outcome.report is not None
        return outcome.report

    def _measured_now(self) -> Report:
        attempt = self._sessions.lease(self._case)
        bar = Bar(self.label)

        def progress(done: int, total: int) -> None:
            bar(done, total)
            self._ahead.show()

        def beside(text: str) -> None:
            bar.also(text)
            self._ahead.show()

        recorded = False
        with self._ahead.showing(self._wants, self._case, bar):
            try:
                bar.stream()
                report = attempt.measure(progress, self._vectors, beside=beside)
                with self._run.ending.held():  # before the line says that it is done
                    recorded = True
                    self._record_outcome(attempt.outcome())
            except BaseException as error:
                if not recorded:  # else it was interrupted right after that
                    self._record_outcome(attempt.outcome(error))
                raise
        self._vectors = attempt.vectors
        return report

    def _record_outcome(self, outcome: Outcome) -> None:
        self._ahead.watch.ended(self._wants, outcome)
        self._run.record(outcome)

    @property
    def goldens(self) -> npt.NDArray[np.generic]:
        """(N, outputs): the golden reference of the vectors that ``run`` streams."""
        return self.vectors.goldens

    def disagreeing(self, report: Report) -> list[int]:
        """The numbers of the vectors whose outputs are not the golden reference's."""
        agree = agreeing(report.outputs, self.goldens)
        return [int(number) for number in np.flatnonzero(~agree)]
