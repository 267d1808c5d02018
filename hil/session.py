"""One board running one image: flash, handshake, stream, collect, close.

with Session(board, image) as session:
    report = session.measure(vectors)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hil import metrics
from hil.board import Board
from hil.errors import HilError, LinkError, ProtocolError, VectorError
from hil.failing import with_reason
from hil.flash.base import Flasher, FlashReport
from hil.image import Image
from hil.link.answered import Answered
from hil.link.faults import Faults
from hil.link.link import Hello, Link, Result, StackUse
from hil.link.pacing import HANG_FACTOR, hang_after_s
from hil.link.recording import Recorder
from hil.logbook import Logbook
from hil.meters.base import Streamed
from hil.meters.list import findings, meters
from hil.meters.phases import phase_measures
from hil.meters.power import Energy
from hil.meters.report import Report as Report
from hil.models.vectors import VectorSet
from hil.opening import check_hello, new_recorder, open_link, rings_of
from hil.values import Measure

ANSWER_S = 5.0
Progress = Callable[[int, int], None]


class Session:
    """Flashes the image, starts it and shakes hands on entry; a failed entry undoes itself.

    ``hang_after_s`` is how long the board may be silent while it computes; None leaves that to the board, or
    to the model's cost. ``over_uart`` keeps frames out of memory that host and board share, ``faults`` damage
    them. ``record`` is a folder for a recording of all that travels (hil/link/recording.py). With ``energy``
    a power probe measures too, where the board has one. ``log`` is told what happens, line by line.
    ``phases`` holds the seconds each step took so far, by the host's clock. ``failure`` is what went wrong
    with the board in this session, None while it can be used.
    """

    def __init__(
        self,
        board: Board,
        image: Image,
        *,
        hang_after_s: float | None = None,
        over_uart: bool = False,
        faults: Faults | None = None,
        record: Path | None = None,
        energy: Energy | None = None,
        log: Logbook | None = None,
    ) -> None:
        self.board = board
        self.image = image
        self.hang_after_s = board.hang_after_s if hang_after_s is None else hang_after_s
        self.over_uart = over_uart
        self.faults = faults
        self.record = record
        self.recorder: Recorder | None = None
        self.log = log if log is not None else Logbook()
        self.phases: dict[metrics.Metric, float] = {}
        self._stack = ExitStack()
        self._flasher: Flasher | None = None
        self._link: Link | None = None
        self._rings: tuple[int, int] | None = None  # where they lie, and bytes, if the probe reaches them
        self.hello: Hello | None = None
        self.flash_report: FlashReport | None = None
        self.failure: HilError | None = None
        self.resumed: dict[str, str | float] = {}  # what values hold for that saw the lost vectors alone
        self._meters = meters(energy)

    def __enter__(self) -> Self:
        self.board.check(self.image)
        if self.board.through_probe:
            self._rings = rings_of(self.image, self.board)
        with ExitStack() as undo:
            undo.callback(self._stack.close)
            try:
                self._start()
            except HilError as error:
                raise self._explained(error) from error
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.failure is None:
            self._say({"end": "closed"})
            self.log.say("the session was closed")
        self._stack.close()

    def _start(self) -> None:
        flasher = self._stack.enter_context(self.board.flasher())
        self._flasher = flasher
        self.flash_report = flasher.program(self.image.path)
        self.phases[metrics.CONNECT_S] = self.flash_report.connect_s
        self.phases[metrics.PROGRAM_S] = self.flash_report.program_s
        self.phases[metrics.VERIFY_S] = self.flash_report.verify_s
        self._log_flash(self.flash_report)
        if self.record is not None:
            self.recorder = self._stack.enter_context(
                new_recorder(self.record, self.board, self.image, self.faults)
            )
        started = time.monotonic()
        self._link = self._stack.enter_context(self._opened(flasher))
        if self.faults is not None:
            self.log.say(f"the link has faults on purpose: {self.faults}")
        self._boot(flasher)
        self.phases[metrics.HANDSHAKE_S] = time.monotonic() - started

    def _log_flash(self, report: FlashReport) -> None:
        chip = f" to {report.chip}" if report.chip is not None else ""
        self.log.say(f"connected{chip} in {report.connect_s:.3f} s")
        if report.under_reset is not None:
            self.log.say(f"it took a reset to connect: {report.under_reset}")
        pages = f"{report.pages_programmed:,} pages programmed, {report.pages_skipped:,} held the right bytes"
        took = f"in {report.program_s:.3f} s, verified in {report.verify_s:.3f} s"
        self.log.say(f"flashed {report.bytes_total:,} bytes: {pages}, {took}")

    def _boot(self, flasher: Flasher) -> None:
        for meter in self._meters:
            meter.before(self)
        flasher.reset_and_run()
        self._say({"ask": "handshake", "deadline_s": self._answer_s})
        started = time.monotonic()
        self.hello = self.link.handshake(self._answer_s)
        took = f"{time.monotonic() - started:.3f} s over {self.link.via}"
        self.log.say(f"reset; hands shaken after {took}: build {self.hello.build_id[:10]}, {self.hello.told}")
        check_hello(self.hello, self.image, self.board)

    def _opened(self, flasher: Flasher) -> Link:
        return open_link(
            self.board,
            flasher,
            rings=self._rings,
            over_uart=self.over_uart,
            faults=self.faults,
            recorder=self.recorder,
        )

    @property
    def versions(self) -> dict[str, str]:
        """Of all that took part: the board's tools, and once they are known its chip and its firmware."""
        found = dict(self.board.versions)
        if self.flash_report is not None and self.flash_report.chip is not None:
            found["chip"] = self.flash_report.chip
        if self.hello is not None:
            found["firmware"] = self.hello.told
        return found

    @property
    def label(self) -> str:
        """The board and the image, as notes begin."""
        return f"{self.board.name} {self.image.name}"

    @property
    def link(self) -> Link:
        """The open link; LinkError where there is none yet."""
        if self._link is None:
            raise LinkError("the session is not open", board=self.board.name, remedy="use it in a with block")
        return self._link

    @property
    def _answer_s(self) -> float:
        """How long the board may take for an answer that costs it nothing: as long as it may be silent."""
        return max(ANSWER_S, self.hang_after_s or 0.0)

    def _say(self, facts: Mapping[str, Any]) -> None:
        if self.recorder is not None:
            self.recorder.say(facts)

    def infer(
        self,
        inputs: Sequence[npt.NDArray[np.generic]],
        progress: Progress | None = None,
        macs: int | None = None,
    ) -> list[Result]:
        """Run inputs, each (steps, features) in the image's input type, through the board, in order.

        ``macs`` are the multiply-accumulates of the longest, where they are known: a board that is silent for
        many times as long as they take hangs (DeviceHungError).
        """
        done = 0

        def on_result(_: Result) -> None:
            nonlocal done
            done += 1
            if progress is not None:
                progress(done, len(inputs))

        return self._infer(inputs, macs, on_result)

    def _infer(
        self,
        inputs: Sequence[npt.NDArray[np.generic]],
        macs: int | None,
        on_result: Callable[[Result], None],
    ) -> list[Result]:
        link = self.link
        limit_s, factor = self.hang_after_s, 0.0
        if limit_s is None:
            limit_s, factor = hang_after_s(macs, self.board.kind.clock_hz), HANG_FACTOR
        steps = [[length, len(list(run))] for length, run in groupby(map(len, inputs))]
        self._say({"ask": "infer", "steps": steps, "hang_after_s": limit_s, "hang_factor": factor})
        try:
            return link.infer(inputs, on_result=on_result, hang_after_s=limit_s, hang_factor=factor)
        except HilError as error:
            raise self._explained(error) from error

    def repeat(self, number: int, per_span: int, spans: int, within_s: float) -> tuple[int, ...]:
        """Run the vector computed last, by its wire number, ``per_span`` times in each of the spans.

        The ticks of each span; the board may take ``within_s``.
        """
        link = self.link
        self._say(
            {"ask": "repeat", "number": number, "per_span": per_span, "spans": spans, "within_s": within_s}
        )
        try:
            return link.repeat(number, per_span, spans, within_s)
        except ProtocolError as error:  # it answered, that it cannot: the session goes on
            raise error.at(self.board.name) from None
        except HilError as error:
            raise self._explained(error) from error

    def restart(self) -> None:
        """Reset the board, and shake hands anew."""
        assert self._flasher is not None, "it was entered"
        try:
            self._boot(self._flasher)
        except HilError as error:
            raise self._explained(error) from error

    def stack(self) -> StackUse:
        """How deep the stack went so far, as painted."""
        link = self.link
        self._say({"ask": "stack", "deadline_s": self._answer_s})
        try:
            return link.stack(self._answer_s)
        except HilError as error:
            raise self._explained(error) from error

    def measure(
        self,
        vectors: VectorSet,
        progress: Progress | None = None,
        answered: Answered | None = None,
        beside: Callable[[str], None] | None = None,
    ) -> Report:
        """Stream the vectors and take every measure of the bench; VectorError when there are none.

        Those that were ``answered`` before, in sessions that ended early, run no more; what this one answers
        is added. ChangedError where the board computes otherwise since. ``beside`` is told what the board
        does once all are answered, and in the end an empty text.
        """
        if len(vectors.inputs) == 0:
            raise VectorError(
                f"no vectors for {self.image.name}", board=self.board.name, remedy="choose at least one"
            )
        with ExitStack() as around:
            for meter in self._meters:
                around.enter_context(meter.around())
            started = time.monotonic()
            results = self._answers(vectors, progress, answered or Answered())
            self.phases[metrics.STREAM_S] = time.monotonic() - started
            self._log_stream(self.phases[metrics.STREAM_S])
        seen = Streamed(self, vectors, results, beside or _untold)
        found = findings(self._meters, seen)
        for number, one in enumerate(found.passes):
            count = f"{len(one.windows.valid)} of {len(one.windows.windows)} windows count"
            self.log.say(f"power probe, pass {number}: {one.windows.missing or count}")
        for note in found.notes:
            self.log.say(f"note: {note}")
        for mishap in found.mishaps:
            self.log.say(f"{mishap.kind}: {mishap.action} ({mishap.evidence})")
        return Report(
            found.measures,
            found.samples,
            seen.outputs,
            self.link.stats,
            found.profile,
            found.notes,
            found.symbols,
            found.passes,
            found.mishaps,
        )

    def _answers(self, vectors: VectorSet, progress: Progress | None, answered: Answered) -> list[Result]:
        """A result of each vector, in their order, of this session or one before it."""
        total = len(vectors.inputs)
        if self.board.trace is not None:  # which saw this session alone
            answered = Answered()
        order = answered.begin(self.image.manifest.build_id, vectors.sha256, total)
        if answered.results:
            self.resumed = {"resumed": f"{len(answered.lost):,} of {total:,} vectors"}
            warm = ", behind one that warms the caches" if len(order) > len(answered.lost) else ""
            self.log.say(f"{len(answered.results):,} vectors were answered before; {answered.again}{warm}")
        self.log.say(f"streaming {len(order):,} of {total:,} vectors")

        def take(result: Result) -> None:
            answered.take(replace(result, number=order[result.number]))
            if progress is not None:
                progress(len(answered.results), total)

        self._infer([vectors.inputs[number] for number in order], vectors.macs, take)
        return [answered.results[number] for number in range(total)]

    def _log_stream(self, seconds: float) -> None:
        stats = self.link.stats
        carried = f"{stats.wire_bytes_out:,} bytes sent, {stats.wire_bytes_in:,} received"
        lost = f"{stats.lost:,} frames lost, {stats.damaged:,} stretches damaged"
        self.log.say(f"all vectors answered after {seconds:.3f} s: {carried}, {lost}")
        if stats.returns:
            self.log.say(f"its port went away and came back, {stats.returns} times in all")

    def phase_measures(self) -> tuple[Measure, ...]:
        """The wall time of every phase gone through so far, those with frames with what carried them."""
        return phase_measures(self)

    def _explained(self, error: HilError) -> HilError:
        """The error with its reason, noted in the recording."""
        if not isinstance(error, VectorError):  # refused before anything was sent
            self.failure = error
        explained = with_reason(error, self.board, self.image, self._flasher)
        self._say({"end": str(explained)})
        self.log.say(f"failed: {explained}")
        return explained


def _untold(text: str) -> None:
    """Nobody asked."""


def first(vectors: VectorSet, count: int | None) -> VectorSet:
    """The first ``count`` vectors, or all of them for None."""
    if count is None or count >= len(vectors.inputs):
        return vectors
    return replace(
        vectors,
        inputs=vectors.inputs[:count],
        labels=None if vectors.labels is None else vectors.labels[:count],
        goldens=vectors.goldens[:count],
        targets=None if vectors.targets is None else vectors.targets[:count],
    )
