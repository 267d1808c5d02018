"""What a power probe is, and the trace that it gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt


class Flaw(IntEnum):
    """Why a sample, or the time between two of them, tells nothing."""

    NONE = 0
    LOST = 1
    MISALIGNED = 2
    CLIPPED = 3
    NO_RANGE = 4
    STALLED = 5
    RATE = 6
    FAULT = 7

    @property
    def text(self) -> str:
        """As a message tells it."""
        return {
            Flaw.NONE: "good",
            Flaw.LOST: "samples are lost",
            Flaw.MISALIGNED: "bytes are lost or added",
            Flaw.CLIPPED: "the current is beyond what the probe measures",
            Flaw.NO_RANGE: "a measuring range that the probe does not have",
            Flaw.STALLED: "the probe sent nothing for a while",
            Flaw.RATE: "the probe does not keep its rate",
            Flaw.FAULT: "the probe reports an error",
        }[self]


@dataclass(frozen=True)
class Break:
    """Before sample ``at`` something is missing, or may be: how many samples, where that is known."""

    at: int
    flaw: Flaw
    evidence: str
    lost: int | None = None


@dataclass(frozen=True, eq=False)
class Samples:
    """What raw words say: amperes (n, float32), logic inputs and flaws (n, uint8), volts where measured."""

    current_a: npt.NDArray[np.float32]
    digital: npt.NDArray[np.uint8]
    flaws: npt.NDArray[np.uint8]
    voltage_v: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class PowerTrace:
    """What a probe saw from start to stop, ``n`` samples at ``rate_hz`` of the probe's own clock.

    ``current_a`` are amperes (n, float32), NaN where ``flaws`` (n, uint8) says why; ``digital`` (n, uint8)
    has a bit for each logic input. ``supply_v`` is the voltage that the board had, set or stated, and
    ``voltage_v`` (n, float32) what the probe measured, if it does. ``breaks`` lie between samples, in order.
    ``raw`` is what the probe sent, as its ``driver`` aligned it, and ``calibration`` what turns it into
    amperes.
    """

    rate_hz: float
    current_a: npt.NDArray[np.float32]
    digital: npt.NDArray[np.uint8]
    flaws: npt.NDArray[np.uint8]
    supply_v: float
    breaks: tuple[Break, ...] = ()
    raw: npt.NDArray[Any] = field(default_factory=lambda: np.zeros(0, np.uint32))
    calibration: Mapping[str, str | float] = field(default_factory=dict)
    driver: str = ""
    voltage_v: npt.NDArray[np.float32] | None = None

    @classmethod
    def of(
        cls,
        samples: Samples,
        raw: npt.NDArray[Any],
        *,
        driver: str,
        rate_hz: float,
        supply_v: float,
        breaks: Iterable[Break] = (),
        calibration: Mapping[str, str | float],
    ) -> Self:
        """What a driver decoded, and what from; breaks in any order."""
        return cls(
            rate_hz,
            samples.current_a,
            samples.digital,
            samples.flaws,
            supply_v,
            tuple(sorted(breaks, key=lambda one: one.at)),
            raw,
            calibration,
            driver,
            samples.voltage_v,
        )

    def __len__(self) -> int:
        return len(self.current_a)

    @property
    def seconds(self) -> float:
        """By the probe's clock."""
        return len(self) / self.rate_hz

    def energy_j(self, begin: int, end: int) -> float:
        """What flowed from sample ``begin`` to before ``end``, at the volts measured or else the supply's."""
        current = self.current_a[begin:end].astype(np.float64)
        if self.voltage_v is None:
            return float(np.sum(current)) * self.supply_v / self.rate_hz
        return float(np.dot(current, self.voltage_v[begin:end].astype(np.float64))) / self.rate_hz

    def edges(self, channel: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        """Where a logic input changed: the first sample of each new level, and whether it rose."""
        level = (self.digital >> channel) & 1
        at = np.flatnonzero(level[1:] != level[:-1]) + 1
        return at, level[at] == 1

    def wrong_within(self, begin: int, end: int) -> str | None:
        """Why the time from sample ``begin`` to ``end`` was not measured whole; None when it was.

        What is missing right before either of them counts: an edge may have been there.
        """
        for one in self.breaks:
            if begin <= one.at <= end or one.flaw is Flaw.RATE:
                return f"{one.flaw.text} ({one.evidence})"
        found = self.flaws[begin:end]
        bad = found[found != Flaw.NONE]
        if len(bad):
            return f"{Flaw(int(bad[0])).text} ({len(bad):,} of {end - begin:,} samples)"
        return None


@dataclass(frozen=True)
class Capabilities:
    """What a kind of probe can do: its fixed rate, its logic inputs, the supply in volts that it can be.

    A current may be off by ``gain_share`` of itself and ``offset_a`` besides, as its maker says; where nobody
    does, ``gain_share`` is None.
    """

    name: str
    rate_hz: float
    channels: int
    supply_v: tuple[float, float] | None
    most_a: float
    gain_share: float | None = None
    offset_a: float = 0.0


class PowerProbe(Protocol):
    """A power probe; a context manager, open within. PowerProbeError tells every failure.

    The board has power from ``power(True)`` on, at the volts of ``supply``, until ``power(False)``.
    ``taken`` is about how many samples have come since ``start``.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def taken(self) -> int: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def supply(self, volts: float) -> None: ...

    def power(self, on: bool) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> PowerTrace: ...


@runtime_checkable
class Watched(Protocol):
    """A probe that shows what it measures while it does."""

    def watched(self) -> PowerTrace | None:
        """What came since it was last asked, None when that is nothing; no part of what ``stop`` gives."""
