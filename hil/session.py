"""One board running one image: flash, handshake, stream, collect, close.

with Session(board, image) as session:
    report = session.measure(vectors)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hil import metrics
from hil.board import Board
from hil.errors import (
    BenchProcessError,
    DeviceHungError,
    HandshakeError,
    HilError,
    ImageError,
    LinkError,
    ProbeError,
    VectorError,
)
from hil.flash.base import Flasher, FlashReport
from hil.flash.memory import ProbeMemory
from hil.image import Image
from hil.kinds import Counter
from hil.link.answered import Answered
from hil.link.faults import Faults
from hil.link.link import Hello, Link, LinkStats, Result, StackUse
from hil.link.pacing import HANG_FACTOR, hang_after_s
from hil.link.probe import ProbeTransport
from hil.link.recording import Recorder, new_path
from hil.link.transport import Reopening
from hil.measure.accuracy import accuracy, golden_exact, predicted, regression
from hil.measure.cascade import tier_costs, tier_measures
from hil.measure.elf import symbol_addresses, symbol_at
from hil.measure.latency import cost_per_inference, cost_samples
from hil.measure.memory import SymbolUse, memory
from hil.measure.profile import Profile
from hil.measure.reference import reference_of, reference_times
from hil.measure.traced import CONDITIONS, Traced, traced
from hil.models.vectors import VectorSet
from hil.values import Measure, Method, Samples

ANSWER_S = 5.0
HALTED = "halted at pc"  # in the evidence of firmware that hangs, where its debug probe answers
IDLE = "waiting for bytes"  # likewise, where the firmware does nothing else
WAITS = "_wait"  # how the boards' functions are called that sleep until bytes have come
_OF_THE_STREAM = (metrics.STREAM_S, metrics.LINK_LOST, metrics.LINK_DAMAGED, metrics.LINK_WIRE_BYTES)
_STOOD = "the core stood already, as another debugger makes it, at"
_WITHOUT_FRAMES = (metrics.CONNECT_S, metrics.PROGRAM_S, metrics.VERIFY_S)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Report:
    """What one session found: measures in the order they are shown, and the samples behind them.

    ``notes`` say what could not be found and why; ``symbols`` are the image's.
    """

    measures: tuple[Measure, ...]
    samples: tuple[Samples, ...]
    outputs: npt.NDArray[np.generic]
    link: LinkStats
    profile: Profile | None = None
    notes: tuple[str, ...] = ()
    symbols: tuple[SymbolUse, ...] = ()

    def value(self, metric: str) -> float:
        """The value of one metric, by the most exact technique; KeyError when the session did not take it.

        An estimate is less exact than whatever was counted or measured.
        """
        found = [measure for measure in self.measures if measure.metric == metric]
        if not found:
            raise KeyError(metric)
        guesses = (Method.ESTIMATED, Method.MODELLED)
        return min(found, key=lambda one: (one.method in guesses, one.resolution or 0.0)).value


class Session:
    """Flashes the image, starts it and shakes hands on entry; a failed entry undoes itself.

    ``hang_after_s`` is how long the board may be silent while it computes; None leaves that to the board, or
    to the model's cost. ``over_uart`` keeps frames out of memory that host and board share, ``faults`` damage
    them. ``record`` is a folder for a recording of all that travels (hil/link/recording.py).
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
    ) -> None:
        self.board = board
        self.image = image
        self.hang_after_s = board.hang_after_s if hang_after_s is None else hang_after_s
        self.over_uart = over_uart
        self.faults = faults
        self.record = record
        self.recorder: Recorder | None = None
        self.phases: dict[metrics.Metric, float] = {}
        self._stack = ExitStack()
        self._flasher: Flasher | None = None
        self._link: Link | None = None
        self._rings: tuple[int, int] | None = None  # where they lie, and bytes, if the probe reaches them
        self.hello: Hello | None = None
        self.flash_report: FlashReport | None = None
        self.failure: HilError | None = None
        self._resumed: dict[str, str | float] = {}  # what values hold for that saw the lost vectors alone

    def __enter__(self) -> Self:
        self.board.check(self.image)
        if self.board.through_probe:
            self._rings = self._rings_of_image()
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
        self._stack.close()

    def _start(self) -> None:
        flasher = self._stack.enter_context(self.board.flasher())
        self._flasher = flasher
        self.flash_report = flasher.program(self.image.path)
        self.phases[metrics.CONNECT_S] = self.flash_report.connect_s
        self.phases[metrics.PROGRAM_S] = self.flash_report.program_s
        self.phases[metrics.VERIFY_S] = self.flash_report.verify_s
        if self.record is not None:
            self.recorder = self._stack.enter_context(self._new_recorder(self.record))
        started = time.monotonic()
        self._link = self._stack.enter_context(self._opened(flasher))
        if self.board.trace is not None:
            self.board.trace.begin(self.image.path)
        flasher.reset_and_run()
        self._say({"ask": "handshake", "deadline_s": self._answer_s})
        self.hello = self._link.handshake(self._answer_s)
        self._check_hello(self.hello)
        self.phases[metrics.HANDSHAKE_S] = time.monotonic() - started

    def _rings_of_image(self) -> tuple[int, int]:
        try:
            at = symbol_addresses(self.image.path, "_rings", "_rings_end")
        except HilError as error:
            raise error.at(self.board.name) from None
        if len(at) < 2:
            raise ImageError(
                f"image {self.image.name} has no rings that a debug probe can reach",
                board=self.board.name,
                evidence='the lab file says link = "probe"',
                remedy="rebuild it with `hil build`, or let the frames take the serial port",
            )
        return at["_rings"], at["_rings_end"] - at["_rings"]

    def _opened(self, flasher: Flasher) -> Link:
        """The link, before the firmware starts and finds what is to carry its frames."""
        board = self.board
        if self._rings is not None:
            start, size = self._rings
            memory = ProbeMemory(flasher, start, size)
            line = ProbeTransport(memory, memory.wake)
            return Link.over(line, faults=self.faults, recorder=self.recorder, clock=board.clock)
        return Link.open(
            board.serial_url,
            baudrate=board.kind.baudrate,
            memory=None if self.over_uart else board.memory,
            faults=self.faults,
            reopening=Reopening(dead=lambda: board.failure() is not None),
            recorder=self.recorder,
            clock=board.clock,
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
    def _answer_s(self) -> float:
        """How long the board may take for an answer that costs it nothing: as long as it may be silent."""
        return max(ANSWER_S, self.hang_after_s or 0.0)

    def _new_recorder(self, folder: Path) -> Recorder:
        manifest = self.image.manifest
        about = {
            "board": self.board.name,
            "image": self.image.name,
            "kind": manifest.kind,
            "build_id": manifest.build_id,
            "recorded": datetime.now(UTC).isoformat(timespec="seconds"),
            "lab": version("hil-lab"),
        }
        if self.faults is not None:
            about["link_faults"] = str(self.faults)
        path = new_path(folder, self.board.name, manifest.model, str(manifest.precision))
        return Recorder(path, about, self.board.clock)

    def _say(self, facts: Mapping[str, Any]) -> None:
        if self.recorder is not None:
            self.recorder.say(facts)

    def _check_hello(self, hello: Hello) -> None:
        manifest = self.image.manifest
        for what, said, meant in (
            ("image", hello.build_id, manifest.build_id),
            ("model", hello.model, manifest.model),
            ("precision", hello.precision, str(manifest.precision)),
            ("kind", hello.kind, manifest.kind),
            ("number of features", hello.features, manifest.features),
            ("least steps", hello.min_steps, manifest.min_steps),
            ("most steps", hello.max_steps, manifest.max_steps),
            ("number of outputs", hello.outputs, manifest.outputs),
            ("counter", hello.counter, self.board.kind.counter.wire_name),
        ):
            if said != meant:
                raise HandshakeError(
                    f"the firmware that answers is not {self.image.name}",
                    evidence=f"{what} {said}, expected {meant}",
                    remedy="build and flash it again",
                )
        if hello.clock_hz != self.board.kind.clock_hz:
            told = f"{hello.clock_hz:,} Hz" if hello.clock_hz else "a clock it knows no exact rate of"
            raise HandshakeError(
                "the board does not run at the clock of its kind",
                evidence=f"{told} instead of {self.board.kind.clock_hz:,} Hz",
                remedy="its oscillator or its PLL does not start: see to its power, and power-cycle it",
            )

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
        if self._link is None:
            raise LinkError("the session is not open", board=self.board.name, remedy="use it in a with block")
        limit_s, factor = self.hang_after_s, 0.0
        if limit_s is None:
            limit_s, factor = hang_after_s(macs, self.board.kind.clock_hz), HANG_FACTOR
        steps = [[length, len(list(run))] for length, run in groupby(map(len, inputs))]
        self._say({"ask": "infer", "steps": steps, "hang_after_s": limit_s, "hang_factor": factor})
        try:
            return self._link.infer(inputs, on_result=on_result, hang_after_s=limit_s, hang_factor=factor)
        except HilError as error:
            raise self._explained(error) from error

    def stack(self) -> StackUse:
        """How deep the stack went so far, as painted."""
        if self._link is None:
            raise LinkError("the session is not open", board=self.board.name, remedy="use it in a with block")
        self._say({"ask": "stack", "deadline_s": self._answer_s})
        try:
            return self._link.stack(self._answer_s)
        except HilError as error:
            raise self._explained(error) from error

    def measure(
        self, vectors: VectorSet, progress: Progress | None = None, answered: Answered | None = None
    ) -> Report:
        """Stream the vectors and take every measure of the bench; VectorError when there are none.

        Those that were ``answered`` before, in sessions that ended early, run no more; what this one answers
        is added. ChangedError where the board computes otherwise since.
        """
        if len(vectors.inputs) == 0:
            raise VectorError(
                f"no vectors for {self.image.name}", board=self.board.name, remedy="choose at least one"
            )
        worked = reference_times()
        started = time.monotonic()
        results = self._answers(vectors, progress, answered or Answered())
        self.phases[metrics.STREAM_S] = time.monotonic() - started
        reference = reference_of([*worked, *reference_times()])
        stack = self.stack()
        assert self._link is not None
        counter = self.board.kind.counter
        ticks = np.array([result.ticks for result in results], dtype=np.uint32)
        outputs = np.stack([result.output for result in results])
        cost = cost_samples(ticks, counter)
        footprint = memory(self.image.path)
        scores, labels = outputs[:, : vectors.classes], vectors.labels
        classified = (accuracy(scores, labels),) if vectors.classes and labels is not None else ()
        path = vectors.path_output
        traced = self._traced(results, cost, counter)
        tiers = () if path is None else self._tiers(outputs, path, traced, cost)
        targets = vectors.targets
        errors = () if targets is None else regression(outputs, targets, vectors.output_scale)
        measures = (
            *classified,
            *errors,
            golden_exact(outputs, vectors.goldens),
            metrics.VECTORS.measure(float(len(results)), Method.COUNTED, "link"),
            *traced.measures,
            *cost_per_inference(cost, self.board.kind, self.board.conditions),
            *tiers,
            metrics.FLASH_BYTES.measure(float(footprint.flash_bytes), Method.COUNTED, "elf"),
            metrics.RAM_BYTES.measure(float(footprint.ram_bytes), Method.COUNTED, "elf"),
            metrics.STACK_BYTES.measure(
                float(stack.peak_total), Method.MEASURED, "painted", 4.0, conditions=self._resumed
            ),
            metrics.STACK_MODEL_BYTES.measure(
                float(stack.peak_model), Method.MEASURED, "painted", 4.0, conditions=self._resumed
            ),
            *self.phase_measures(),
            metrics.REFERENCE_S.measure(reference, Method.MEASURED, "host-clock"),
            *self._link_measures(self._link.stats),
        )
        classes = (predicted(scores),) if vectors.classes else ()
        samples = (*traced.samples, cost, *classes)
        notes = traced.notes
        if self.recorder is not None and self.recorder.failed is not None:
            notes += (
                f"{self.board.name} {self.image.name}: its recording ends early: {self.recorder.failed}",
            )
        if returns := self._link.stats.returns:
            times = "once" if returns == 1 else f"{returns} times"
            notes += (f"{self.board.name} {self.image.name}: its port went away and came back {times}",)
        if not self.over_uart and self.board.memory_missing is not None:
            notes += (f"{self.board.name}: {self.board.memory_missing}",)
        if vectors.classes and labels is None:
            notes += (f"{self.board.name} {self.image.name}: its vectors have no labels, so no accuracy",)
        if targets is not None and not errors:
            notes += (f"{self.board.name} {self.image.name}: an output is not finite, so no error is told",)
        return Report(measures, samples, outputs, self._link.stats, traced.profile, notes, footprint.symbols)

    def _tiers(
        self, outputs: npt.NDArray[np.generic], path: int, traced: Traced, cost: Samples
    ) -> tuple[Measure, ...]:
        """What either way through a model of two tiers cost, as counted and as estimated."""
        if traced.instructions is not None:
            told = tier_measures(outputs, path, traced.instructions)
        else:
            told = tier_measures(outputs, path, cost, self.board.conditions)
        if traced.cycles is not None:
            told += tier_costs(outputs, path, traced.cycles, CONDITIONS, traced.bands)
        return told

    def _answers(self, vectors: VectorSet, progress: Progress | None, answered: Answered) -> list[Result]:
        """A result of each vector, in their order, of this session or one before it."""
        total = len(vectors.inputs)
        if self.board.trace is not None:  # which saw this session alone
            answered = Answered()
        order = answered.begin(self.image.manifest.build_id, vectors.sha256, total)
        if answered.results:
            self._resumed = {"resumed": f"{len(answered.lost):,} of {total:,} vectors"}

        def take(result: Result) -> None:
            answered.take(replace(result, number=order[result.number]))
            if progress is not None:
                progress(len(answered.results), total)

        self._infer([vectors.inputs[number] for number in order], vectors.macs, take)
        return [answered.results[number] for number in range(total)]

    def _traced(self, results: Sequence[Result], cost: Samples, counter: Counter) -> Traced:
        """What the board's trace saw of these results; nothing, and a note, where it has none."""
        trace = self.board.trace
        if trace is None:
            missing = self.board.trace_missing
            return Traced(notes=(f"{self.board.name}: {missing}",) if missing else ())
        numbers = [result.wire_number for result in results]
        ticks = cost if cost.metric == metrics.INSTRUCTIONS.name else None
        try:
            within = counter.per_tick + counter.reading
            found = traced(trace.take(), numbers, self.board.kind, trace.technique, ticks, within)
        except HilError as error:
            raise error.at(self.board.name) from None
        notes = found.notes
        if not found.measures and (why := trace.why_lost()) is not None:
            notes = tuple(f"{note}: {why}" for note in notes)
        return replace(found, notes=tuple(f"{self.board.name} {self.image.name}: {note}" for note in notes))

    def phase_measures(self) -> tuple[Measure, ...]:
        """The wall time of every phase gone through so far, those with frames with what carried them."""
        return tuple(
            metric.measure(seconds, Method.MEASURED, "host-clock", conditions=self._conditions(metric))
            for metric, seconds in self.phases.items()
        )

    def _link_measures(self, stats: LinkStats) -> tuple[Measure, ...]:
        """What the link had to carry, and how much of it did not arrive whole."""
        found = (
            (metrics.LINK_LOST, stats.lost),
            (metrics.LINK_DAMAGED, stats.damaged),
            (metrics.LINK_WIRE_BYTES, stats.wire_bytes_out + stats.wire_bytes_in),
        )
        return tuple(
            metric.measure(float(count), Method.COUNTED, "link", conditions=self._conditions(metric))
            for metric, count in found
        )

    def _conditions(self, metric: metrics.Metric) -> dict[str, str | float]:
        """What a value holds for: what carried the frames and their faults, where frames show in it."""
        found: dict[str, str | float] = {}
        if metric in _OF_THE_STREAM:
            found |= self._resumed
        if metric in _WITHOUT_FRAMES:
            return found
        if self.hello is not None and self._link is not None:
            found["link"] = self._link.via
        if self.faults is not None:
            found["link_faults"] = str(self.faults)
        return found

    def _explained(self, error: HilError) -> HilError:
        """The error with its reason, noted in the recording."""
        explained = self._with_reason(error)
        self._say({"end": str(explained)})
        return explained

    def _with_reason(self, error: HilError) -> HilError:
        """Name the board; say so when the board itself ended, and where the core stands when it hung."""
        if not isinstance(error, VectorError):  # refused before anything was sent
            self.failure = error
        reason = self.board.failure()
        if reason is not None and self.board.killed():
            return BenchProcessError(
                f"{reason} while {self.image.name} ran",
                board=self.board.name,
                evidence=error.what,
                remedy="see what killed or stopped it: where memory ran out, the kernel's log tells",
            )
        if reason is not None:
            return ProbeError(
                f"{reason} while {self.image.name} ran",
                board=self.board.name,
                evidence=error.what,
                remedy="run it again; if it ends at the same place, the image is at fault",
            )
        if isinstance(error, DeviceHungError) and self._flasher is not None:
            error.evidence = "; ".join(filter(None, (error.evidence, self._where(self._flasher))))
        return error.at(self.board.name)

    def _where(self, flasher: Flasher) -> str | None:
        try:
            if flasher.halted():
                return f"{_STOOD} {flasher.fault_registers()['pc']:#010x}"
            flasher.halt()
            registers = flasher.fault_registers()
        except HilError as error:
            return f"the core could not be halted: {error.what}"
        counter = registers["pc"]
        function = symbol_at(self.image.path, counter) or "no known function"
        idle = f", {IDLE}" if function.endswith(WAITS) else ""
        return f"{HALTED} {counter:#010x} in {function}{idle}"


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
