"""An emulated Power Profiler Kit II, a process of its own.

    python -m hil.power.emulated.ppk2 PORT CURRENTS.npz [--fault WHAT] [--rate HZ] [--backlog BYTES]

It makes PORT a link to its pseudo-terminal and says `ready`. CURRENTS holds `current_a` and `digital`, a
value for each sample, which begin anew at each start and when they end. It ends when its standard input does.
When more than a backlog of bytes has not been read, samples are lost, as a kit loses them.

A fault is `drop`, `add`, `lose`, `range` or `clip` with the sample before which it comes and how many bytes
or samples it takes (`lose:5000:64`); `stall:5000:30000`, `unplug:5000`; `metadata`, `silent` or `other` for
what the kit answers.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hil.power.emulated.faults import Damage, Fault, damaged
from hil.power.emulated.kit import CALIBRATION, commands, metadata
from hil.power.emulated.scale import Scale
from hil.power.emulated.serving import serve
from hil.power.ppk2 import wire

_BACKLOG = 1 << 16  # bytes that nobody has read


class Kit:
    """The kit's state; bytes to send gather in ``out``."""

    def __init__(
        self,
        current_a: npt.NDArray[np.float32],
        digital: npt.NDArray[np.uint8],
        rate_hz: float,
        fault: tuple[str, ...],
        backlog: int,
    ) -> None:
        self._current_a = current_a
        self._digital = digital
        self._rate_hz = rate_hz
        self._fault = fault
        self._backlog = backlog
        self._in = bytearray()
        self._volts = 3.0
        self._scale = Scale.of(CALIBRATION, self._volts)
        self._began: float | None = None
        self._sent = 0
        self.out = bytearray()
        self.unplugged = False

    def take(self, data: bytes, now: float) -> None:
        """Commands that have arrived."""
        self._in += data
        for name, rest in commands(self._in):
            if bytes([name]) == wire.METADATA:
                self.out += self._answer()
            elif bytes([name]) == wire.START:
                self._began, self._sent = now, 0
            elif bytes([name]) == wire.STOP:
                self.go_on(now)
                self._began = None
            elif bytes([name]) == wire.regulator(wire.LEAST_V)[:1]:
                self._volts = int.from_bytes(rest, "big") / 1000
                self._scale = Scale.of(CALIBRATION, self._volts)

    def _answer(self) -> bytes:
        told = metadata(CALIBRATION)
        match self._fault[:1]:
            case ("metadata",):
                return told.replace(f"R0: {CALIBRATION.ohm[0]!r}".encode(), b"R0: 3e27")
            case ("silent",):
                return b""
            case ("other",):
                return b"Joulescope JS110\r\n"
        return told

    def go_on(self, now: float) -> None:
        """Samples that are due."""
        if self._began is None:
            return
        due = int((now - self._began) * self._rate_hz)
        at, count = self._place()
        if self._fault[:1] == ("unplug",) and due >= at:
            self.unplugged = True
            due = at
        if self._fault[:1] == ("stall",) and at <= due < at + count:
            due = max(self._sent, at)
        if self._fault[:1] and self._fault[0] in set(Damage) and at < due < at + count:
            due = max(self._sent, at)  # all of it at once
        if len(self.out) < self._backlog and due > self._sent:
            self.out += self._bytes(self._sent, due)
        self._sent = max(self._sent, due)

    def _place(self) -> tuple[int, int]:
        numbers = [int(text) for text in self._fault[1:]]
        return (numbers[0] if numbers else 0), (numbers[1] if len(numbers) > 1 else 0)

    def _bytes(self, begin: int, end: int) -> bytes:
        where = np.arange(begin, end) % len(self._current_a)
        words = self._scale.words(self._current_a[where], self._digital[where], begin)
        if self._fault and self._fault[0] in set(Damage):
            return damaged(words, Fault(Damage(self._fault[0]), *self._place()), begin)
        return words.tobytes()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=Path)
    parser.add_argument("currents", type=Path)
    parser.add_argument("--fault", default="")
    parser.add_argument("--rate", type=float, default=wire.RATE_HZ)
    parser.add_argument("--backlog", type=int, default=_BACKLOG)
    options = parser.parse_args()
    with np.load(options.currents) as held:
        kit = Kit(
            held["current_a"].astype(np.float32),
            held["digital"].astype(np.uint8),
            options.rate,
            tuple(filter(None, options.fault.split(":"))),
            options.backlog,
        )
    serve(kit, str(options.port))


if __name__ == "__main__":
    main()
