"""A board on a desk whose power probe and firmware are one clockwork, sample by sample, without any process.

What a session asks of the board moves its time on; the probe sees the currents and the sync pin of that time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt

from hil.board import Board
from hil.errors import DeviceHungError, PowerProbeError
from hil.flash.base import Flasher
from hil.image import Image, prebuilt_dir
from hil.kinds import KINDS
from hil.link.faults import Faults
from hil.link.link import Hello, Link, Result, StackUse
from hil.link.recording import Recorder
from hil.meters.base import Streamed
from hil.metrics import Metric
from hil.models.vectors import VectorSet
from hil.power.base import Break, Capabilities, Flaw, PowerTrace
from hil.power.board import BoardPower
from hil.values import Method

KIND = KINDS["nrf52840dk"]
RATE_HZ = 100_000.0
VOLTS = 3.0
IDLE_A, RUN_A = 1e-3, 6e-3
_ON_THE_LINE = 300  # samples in which a vector arrives, and an answer leaves
_POLLED = 500  # samples between two looks at the probe
_SPANS_MOST = 255


@dataclass
class Desk:
    """The board, its probe and its firmware; ``costs_s`` are what each vector takes it.

    ``wrong`` says, by the number of a pass from 0 on, what goes wrong in it: ``gap`` loses samples in its
    first window, ``unplug`` takes the probe away, ``hang`` stops the board, ``other`` gives another output,
    ``stands`` counts no ticks.
    """

    costs_s: Sequence[float]
    wrong: Mapping[int, str] = field(default_factory=dict)
    window_s: float = 0.1
    repeats: int = 1
    windows: int = 3
    channel: int | None = 0
    asked: list[tuple[int, int]] = field(default_factory=list)  # per_span and spans
    told: list[str] = field(default_factory=list)
    resets: int = 0
    passes: int = 0
    unplugged: bool = False

    def __post_init__(self) -> None:
        self._parts: list[tuple[int, float, int]] = []  # samples, amperes, level
        self._began = 0  # the sample before which repeats begin
        self._last = 0
        self._open = False

    # the probe

    capabilities = Capabilities("desk", RATE_HZ, 8, (0.8, 5.0), 1.0, gain_share=0.01)

    def __enter__(self) -> Self:
        if self.unplugged:
            raise PowerProbeError("cannot open the power probe's port /dev/ttyACM7", evidence="no such file")
        self._open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False

    def supply(self, volts: float) -> None:
        assert self._open
        assert volts == VOLTS

    def power(self, on: bool) -> None:
        assert self._open
        assert on

    def start(self) -> None:
        assert self._open
        if self.unplugged:
            raise PowerProbeError("the power probe at /dev/ttyACM7 went away", evidence="no such device")
        self._parts = []

    @property
    def taken(self) -> int:
        self._pass_time(_POLLED, IDLE_A, 0)
        return self._samples

    @property
    def _samples(self) -> int:
        return sum(count for count, _, _ in self._parts)

    def stop(self) -> PowerTrace:
        number, self.passes = self.passes, self.passes + 1
        self._pass_time(_ON_THE_LINE, IDLE_A, 0)
        counts = [count for count, _, _ in self._parts]
        current_a = np.repeat([amperes for _, amperes, _ in self._parts], counts).astype(np.float32)
        digital = np.repeat([level for _, _, level in self._parts], counts).astype(np.uint8)
        breaks: tuple[Break, ...] = ()
        middle = min(self._began + 100, len(digital))
        if "unplug" in self.wrong.get(number, ""):
            self.unplugged = True
            current_a, digital = current_a[:middle], digital[:middle]
            breaks = (Break(middle, Flaw.STALLED, "it went away: Input/output error"),)
        if "gap" in self.wrong.get(number, ""):
            breaks = (Break(middle, Flaw.LOST, "5 samples"),)
        flaws = np.zeros(len(current_a), np.uint8)
        return PowerTrace(RATE_HZ, current_a, digital, flaws, VOLTS, breaks)

    # the firmware

    def infer(self, number: int, wire_number: int) -> Result:
        self._pass_time(_ON_THE_LINE, IDLE_A, 0)
        self._pass_time(self._cost(number), RUN_A, 1)
        self._pass_time(_ON_THE_LINE, IDLE_A, 0)
        self._last = number
        answer = np.array([number + 100 * (self.wrong.get(self.passes) == "other")], np.int16)
        return Result(0, wire_number, self._ticks(number), answer)

    def repeat(self, per_span: int, spans: int) -> tuple[int, ...]:
        assert spans % 2 == 1, "the pin is low again"
        self.asked.append((per_span, spans))
        self._began = self._samples
        if "hang" in self.wrong.get(self.passes, ""):
            raise DeviceHungError("no frame in 10.0 s", evidence="after 1,204 bytes")
        for span in range(spans):
            self._pass_time(per_span * self._cost(self._last), RUN_A, 1 - span % 2)
        counts = self.wrong.get(self.passes) != "stands"
        return (per_span * self._ticks(self._last) * counts,) * spans

    def _cost(self, number: int) -> int:
        return round(self.costs_s[number] * RATE_HZ)

    def _ticks(self, number: int) -> int:
        return round(self.costs_s[number] * KIND.clock_hz)

    def _pass_time(self, samples: int, amperes: float, level: int) -> None:
        self._parts.append((samples, amperes, level))

    # what a session has of them

    def board(self) -> Board:
        def no_flasher() -> Flasher:
            raise AssertionError

        return Board("desk-1", KIND, "", no_flasher, power=self.power_of())

    def power_of(self) -> BoardPower:
        return BoardPower(
            probe=lambda: self,
            supply_v=VOLTS,
            channel=self.channel,
            method=Method.MEASURED,
            technique="desk",
            spans_s=lambda ticks: [count / KIND.clock_hz for count in ticks],
            conditions={"supply_v": VOLTS},
            window_s=self.window_s,
            repeats=self.repeats,
            windows=self.windows,
        )

    def streamed(self) -> Streamed:
        """All vectors answered, as ``costs_s`` says; the board waits."""
        count = len(self.costs_s)
        inputs: list[npt.NDArray[Any]] = [np.full((1, 1), number, np.int16) for number in range(count)]
        goldens = np.arange(count, dtype=np.int16).reshape(-1, 1)
        vectors = VectorSet(inputs, None, goldens, Path("none"), "c" * 64, 0, macs=100)
        results = [
            replace(self.infer(number, number), number=number, output=goldens[number])
            for number in range(count)
        ]
        return Streamed(DeskSession(self), vectors, results, self.told.append)


@dataclass
class DeskSession:
    """The session, as meters see it."""

    desk: Desk
    over_uart: bool = False
    faults: Faults | None = None
    recorder: Recorder | None = None
    resumed: Mapping[str, str | float] = field(default_factory=dict)
    phases: Mapping[Metric, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.board = self.desk.board()
        self.image = Image.load(prebuilt_dir(KIND.name) / "fastgrnn_digits-q15.elf")
        self.label = f"{self.board.name} {self.image.name}"
        self._wire_number = len(self.desk.costs_s)

    @property
    def link(self) -> Link:
        return cast(Link, self)

    def require_hello(self) -> Hello:
        return cast(Hello, self)

    @property
    def hello(self) -> Hello:
        return self.require_hello()

    max_payload = 2048

    def stack(self) -> StackUse:
        return StackUse(1024, 512, 256)

    def infer(self, inputs: Iterable[npt.NDArray[np.generic]], *, macs: int | None = None) -> list[Result]:
        (one,) = inputs
        self._wire_number += 1
        return [self.desk.infer(int(one[0, 0]), self._wire_number)]

    def repeat(self, number: int, per_span: int, spans: int, within_s: float) -> tuple[int, ...]:
        assert number == self._wire_number
        assert within_s >= 10.0
        return self.desk.repeat(per_span, spans)

    def restart(self) -> None:
        self.desk.resets += 1
