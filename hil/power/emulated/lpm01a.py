"""An emulated X-NUCLEO-LPM01A, a process of its own.

    python -m hil.power.emulated.lpm01a PORT CURRENTS.npz [--fault WHAT]

It makes PORT a link to its pseudo-terminal and says `ready`. CURRENTS holds `current_a`, a value for each
sample, which begin anew at each start and when they end. It ends when its standard input does.

A fault is `drop`, `add` or `lose` with the sample before which it comes and how many bytes or samples it
takes (`lose:5000:100`), `skip` for samples that were never taken, so that the stamps' time jumps; `overrun`,
`overcurrent`, `error` or `unplug` with the sample before which it comes; `silent`, `other` or `refuse` for
what the shell answers.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hil.power.emulated.serving import serve
from hil.power.lpm01a import wire

_ID = "540619864-1110659081-4784204"
_PROMPT = "PowerShield > "
_KNOWN = ("format", "output", "acqmode", "funcmode", "trigsrc", "acqtime", "freq", "pwr", "htc", "hrc")
_LEAST_MV, _MOST_MV = 1800, 3300


class Shield:
    """The board's state; bytes to send gather in ``out``."""

    def __init__(self, current_a: npt.NDArray[np.float32], fault: tuple[str, ...]) -> None:
        self._current_a = current_a
        self._fault = fault
        self._in = bytearray()
        self._began: float | None = None
        self._sent = 0
        self._powered = False
        self.out = bytearray()
        self.unplugged = False

    def take(self, data: bytes, now: float) -> None:
        """Commands that have arrived, a line each."""
        self._in += data
        while (end := self._in.find(b"\n")) >= 0:
            line = self._in[:end].decode("ascii", "replace").strip()
            del self._in[: end + 1]
            self._obey(line, now)

    def _obey(self, line: str, now: float) -> None:
        name, _, value = line.partition(" ")
        if self._fault[:1] == ("silent",):
            return
        if self._fault[:1] == ("other",):
            self.out += b"unknown command\r\n"
        elif name == "stop":
            if self._began is not None:
                self.go_on(now)
                self._stop()
        elif name == "powershield":
            self._say(f"ack powershield {_ID}")
        elif name == "version":
            self._say("ack version: 1.0.6")
        elif name == "status":
            self._say("ack status ok")
        elif name == "start":
            self._say("ack start")
            self._began, self._sent = now, 0
            self.out += wire.stamp(0)
        elif name == "volt":
            self._volt(value)
        elif name not in _KNOWN or self._fault[:2] == ("refuse", name):
            self._say(f"error {line}")
        else:
            self._say(f"ack {line}")

    def _volt(self, value: str) -> None:
        millivolts = int(value.removesuffix("m"))
        self._say(f"{'ack' if _LEAST_MV <= millivolts <= _MOST_MV else 'error'} volt {value}")

    def _say(self, text: str) -> None:
        self.out += f"{_PROMPT}{text}\r\n".encode()

    def _stop(self) -> None:
        self._began = None
        self.out += wire.ENDED + b"\r\nsummary begin\r\n0001-06\r\n4200-06\r\nsummary end\r\n"

    def go_on(self, now: float) -> None:
        """Samples that are due, a stamp after each thousand."""
        if self._began is None:
            return
        due = int((now - self._began) * wire.RATE_HZ)
        if len(self._fault) > 2 and int(self._fault[1]) < due < int(self._fault[1]) + int(self._fault[2]):
            due = max(self._sent, int(self._fault[1]))  # all of it at once
        while self._began is not None and self._sent < due:
            whole = self._sent - self._sent % wire.STAMP_SAMPLES + wire.STAMP_SAMPLES
            end = min(due, whole)
            at = int(self._fault[1]) if len(self._fault) > 1 and self._fault[1].isdigit() else -1
            if self._sent < at < end:
                end = at
            self._samples(self._sent, end, at)
            self._sent = end
            if end == whole and self._began is not None:
                jump = int(self._fault[2]) if self._fault[:1] == ("skip",) and end > at else 0
                self.out += wire.stamp(round((end + jump) * 1000 / wire.RATE_HZ), 3)

    def _samples(self, begin: int, end: int, at: int) -> None:
        data = (
            wire.words(self._current_a[np.arange(begin, end) % len(self._current_a)]).astype(">u2").tobytes()
        )
        if begin == at:
            match self._fault[0]:
                case "drop":
                    data = data[int(self._fault[2]) :]
                case "add":
                    data = np.random.default_rng(at).bytes(int(self._fault[2])) + data
                case "lose":
                    data = data[int(self._fault[2]) * wire.SAMPLE_BYTES :]
                case "overcurrent":
                    self.out += wire.metadata(wire.OVERCURRENT)
                case "error":
                    self.out += wire.metadata(wire.ERROR, b"voltage drop\r\n")
                case "overrun":
                    self.out += wire.metadata(wire.ERROR, b"buffer Tx overload\r\n")
                    self._stop()
                    return
                case "unplug":
                    self.unplugged, self._began = True, None
                    return
        self.out += data


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=Path)
    parser.add_argument("currents", type=Path)
    parser.add_argument("--fault", default="")
    options = parser.parse_args()
    with np.load(options.currents) as held:
        current_a = held["current_a"].astype(np.float32)
    serve(Shield(current_a, tuple(filter(None, options.fault.split(":")))), str(options.port))


if __name__ == "__main__":
    main()
