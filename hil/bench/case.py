"""One case of the bench: a session measured over its model's vectors, recorded in the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TextIO

import numpy as np
import numpy.typing as npt

from hil.bench.plan import Case
from hil.bench.progress import progress_line
from hil.bench.run import BenchRun, utc_now
from hil.bench.sessions import Sessions
from hil.beside import beside
from hil.errors import VectorError
from hil.measure.accuracy import agreeing
from hil.models.vectors import VectorSet, load_vectors
from hil.session import Report, Session, first
from hil.values import Measure, Precision


class Screen(Protocol):
    """Where the progress line is drawn."""

    @property
    def out(self) -> TextIO: ...

    def uncaptured(self) -> AbstractContextManager[None]: ...


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
    """What the fixture ``hil_bench`` gives: ``run()`` measures the session and records what it found."""

    def __init__(
        self,
        run: BenchRun,
        case: Case,
        sessions: Sessions,
        record: Callable[[str, object], None],
        screen: Screen,
    ) -> None:
        self._run = run
        self._case = case
        self._record = record
        self._screen = screen
        self._sessions = sessions
        self._ran: VectorSet | None = None
        self.label = f"{case.board.name} {case.image_name}"

    @property
    def session(self) -> Session:
        """The board running the image, opened when it is first asked for, and anew when it failed since."""
        return self._sessions.lease(self._case)

    @property
    def vectors(self) -> VectorSet:
        """The vectors that ``run`` streams: as many of the model's as it has by default, or --vectors."""
        return self._vectors(self.session)

    @property
    def _named(self) -> tuple[str, str]:
        """Model and precision as the image's file is called; what is in it may say otherwise."""
        return self._case.model, self._case.precision

    def _load(self, model: str, precision: str) -> VectorSet:
        return load_vectors(self._case.own or model, Precision(precision))

    def _vectors(self, session: Session, loaded: Callable[[], VectorSet] | None = None) -> VectorSet:
        manifest = session.image.manifest
        said = (manifest.model, str(manifest.precision))
        vectors = loaded() if loaded is not None and said == self._named else self._load(*said)
        if vectors.sha256 != manifest.vectors_sha256:
            raise VectorError(
                f"the vectors of {manifest.model} are not those its image was built with",
                board=session.board.name,
                evidence=f"sha256 {vectors.sha256[:12]}…, manifest says {manifest.vectors_sha256[:12]}…",
                remedy="run `hil build` to remake the image",
            )
        return first(vectors, self._run.options.vectors or vectors.default)

    def run(self) -> Report:
        """Measure, store, and record every measure as a property of the test."""
        loaded = beside(lambda: self._load(*self._named))  # while the image is flashed
        session = self.session
        started = utc_now()
        with (
            self._run.measuring(self._case, session),
            progress_line(self._screen.out, self.label, self._screen.uncaptured) as progress,
        ):
            self._ran = self._vectors(session, loaded)
            report = session.measure(self._ran, progress)
            self._run.save(session, report, started)  # before the line says that it is done
        for name, value in properties(report.measures):
            self._record(name, value)
        return report

    @property
    def goldens(self) -> npt.NDArray[np.generic]:
        """(N, outputs): the golden reference of the vectors that ``run`` streams."""
        return (self._ran or self.vectors).goldens

    def disagreeing(self, report: Report) -> list[int]:
        """The numbers of the vectors whose outputs are not the golden reference's."""
        agree = agreeing(report.outputs, self.goldens)
        return [int(number) for number in np.flatnonzero(~agree)]
