"""The kit on its serial port: its commands, and the calibration that it keeps."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hil.errors import PowerProbeError
from hil.power import arrival
from hil.power.attached import ppk2
from hil.power.base import Break, Capabilities, Flaw, PowerTrace, Samples
from hil.power.drivers import Driver, ProbeSpec
from hil.power.port import Port
from hil.power.ppk2 import wire
from hil.power.ppk2.decode import Decoder, aligned

CAPABILITIES = Capabilities(
    "ppk2",
    wire.RATE_HZ,
    8,
    (wire.LEAST_V, wire.MOST_V),
    wire.MOST_A,
    gain_share=0.1,  # as comparisons with other meters say; Nordic's own table was not at hand
    offset_a=2e-7,  # the least that the kit shows
)
_MOST_TEXT = 1 << 14
_FEW = 256  # bytes that are too few to be sure of where a sample begins


class Ppk2:
    """A kit at a serial port, a context manager; as a source it supplies the board, else it measures in line.

    ``start`` and ``stop`` enclose what is measured; a trace ends early, with a break, when the kit goes away.
    What the kit sends before its answer to the question that follows STOP belongs to the trace.
    """

    capabilities = CAPABILITIES

    def __init__(
        self, port: str, *, source: bool = True, board: str | None = None, paced: bool = True
    ) -> None:
        self._port = Port(port, board)
        self._paced = paced
        self._source = source
        self._board = board
        self._volts: float | None = None
        self._calibration: wire.Calibration | None = None
        self._first_line = b""  # of the kit's answer to METADATA

    def __enter__(self) -> Self:
        self._port.acquire()
        try:
            self._port.write(wire.STOP)
            self._port.silence()
            self._calibration = self._ask_calibration()
            self._port.write(wire.SOURCE_METER if self._source else wire.AMPERE_METER)
        except BaseException:
            self._port.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(PowerProbeError):  # one that went away cannot be told to stop
            self._end()
            self.power(False)
        self._port.close()

    def supply(self, volts: float) -> None:
        """The board's supply: what the kit gives as a source, and what it is told about as a meter."""
        self._port.check_supply(volts, wire.LEAST_V, wire.MOST_V)
        self._port.write(wire.regulator(volts))
        self._volts = volts

    def power(self, on: bool) -> None:
        """The board's power; on only once a supply is set."""
        if on:
            self._port.check_supplied(self._volts)
        self._port.write(wire.POWER_ON if on else wire.POWER_OFF)

    def start(self) -> None:
        """Take samples from now on."""
        self._port.check_start(self._volts)
        self._port.silence()
        self._port.write(wire.START)
        self._port.begin(self._answered)

    @property
    def taken(self) -> int:
        """How many samples have come since ``start``, but for those that ``watched`` gave."""
        return len(self._port.taken.data) // wire.SAMPLE_BYTES

    def watched(self) -> PowerTrace | None:
        """What came since it was last asked, while it measures; it is no part of what ``stop`` gives."""
        taken = self._port.taken
        with taken.lock:
            data = bytes(taken.data)
            used = len(data) - len(data) % wire.SAMPLE_BYTES
            if taken.failed is not None and len(data) < _FEW:
                raise self._port.error(
                    f"the power probe at {self._port.name} sends nothing any more",
                    taken.failed,
                    "check its cable and its USB port",
                )
            if len(data) < _FEW:
                return None
            del taken.data[:used]
            taken.seconds.clear()
            taken.counts.clear()
        found = aligned(data)
        return self._trace(found.words, found.breaks)

    def stop(self) -> PowerTrace:
        """What was taken since ``start``; PowerProbeError when that is nothing."""
        if not self._port.streams:
            raise self._port.error("the power probe does not measure", None, "call start first")
        with contextlib.suppress(PowerProbeError):  # what came before it went away is kept
            self._end()
        taken = self._port.taken
        found = aligned(taken.data)
        if not len(found.words):
            raise self._port.error(
                "the power probe sent no samples",
                taken.failed or f"{len(taken.data):,} bytes",
                "check its cable; unplug it and plug it in again",
            )
        breaks = list(found.breaks)
        if self._paced:
            counts = np.minimum(np.array(taken.counts, np.int64), len(taken.data))
            came = arrival.Arrivals(np.array(taken.seconds), counts // wire.SAMPLE_BYTES)
            breaks += arrival.breaks(came, wire.RATE_HZ)
        if taken.failed is not None:
            breaks.append(Break(len(found.words), Flaw.STALLED, taken.failed))
        return self._trace(found.words, breaks)

    def _trace(self, words: npt.NDArray[np.uint32], breaks: Iterable[Break]) -> PowerTrace:
        assert self._calibration is not None
        assert self._volts is not None
        return PowerTrace.of(
            Decoder(self._calibration, self._volts).samples(words),
            words,
            driver=CAPABILITIES.name,
            rate_hz=wire.RATE_HZ,
            supply_v=self._volts,
            breaks=breaks,
            calibration=self._calibration.stored(),
        )

    def _end(self) -> None:
        self._port.end(wire.STOP + wire.METADATA)

    def _answered(self, data: bytearray) -> bool:
        """Whether the answer has come; it is cut off, since what stands before are samples."""
        begin = data.rfind(self._first_line, max(0, len(data) - _MOST_TEXT))
        if begin < 0 or data.find(wire.METADATA_END, begin) < 0:
            return False
        del data[begin:]
        return True

    def _ask_calibration(self) -> wire.Calibration:
        self._port.write(wire.METADATA)
        text, whole = self._port.answer(lambda text: wire.METADATA_END in text, _MOST_TEXT)
        if not whole:
            raise self._port.error(
                f"what is at {self._port.name} does not answer as a Power Profiler Kit II",
                f"{text[:60]!r}" if text else "no answer",
                "check the lab file's power.driver and power.port; of a kit's two ports, try the other",
            )
        try:
            found = wire.parsed(text.decode("ascii", "replace"))
        except PowerProbeError as error:
            raise error.at(self._board) if self._board else error from None
        first = re.search(rb"(Calibrated|R0)[^\n]*\n", text)
        assert first is not None  # there is an R0
        self._first_line = first[0]
        return found


def _open(spec: ProbeSpec) -> Ppk2:
    assert spec.port is not None
    return Ppk2(spec.port, source=spec.source, board=spec.board, paced=spec.paced)


def _decode(raw: npt.NDArray[Any], calibration: Mapping[str, str | float], supply_v: float) -> Samples:
    return Decoder(wire.Calibration.of(calibration), supply_v).samples(raw)


DRIVER = Driver(CAPABILITIES.name, _open, _decode, ppk2)
