"""The kit on its serial port: commands, the calibration that it keeps, and a reader that loses nothing."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import numpy as np
import serial

from hil.errors import PowerProbeError
from hil.power import arrival
from hil.power.base import Break, Capabilities, Flaw, PowerTrace
from hil.power.ppk2 import wire
from hil.power.ppk2.decode import Decoder, aligned

CAPABILITIES = Capabilities("ppk2", wire.RATE_HZ, 8, (wire.LEAST_V, wire.MOST_V), wire.MOST_A)
_ANSWER_S = 2.0
_QUIET_S = 0.05
_PAUSE_S = 0.002  # the system keeps a hundred times as much
_CHUNK = 1 << 16
_MOST_TEXT = 1 << 14
_GONE = (serial.SerialException, OSError)


@dataclass
class _Taken:
    """What the reader has taken since the start."""

    data: bytearray = field(default_factory=bytearray)
    seconds: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    failed: OSError | None = None


class Ppk2:
    """A kit at a serial port, a context manager; as a source it supplies the board, else it measures in line.

    ``start`` and ``stop`` enclose what is measured; a trace ends early, with a break, when the kit goes away.
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
        self._stop = threading.Event()
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
        self._stop.clear()
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
                str(taken.failed) if taken.failed else f"{len(taken.data):,} bytes",
                "check its cable; unplug it and plug it in again",
            )
        samples = Decoder(self._calibration, self._volts).samples(found.words)
        came = arrival.Arrivals(
            np.array(taken.seconds), np.array(taken.counts, np.int64) // wire.SAMPLE_BYTES
        )
        breaks = [*found.breaks, *arrival.breaks(came, wire.RATE_HZ)]
        if taken.failed is not None:
            breaks.append(Break(len(found.words), Flaw.STALLED, f"it went away: {taken.failed}"))
        return PowerTrace(
            wire.RATE_HZ,
            samples.current_a,
            samples.digital,
            samples.flaws,
            self._volts,
            tuple(sorted(breaks, key=lambda one: one.at)),
            found.words,
            self._calibration.stored(),
        )

    def _read(self) -> None:
        assert self._port is not None
        handle, taken = self._port.fileno(), self._taken
        while not self._stop.is_set():
            try:
                if not select.select([handle], [], [], _QUIET_S)[0]:
                    continue
                data = os.read(handle, _CHUNK)
            except OSError as error:
                taken.failed = error
                return
            if not data:
                taken.failed = OSError("the port is closed")
                return
            taken.data += data
            taken.seconds.append(time.monotonic())
            taken.counts.append(len(taken.data))
            time.sleep(_PAUSE_S)

    def _end(self) -> None:
        """End the reader, and what the kit sends."""
        if self._reader is None:
            return
        self._stop.set()
        self._reader.join()
        self._reader = None
        self._write(wire.STOP)
        self._silence()

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
            return wire.parsed(text.decode("ascii", "replace"))
        except PowerProbeError as error:
            raise error.at(self._board) if self._board else error from None

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
