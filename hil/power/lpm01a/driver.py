"""The board on its serial port: what its shell is asked, and what it streams."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hil.errors import PowerProbeError
from hil.power import arrival
from hil.power.attached import lpm01a
from hil.power.base import Break, Capabilities, Flaw, PowerTrace, Samples
from hil.power.drivers import Driver, ProbeSpec
from hil.power.lpm01a import wire
from hil.power.lpm01a.decode import decoded, stamped
from hil.power.port import Port

CAPABILITIES = Capabilities(
    "lpm01a", wire.RATE_HZ, 0, (wire.LEAST_V, wire.MOST_V), wire.MOST_A, gain_share=wire.GAIN_SHARE
)
_REPLY = re.compile(rb"\b(ack|err|error)\b[: ]*([^\r\n]*)\r?\n")
_MOST_TEXT = 1 << 12
_KEPT = 1 << 14  # bytes behind the last time stamp that a look at what comes leaves


class Lpm01a:
    """A board at a serial port, a context manager, which supplies what it measures.

    It has no logic inputs: windows are found by the current's shape. Its shell is asked one command after
    the other; what it refuses is an error with its answer.
    """

    capabilities = CAPABILITIES

    def __init__(self, port: str, *, board: str | None = None) -> None:
        self._port = Port(port, board, wire.BAUD)
        self._volts: float | None = None
        self._calibration: dict[str, str | float] = {}

    def __enter__(self) -> Self:
        self._port.acquire()
        try:
            self._port.write(wire.command("stop"))
            self._port.silence()
            self._calibration = {"id": self._known()}
            self._ask("htc")
            self._calibration["firmware"] = self._ask("version")
            self._ask("status")  # clears what went wrong before
            for text in wire.SETUP:
                self._ask(text)
                name, _, value = text.partition(" ")
                self._calibration[name] = value
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
            self._ask("hrc")
        self._port.close()

    def supply(self, volts: float) -> None:
        """The board's supply."""
        self._port.check_supply(volts, wire.LEAST_V, wire.MOST_V)
        self._ask(wire.volt(volts))
        self._volts = volts

    def power(self, on: bool) -> None:
        """The board's power; on only once a supply is set."""
        if on:
            self._port.check_supplied(self._volts)
        self._ask("pwr on" if on else "pwr off")

    def start(self) -> None:
        """Take samples from now on."""
        self._port.check_start(self._volts)
        self._port.silence()
        self._port.write(wire.command("start"))
        self._port.begin(_ended)

    @property
    def taken(self) -> int:
        """About how many samples have come since ``start``."""
        return len(self._port.taken.data) // wire.SAMPLE_BYTES

    def watched(self) -> PowerTrace | None:
        """What came since it was last asked, while it measures; it is no part of what ``stop`` gives."""
        taken = self._port.taken
        with taken.lock:
            whole = len(taken.data) - len(wire.stamp(0)) + 2  # of which a stamp is there to its end
            last = taken.data.rfind(bytes([wire.BEGIN, wire.STAMP]), 0, max(0, whole))
            if last <= 0 and taken.failed is not None:
                raise self._port.error(
                    f"the power probe at {self._port.name} sends nothing any more",
                    taken.failed,
                    "check its cable and its USB port",
                )
            if last <= 0:
                return None
            data = bytes(taken.data[: last + len(wire.stamp(0))])
            del taken.data[:last]  # the next look begins with this stamp
            taken.seconds.clear()
            taken.counts.clear()
        found = stamped(data)
        return self._trace(found.raw, found.breaks) if len(found.raw) else None

    def stop(self) -> PowerTrace:
        """What was taken since ``start``; PowerProbeError when that is nothing."""
        if not self._port.streams:
            raise self._port.error("the power probe does not measure", None, "call start first")
        taken = self._port.taken
        with taken.lock:
            early = _ended(taken.data)
        with contextlib.suppress(PowerProbeError):  # what came before it went away is kept
            self._end()
        found = stamped(bytes(taken.data))
        breaks = list(found.breaks)
        if early:
            breaks.append(Break(len(found.raw), Flaw.STALLED, _why(found.breaks)))
        if not len(found.raw):
            text = bytes(taken.data[:60])
            raise self._port.error(
                "the power probe sent no samples",
                taken.failed or (repr(text) if text else "no answer"),
                "measure for at least 0.1 s; see what its display says; unplug it and plug it in again",
            )
        # Metadata are half a percent of the bytes: the host's clock tells silences alone.
        counts = np.array(taken.counts, np.int64) // wire.SAMPLE_BYTES
        came = arrival.Arrivals(np.array(taken.seconds), np.minimum(counts, len(found.raw)))
        breaks += [
            one for one in arrival.breaks(came, wire.RATE_HZ) if one.flaw is Flaw.STALLED and not early
        ]
        if taken.failed is not None:
            breaks.append(Break(len(found.raw), Flaw.STALLED, taken.failed))
        return self._trace(found.raw, tuple(breaks))

    def _trace(self, raw: npt.NDArray[np.void], breaks: tuple[Break, ...]) -> PowerTrace:
        assert self._volts is not None
        return PowerTrace.of(
            decoded(raw),
            raw,
            driver=CAPABILITIES.name,
            rate_hz=wire.RATE_HZ,
            supply_v=self._volts,
            breaks=breaks,
            calibration=self._calibration,
        )

    def _end(self) -> None:
        if self._port.streams:
            self._port.end(wire.command("stop"))
            self._port.silence()

    def _known(self) -> str:
        """The board's own number: nothing else answers so."""
        self._port.write(wire.command("powershield"))
        text, whole = self._port.answer(lambda text: _REPLY.search(text) is not None, _MOST_TEXT)
        reply = _REPLY.search(text)
        if not whole or reply is None or reply[1] != b"ack" or not reply[2].startswith(b"powershield"):
            raise self._port.error(
                f"what is at {self._port.name} does not answer as an X-NUCLEO-LPM01A",
                f"{text[:60]!r}" if text else "no answer",
                "check the lab file's power.driver and power.port",
            )
        return reply[2].decode("ascii", "replace").removeprefix("powershield").strip()

    def _ask(self, text: str) -> str:
        """What the shell answers, without the command itself."""
        self._port.write(wire.command(text))
        said, whole = self._port.answer(lambda text: _REPLY.search(text) is not None, _MOST_TEXT)
        reply = _REPLY.search(said)
        if not whole or reply is None:
            raise self._port.error(
                f"the power probe does not answer {text!r}",
                f"{said[:60]!r}" if said else "no answer",
                "unplug it and plug it in again",
            )
        if reply[1] != b"ack":
            raise self._port.error(
                f"the power probe refuses {text!r}",
                reply[0].decode("ascii", "replace").strip(),
                "see what its display says; unplug it and plug it in again",
            )
        return reply[2].decode("ascii", "replace").removeprefix(text).strip(" :")


def _ended(data: bytearray) -> bool:
    return data.rfind(wire.ENDED, max(0, len(data) - _KEPT)) >= 0


def _why(breaks: tuple[Break, ...]) -> str:
    told = [one.evidence for one in breaks if one.flaw in (Flaw.FAULT, Flaw.CLIPPED)]
    return "it ended the measurement by itself" + (f": {told[-1]}" if told else "")


def _open(spec: ProbeSpec) -> Lpm01a:
    assert spec.port is not None
    if not spec.source:
        raise PowerProbeError(
            "an X-NUCLEO-LPM01A is always the board's supply",
            board=spec.board,
            remedy='leave out the lab file\'s power.source = "board"',
        )
    return Lpm01a(spec.port, board=spec.board)


def _decode(raw: npt.NDArray[Any], calibration: Mapping[str, str | float], supply_v: float) -> Samples:
    return decoded(raw)


DRIVER = Driver(CAPABILITIES.name, _open, _decode, lpm01a)
