"""What a meter is, what it sees of a session, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from hil.board import Board
from hil.image import Image
from hil.link.faults import Faults
from hil.link.link import Hello, Link, Result, StackUse
from hil.link.recording import Recorder
from hil.measure.energy import Pass
from hil.measure.latency import cost_samples
from hil.measure.memory import SymbolUse
from hil.measure.profile import Profile
from hil.metrics import Metric
from hil.models.vectors import VectorSet
from hil.values import Measure, Samples


class Running(Protocol):
    """A session as its meters see it: the board runs the image, and the link to it is open.

    ``phases`` are the seconds of each step so far. ``over_uart``: frames are kept out of shared memory, and
    damaged by ``faults``. ``resumed`` are conditions of what saw a part of the vectors alone, because others
    were answered in a session before.
    """

    @property
    def board(self) -> Board: ...

    @property
    def image(self) -> Image: ...

    @property
    def link(self) -> Link: ...

    @property
    def hello(self) -> Hello | None: ...

    @property
    def phases(self) -> Mapping[Metric, float]: ...

    @property
    def over_uart(self) -> bool: ...

    @property
    def faults(self) -> Faults | None: ...

    @property
    def recorder(self) -> Recorder | None: ...

    @property
    def resumed(self) -> Mapping[str, str | float]: ...

    @property
    def label(self) -> str: ...

    def stack(self) -> StackUse: ...

    def infer(
        self, inputs: Sequence[npt.NDArray[np.generic]], *, macs: int | None = None
    ) -> list[Result]: ...

    def repeat(self, number: int, per_span: int, spans: int, within_s: float) -> tuple[int, ...]: ...

    def restart(self) -> None: ...


@dataclass(frozen=True)
class Mishap:
    """What befell the bench while it measured, what was done about it, and the evidence."""

    kind: str
    action: str
    evidence: str


@dataclass(frozen=True)
class Streamed:
    """What a meter finds its values in: all vectors are answered, in their order, and the link is open.

    ``beside`` is told what the board does now, for whoever waits.
    """

    session: Running
    vectors: VectorSet
    results: Sequence[Result]
    beside: Callable[[str], None]

    @cached_property
    def outputs(self) -> npt.NDArray[np.generic]:
        """(vectors, outputs), as the board gave them."""
        return np.stack([result.output for result in self.results])

    @property
    def scores(self) -> npt.NDArray[np.generic]:
        """(vectors, classes), the outputs that are scores of classes."""
        return self.outputs[:, : self.vectors.classes]

    @cached_property
    def cost(self) -> Samples:
        """What each vector cost by the board's own counter."""
        ticks = np.array([result.ticks for result in self.results], dtype=np.uint32)
        return cost_samples(ticks, self.session.board.kind.counter)


@dataclass(frozen=True)
class Findings:
    """What meters found, in the order in which it is shown; notes say what they did not, and why.

    ``bands`` (vectors, 2) are where each vector's estimated cycles are expected, ``passes`` those of the
    power probe. ``mishaps`` befell the bench, and cost no figures but those that a note names.
    """

    measures: tuple[Measure, ...] = ()
    samples: tuple[Samples, ...] = ()
    profile: Profile | None = None
    notes: tuple[str, ...] = ()
    symbols: tuple[SymbolUse, ...] = ()
    bands: npt.NDArray[np.float64] | None = field(default=None, compare=False)
    passes: tuple[Pass, ...] = ()
    mishaps: tuple[Mishap, ...] = ()

    def __add__(self, more: Findings) -> Findings:
        return Findings(
            self.measures + more.measures,
            self.samples + more.samples,
            more.profile or self.profile,
            self.notes + more.notes,
            self.symbols + more.symbols,
            self.bands if more.bands is None else more.bands,
            self.passes + more.passes,
            self.mishaps + more.mishaps,
        )

    def samples_of(self, metric: Metric) -> Samples | None:
        """The first of its values that were found, one of each vector; None where there are none."""
        return next((one for one in self.samples if one.metric == metric.name), None)

    def with_behind(self, metrics: Sequence[Metric], measures: Sequence[Measure]) -> Findings:
        """The same with more measures, right behind the last that is of one of these metrics."""
        names = {metric.name for metric in metrics}
        held = [number for number, one in enumerate(self.measures, 1) if one.metric in names]
        place = held[-1] if held else len(self.measures)
        return replace(self, measures=(*self.measures[:place], *measures, *self.measures[place:]))


class Meter(Protocol):
    """Takes measures of one session; a step that it does not say does nothing.

    A meter is made for each session, which calls ``before`` once, and then for each stream of vectors
    ``around`` and ``after``.
    """

    def missing(self, board: Board) -> str | None:
        """Why it can take none on this board, which becomes a note; ``after`` is not called then."""
        return None

    def before(self, session: Running) -> None:
        """The image is in flash, and has not started."""
        return

    def around(self) -> AbstractContextManager[None]:
        """Entered before the vectors are streamed, and left when all of them are answered."""
        return nullcontext()

    def after(self, seen: Streamed, found: Findings) -> Findings:
        """What it finds, beside what those before it have ``found``; the link is still open."""
        ...
