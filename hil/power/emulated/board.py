"""An emulated Power Profiler Kit II in the supply of an emulated board, a process of its own.

    python -m hil.power.emulated.board PORT TIMELINE CLOCK_HZ RUN_A IDLE_A CHANNEL FAULT

It makes PORT a link to its pseudo-terminal and says `ready`; it ends when its standard input does. START it
answers by `started`, and then tells the idle current at real pace. What the board did in between comes as
soon as it sleeps again, or on STOP: by its TIMELINE, which the timing plug-in writes, in the board's own
time, as fast as it is read. FAULT is empty, or one of hil/power/emulated/faults.py, whose sample counts from
the first edge of a pass of more than two. It imports little: a session waits for it.
"""

from __future__ import annotations

import sys

from hil.power.emulated.encode import Encoder
from hil.power.emulated.faults import Damage, Fault, Trouble, damaged_bytes, parsed
from hil.power.emulated.kit import CALIBRATION, commands, metadata
from hil.power.emulated.play import Takes, played
from hil.power.emulated.serving import say, serve
from hil.power.emulated.timeline import PIN, RESETS, SLEEPS, Event, Follower, Pass, passes
from hil.power.ppk2 import wire

_MARGIN_S = 1e-3  # that is told of what the board computed before the first edge and after the last
_BACKLOG = 1 << 16  # bytes that nobody has read
_VOLTS = 3.0
_OFF = 0.0


