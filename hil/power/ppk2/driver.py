"""The kit on its serial port: commands, the calibration that it keeps, and a reader that loses nothing."""

from __future__ import annotations

import contextlib
import os
import re
import select
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import serial

from hil.errors import PowerProbeError
from hil.power import arrival
from hil.power.attached import attached
from hil.power.base import Break, Capabilities, Flaw, PowerTrace, Samples
from hil.power.drivers import Driver, ProbeSpec
from hil.power.ppk2 import wire
from hil.power.ppk2.decode import Decoder, aligned

CAPABILITIES = Capabilities("ppk2", wire.RATE_HZ, 8, (wire.LEAST_V, wire.MOST_V), wire.MOST_A)
_ANSWER_S = 2.0
_FLUSH_S = 60.0  # an emulated kit has more to tell than what fits a cable
_QUIET_S = 0.05
_PAUSE_S = 0.002  # the system keeps a hundred times as much
_CHUNK = 1 << 16
_MOST_TEXT = 1 << 14
_GONE = (serial.SerialException, OSError)


@dataclass
class _Taken:
    """What the reader has taken since the start; ``failed`` is why it ended before the kit's last answer."""

    data: bytearray = field(default_factory=bytearray)
    seconds: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    failed: str | None = None


class Ppk2:
    """A kit at a serial port, a context manager; as a source it supplies the board, else it measures in line.

    ``start`` and ``stop`` enclose what is measured; a trace ends early, with a break, when the kit goes away.
    What the kit sends before its answer to the question that follows STOP belongs to the trace.
    """

    capabilities = CAPABILITIES

    def __init__(self, port: str, *, source: bool = True, board: str | None = None) -> None:
        self._name = port
        self._source = source
        self._board = board
        self._port: serial.Serial | None = None
        self._volts: float | None = None
        self._calibration: wire.Calibration | None = None
        self._reader: threading.Thread | None = None
        self._first_line = b""  # of the kit's answer to METADATA
        self._stopped = threading.Event()
        self._taken = _Taken()

    def __enter__(self) -> Self:
        try:
            self._port = serial.Serial(self._name, timeout=0, write_timeout=_ANSWER_S, exclusive=True)
        except (*_GONE, ValueError) as error:
            raise self._error(
                f"cannot open the power probe's port {self._name}",
                str(error),
                "check the lab file's power.port, the cable, and that no other program holds the port",
            ) from error
        try:
            self._write(wire.STOP)
            self._silence()
            self._calibration = self._ask_calibration()
            self._write(wire.SOURCE_METER if self._source else wire.AMPERE_METER)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(PowerProbeError):  # one that went away cannot be told to stop
            self._end()
            self.power(False)
        self._close()

    def supply(self, volts: float) -> None:
        """The board's supply: what the kit gives as a source, and what it is told about as a meter."""
        if not wire.LEAST_V <= volts <= wire.MOST_V:
            raise self._error(
                f"the power probe cannot supply {volts:g} V",
                f"it can from {wire.LEAST_V:g} to {wire.MOST_V:g} V",
                "see the lab file's power.supply_v",
            )
        self._write(wire.regulator(volts))
        self._volts = volts

    def power(self, on: bool) -> None:
        """The board's power; on only once a supply is set."""
        if on and self._volts is None:
            raise self._error("the power probe's supply is not set", None, "call supply first")
        self._write(wire.POWER_ON if on else wire.POWER_OFF)

    def start(self) -> None:
        """Take samples from now on."""
        if self._volts is None:
            raise self._error("the power probe's supply is not set", None, "call supply first")
        if self._reader is not None:
            raise self._error("the power probe measures already", None, "call stop first")
        self._silence()
        self._taken = _Taken()
        self._stopped.clear()
        self._write(wire.START)
        self._reader = threading.Thread(target=self._read, name=f"power {self._name}", daemon=True)
        self._reader.start()

    def stop(self) -> PowerTrace:
        """What was taken since ``start``; PowerProbeError when that is nothing."""
        if self._reader is None:
            raise self._error("the power probe does not measure", None, "call start first")
        with contextlib.suppress(PowerProbeError):  # what came before it went away is kept
            self._end()
        taken = self._taken
        assert self._calibration is not None
        assert self._volts is not None
        found = aligned(taken.data)
        if not len(found.words):
            raise self._error(
                "the power probe sent no samples",
                taken.failed or f"{len(taken.data):,} bytes",
                "check its cable; unplug it and plug it in again",
            )
        counts = np.minimum(np.array(taken.counts, np.int64), len(taken.data))
        came = arrival.Arrivals(np.array(taken.seconds), counts // wire.SAMPLE_BYTES)
        breaks = [*found.breaks, *arrival.breaks(came, wire.RATE_HZ)]
        if taken.failed is not None:
            breaks.append(Break(len(found.words), Flaw.STALLED, taken.failed))
        return PowerTrace.of(
            Decoder(self._calibration, self._volts).samples(found.words),
            found.words,
            driver=CAPABILITIES.name,
            rate_hz=wire.RATE_HZ,
            supply_v=self._volts,
            breaks=breaks,
            calibration=self._calibration.stored(),
        )

    def _read(self) -> None:
        """Take what comes, until the kit has answered what it was asked after STOP."""
        assert self._port is not None
        handle, taken = self._port.fileno(), self._taken
        give_up = asked_at = None
        while True:
            if asked_at is None and self._stopped.is_set():
                asked_at = len(taken.data)
                give_up = time.monotonic() + _FLUSH_S
            try:
                if not select.select([handle], [], [], _QUIET_S if asked_at is None else _ANSWER_S)[0]:
                    if asked_at is None:
                        continue
                    taken.failed = "it stopped without an answer"
                    return
                data = os.read(handle, _CHUNK)
                if not data:
                    raise OSError("the port is closed")
            except OSError as error:
                taken.failed = f"it went away: {error}"
                return
            taken.data += data
            taken.seconds.append(time.monotonic())
            taken.counts.append(len(taken.data))
            if self._stopped.is_set() and self._answered(taken.data):
                return
            if give_up is not None and time.monotonic() > give_up:
                taken.failed = "it does not stop sending"
                return
            time.sleep(_PAUSE_S)

    def _answered(self, data: bytearray) -> bool:
        """Whether the answer has come; it is cut off, since what stands before are samples."""
        begin = data.rfind(self._first_line, max(0, len(data) - _MOST_TEXT))
        if begin < 0 or data.find(wire.METADATA_END, begin) < 0:
            return False
        del data[begin:]
        return True

    def _end(self) -> None:
        """Tell the kit to stop, and the reader to end with what it answers then."""
        if self._reader is None:
            return
        reader, self._reader = self._reader, None
        try:
            self._write(wire.STOP + wire.METADATA)
        finally:
            self._stopped.set()
            reader.join()

    def _silence(self) -> None:
        """Wait until nothing comes any more: what does is older than what is asked next."""
        assert self._port is not None
        give_up = time.monotonic() + _ANSWER_S
        try:
            while select.select([self._port.fileno()], [], [], _QUIET_S)[0]:
                if not os.read(self._port.fileno(), _CHUNK):
                    raise OSError("the port is closed")
                if time.monotonic() > give_up:
                    raise self._error(
                        f"the power probe at {self._name} does not stop sending",
                        None,
                        "unplug it and plug it in again; is it another device?",
                    )
        except OSError as error:
            raise self._gone(error) from error

    def _ask_calibration(self) -> wire.Calibration:
        self._write(wire.METADATA)
        assert self._port is not None
        text = bytearray()
        give_up = time.monotonic() + _ANSWER_S
        while wire.METADATA_END not in text:
            left_s = give_up - time.monotonic()
            if left_s <= 0 or len(text) > _MOST_TEXT:
                raise self._error(
                    f"what is at {self._name} does not answer as a Power Profiler Kit II",
                    f"{bytes(text[:60])!r}" if text else "no answer",
                    "check the lab file's power.driver and power.port; of a kit's two ports, try the other",
                )
            try:
                if select.select([self._port.fileno()], [], [], left_s)[0]:
                    data = os.read(self._port.fileno(), _CHUNK)
                    if not data:
                        raise OSError("the port is closed")
                    text += data
            except OSError as error:
                raise self._gone(error) from error
        try:
            found = wire.parsed(text.decode("ascii", "replace"))
        except PowerProbeError as error:
            raise error.at(self._board) if self._board else error from None
        first = re.search(rb"(Calibrated|R0)[^\n]*\n", text)
        assert first is not None  # there is an R0
        self._first_line = first[0]
        return found

    def _write(self, command: bytes) -> None:
        assert self._port is not None
        try:
            self._port.write(command)
        except _GONE as error:
            raise self._gone(error) from error

    def _close(self) -> None:
        if self._port is not None:
            with contextlib.suppress(*_GONE):
                self._port.close()
            self._port = None

    def _gone(self, error: Exception) -> PowerProbeError:
        return self._error(
            f"the power probe at {self._name} went away", str(error), "check its cable and its USB port"
        )

    def _error(self, what: str, evidence: str | None, remedy: str) -> PowerProbeError:
        return PowerProbeError(what, board=self._board, evidence=evidence, remedy=remedy)


def _open(spec: ProbeSpec) -> Ppk2:
    assert spec.port is not None
    return Ppk2(spec.port, source=spec.source, board=spec.board)


def _decode(raw: npt.NDArray[Any], calibration: Mapping[str, str | float], supply_v: float) -> Samples:
    return Decoder(wire.Calibration.of(calibration), supply_v).samples(raw)


DRIVER = Driver("ppk2", _open, _decode, attached)
