"""A probe that plays recorded traces: as they were recorded, breaks and flaws included.

Its port is a trace file, or a folder of them, of which each start plays the next by name.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy.typing as npt

from hil.errors import PowerProbeError
from hil.power.base import Break, Capabilities, PowerTrace, Samples
from hil.power.drivers import Driver, ProbeSpec
from hil.power.files import load

NAME = "replay"
_SAME_V = 1e-3


class Replay:
    """Recorded traces in place of a probe, a context manager; nobody has power by it.

    ``stop`` gives a trace whole, however long ago ``start`` was: what a board does meanwhile is not in it.
    """

    def __init__(self, path: Path, board: str | None = None) -> None:
        self._path = path
        self._board = board
        self._traces: list[PowerTrace] = []
        self._started = 0
        self._began: float | None = None
        self._shown = 0

    @property
    def capabilities(self) -> Capabilities:
        """Of what was recorded; its supply is none."""
        rate_hz = self._traces[0].rate_hz if self._traces else 0.0
        return Capabilities(NAME, rate_hz, 8, None, float("inf"))

    def __enter__(self) -> Self:
        paths = sorted(self._path.glob("*.parquet")) if self._path.is_dir() else [self._path]
        if not paths or not paths[0].is_file():
            raise self._error(
                f"there is no power trace at {self._path}",
                None,
                "name a file that hil power record --out wrote, or a folder of such",
            )
        try:
            self._traces = [load(path) for path in paths]
        except PowerProbeError as error:
            raise error.at(self._board) if self._board else error from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._traces = []

    def supply(self, volts: float) -> None:
        """Only the supply that was recorded: at another a board takes another current."""
        for trace in self._traces:
            if abs(trace.supply_v - volts) > _SAME_V:
                raise self._error(
                    f"what {self._path} holds was recorded at {trace.supply_v:g} V, not {volts:g} V",
                    None,
                    "see the lab file's power.supply_v",
                )

    def power(self, on: bool) -> None:
        """Nothing: what was recorded had it."""

    def start(self) -> None:
        """Play the next trace; of a single file it is always the same."""
        if self._began is not None:
            raise self._error("the power probe measures already", None, "call stop first")
        if self._path.is_dir() and self._started >= len(self._traces):
            raise self._error(
                f"{self._path} has no more power traces",
                f"all {len(self._traces)} are played",
                "record as many as there are passes, or name one file",
            )
        self._began, self._shown = time.monotonic(), 0

    @property
    def taken(self) -> int:
        """How many samples came by now, at the rate at which they were recorded."""
        if self._began is None:
            return 0
        trace = self._current()
        return min(len(trace), int((time.monotonic() - self._began) * trace.rate_hz))

    def watched(self) -> PowerTrace | None:
        """What came by now, at the rate at which it was recorded."""
        if self._began is None:
            return None
        trace = self._current()
        begin, end = self._shown, self.taken
        self._shown = end
        return part(trace, begin, end) if end > begin else None

    def stop(self) -> PowerTrace:
        """The trace."""
        if self._began is None:
            raise self._error("the power probe does not measure", None, "call start first")
        trace = self._current()
        self._began = None
        self._started += 1
        return trace

    def _current(self) -> PowerTrace:
        return self._traces[self._started % len(self._traces)]

    def _error(self, what: str, evidence: str | None, remedy: str) -> PowerProbeError:
        return PowerProbeError(what, board=self._board, evidence=evidence, remedy=remedy)


def part(trace: PowerTrace, begin: int, end: int) -> PowerTrace:
    """Samples of a trace from ``begin`` to before ``end``, with the breaks in them."""
    volts = None if trace.voltage_v is None else trace.voltage_v[begin:end]
    return PowerTrace.of(
        Samples(trace.current_a[begin:end], trace.digital[begin:end], trace.flaws[begin:end], volts),
        trace.raw[begin:end],
        driver=trace.driver,
        rate_hz=trace.rate_hz,
        supply_v=trace.supply_v,
        breaks=[
            Break(one.at - begin, one.flaw, one.evidence, one.lost)
            for one in trace.breaks
            if begin <= one.at < end
        ],
        calibration=trace.calibration,
    )


def _open(spec: ProbeSpec) -> Replay:
    assert spec.port is not None
    return Replay(Path(spec.port), spec.board)


def _decode(raw: npt.NDArray[Any], calibration: Mapping[str, str | float], supply_v: float) -> Samples:
    raise PowerProbeError(
        "a trace that was replayed is of the probe that recorded it",
        evidence="its driver is said to be replay",
        remedy="record it again",
    )


DRIVER = Driver(NAME, _open, _decode, none="a file, or a folder of them")