class BoardKit:
    """The kit's state; bytes to send gather in ``out``."""

    def __init__(
        self, timeline: str, clock_hz: float, run_a: float, idle_a: float, channel: int, fault: Fault | None
    ) -> None:
        self._timeline = Follower(timeline)
        self._fault = fault
        self._rate_hz = wire.RATE_HZ * (fault.rate if fault is not None else 1.0)
        self._takes = Takes(run_a, idle_a, clock_hz / self._rate_hz)
        self._margin = round(clock_hz * _MARGIN_S)
        unwired = fault is not None and fault.damage is Trouble.UNWIRED
        self._mask = 0 if unwired else 1 << channel
        self._in = bytearray()
        self._encoder = Encoder(CALIBRATION, _VOLTS)
        self._on = self._measures = self._bursts = False
        self._seen = 0.0  # by the host's clock: until when idle samples were counted
        self._owed = 0.0  # idle samples that are due
        self._number = 0  # the next sample's
        self._level = 0
        self._fresh: list[Event] = []  # after those that were played or passed over
        self._before: Event | None = None  # the last of those
        self._held: tuple[float, bytearray] | None = None  # until when a stall keeps these bytes
        self.out = bytearray()
        self.unplugged = False

    def take(self, data: bytes, now: float) -> None:
        """Commands that have arrived."""
        self._in += data
        for name, rest in commands(self._in):
            command = bytes([name]) + rest
            if command == wire.METADATA:
                self._say(self._answer())
            elif command == wire.START:
                self._fresh += self._timeline.fresh()
                self._pass_over()
                self._measures, self._bursts = True, False
                self._seen, self._owed, self._number = now, 0.0, 0
                say("started")
            elif command == wire.STOP and self._measures:
                self.go_on(now)
                self._play(len(self._fresh))
                self._measures = False
            elif command in (wire.POWER_ON, wire.POWER_OFF):
                self._on = command == wire.POWER_ON
            elif name == wire.regulator(_VOLTS)[0]:
                self._encoder = Encoder(CALIBRATION, int.from_bytes(rest, "big") / 1000)

    def _answer(self) -> bytes:
        told = metadata(CALIBRATION)
        match self._fault.damage if self._fault is not None else None:
            case Trouble.METADATA:
                return told.replace(f"R0: {CALIBRATION.ohm[0]!r}".encode(), b"R0: 3e27")
            case Trouble.SILENT:
                return b""
            case Trouble.OTHER:
                return b"Joulescope JS110\r\n"
        return told

    def go_on(self, now: float) -> None:
        """What is due: idle samples by the clock, and passes that are whole."""
        if self._held is not None and now >= self._held[0]:
            self.out += self._held[1]
            self._held = None
        if not self._measures or self.unplugged:
            return
        self._bursts = self._bursts and bool(self.out or self._held)
        if not self._bursts:  # while a pass is read no time goes by for the board
            self._owed += (now - self._seen) * self._rate_hz
        self._seen = now
        self._idle()
        self._fresh += self._timeline.fresh()
        sleeps = [place for place, one in enumerate(self._fresh, 1) if one.event in (SLEEPS, RESETS)]
        if sleeps:
            self._play(sleeps[-1])

    def _idle(self) -> None:
        count = int(self._owed)
        if len(self.out) < _BACKLOG:
            self._rest(count)
        else:  # they are lost
            self._number += count
        self._owed -= count

    def _rest(self, count: int) -> None:
        """So many samples of a board that sleeps."""
        ampere = self._takes.idle_a if self._on else _OFF
        self._say(self._encoder.samples(ampere, self._level and self._mask, self._number, count))
        self._number += count

    def _pass_over(self) -> None:
        """What came before START was not seen; only the pin stays as it is."""
        if self._fresh:
            self._before = self._fresh[-1]
        for one in self._fresh:
            if one.event == PIN:
                self._level = one.value
            elif one.event == RESETS:
                self._level = 0
        self._fresh = []

    def _play(self, count: int) -> None:
        """The passes in the first so many of the fresh events."""
        events, rest = self._fresh[:count], self._fresh[count:]
        for one in passes(events, self._margin, self._before):
            self._send(one)
            self._level = one.edges[-1][1]
        self._fresh = events
        self._pass_over()
        self._fresh = rest

    def _send(self, one: Pass) -> None:
        self._rest(-self._number % wire.COUNTS)  # the same sample of a block begins every pass
        takes = self._takes if self._on else Takes(_OFF, _OFF, self._takes.cycles_per_sample)
        data = played(one, takes, self._mask, self._level, self._encoder, self._number)
        fault = self._fault
        self._number += len(data) // wire.SAMPLE_BYTES
        self._bursts = True
        if fault is None or len(one.edges) <= 2:
            self._say(data)
            return
        at = int(one.edges[0][0] / takes.cycles_per_sample) + fault.at
        begin, end = at * wire.SAMPLE_BYTES, (at + fault.count) * wire.SAMPLE_BYTES
        if isinstance(fault.damage, Damage):
            data = damaged_bytes(data, Fault(fault.damage, at, fault.count))
        elif fault.damage is Trouble.BOUNCE:
            data = _bounced(data, self._mask, begin, end)
        elif fault.damage is Trouble.STALL and begin < len(data):
            self._say(data[:begin])
            self._held = (self._seen + fault.count / wire.RATE_HZ, bytearray())
            data = data[begin:]
        self._say(data if fault.damage is not Trouble.UNPLUG else data[:begin])
        self.unplugged = self.unplugged or (fault.damage is Trouble.UNPLUG and begin < len(data))

    def _say(self, data: bytes) -> None:
        if not self.unplugged:
            (self.out if self._held is None else self._held[1]).extend(data)


def _bounced(data: bytes, mask: int, begin: int, end: int) -> bytes:
    """With a pin that changes at every second sample."""
    changed = bytearray(data)
    for at in range(begin + wire.DIGITAL_BYTE, min(end, len(data)), 2 * wire.SAMPLE_BYTES):
        changed[at] ^= mask
    return bytes(changed)


def main() -> None:
    port, timeline, clock_hz, run_a, idle_a, channel, fault = sys.argv[1:]
    kit = BoardKit(timeline, float(clock_hz), float(run_a), float(idle_a), int(channel), parsed(fault))
    serve(kit, port)


if __name__ == "__main__":
    main()
