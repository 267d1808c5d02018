"""A line with faults: any transport, with what it carries damaged as told, in both directions, by a seed.

Where faults strike depends on the seed and on the bytes' places in the stream alone, not on when or in what
portions they are sent: the same bytes are damaged in the same way again.
"""

from __future__ import annotations

import difflib
import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from random import Random

from hil.errors import HilError
from hil.link.frames import Frame, encode
from hil.link.messages import Type, hello_request
from hil.link.transport import OuterTransport, Transport

_LONGEST_S = 60.0
_STRETCH = 64  # bytes of noise at most
_NEVER = 1 << 62
_STEP_S = 0.001  # while bytes are held back, how often is looked for others

FAULTS: Mapping[str, str] = {
    "flip": "chance per bit that it is turned over",
    "drop": "chance per byte that it is lost",
    "dup": "chance per byte that it comes twice",
    "burst": f"chance per byte that noise covers the next 1 to {_STRETCH} bytes",
    "garbage": f"chance per byte that 1 to {_STRETCH} random bytes come before it",
    "other": "chance per byte that another program's line or frame comes before it",
    "stall": "chance per byte that the line stands still before it",
    "stall_s": "for how many seconds it then does",
    "delay": "seconds that each byte takes longer",
    "cut": "chance per byte that the port goes away before it",
    "seed": "a whole number; another one damages other bytes",
}
_SECONDS = ("stall_s", "delay")


@dataclass(frozen=True)
class Faults:
    """What is wrong with a line, as ``FAULTS`` describes; its text is what ``parse_faults`` reads."""

    flip: float = 0.0
    drop: float = 0.0
    dup: float = 0.0
    burst: float = 0.0
    garbage: float = 0.0
    other: float = 0.0
    stall: float = 0.0
    stall_s: float = 0.5
    delay: float = 0.0
    cut: float = 0.0
    seed: int = 1

    def __str__(self) -> str:
        told = [one.name for one in fields(self)[:-1] if getattr(self, one.name) != one.default]
        return ",".join([*(f"{name}={getattr(self, name):g}" for name in told), f"seed={self.seed}"])


def parse_faults(text: str) -> Faults:
    """Faults from ``flip=1e-4,drop=1e-2,seed=7``; HilError names what is wrong, and what there is."""
    given: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (word.strip() for word in part.partition("="))
        if name not in FAULTS:
            near = difflib.get_close_matches(name, FAULTS, n=1)
            there = f"there are {', '.join(FAULTS)}"
            raise _wrong(f"knows no fault {name!r}", f"did you mean {near[0]!r}? {there}" if near else there)
        if name in given:
            raise _wrong(f"has {name} twice", "give it once")
        if not equals or not value:
            raise _wrong(f"says nothing of {name}", f"write {name}=NUMBER: {FAULTS[name]}")
        given[name] = _number(name, value)
    faults = Faults(seed=int(given.pop("seed", 1)), **given)
    if faults == Faults(stall_s=faults.stall_s, seed=faults.seed):
        raise _wrong("names no fault", f"give at least one, as flip=1e-4; there are {', '.join(FAULTS)}")
    return faults


def _number(name: str, text: str) -> float:
    if name == "seed":
        if not (text.isascii() and text.isdecimal()):
            raise _wrong(f"has the seed {text!r}", "give a whole number from 0 on")
        return int(text)
    most = _LONGEST_S if name in _SECONDS else 1.0
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= most:
        raise _wrong(f"has {name}={text}", f"give a number from 0 to {most:g}: {FAULTS[name]}")
    return number


def _wrong(what: str, remedy: str) -> HilError:
    return HilError(f"--link-faults {what}", remedy=remedy)


class FaultyTransport(OuterTransport):
    """Another transport with faults; bytes are counted as the host gives them and as they come to it."""

    def __init__(self, inner: Transport, faults: Faults) -> None:
        self.bytes_out = 0
        self.bytes_in = 0
        super().__init__(inner)
        self._out = _Line(faults, "out", _from_other_host)
        self._in = _Line(faults, "in", _from_other_device)

    def write(self, data: bytes) -> None:
        """Send what the line leaves of it; what it holds back goes with a later call."""
        self.bytes_out += len(data)
        self._pass(self._out, data)
        self._send_due()

    def read(self, timeout_s: float) -> bytes:
        """What has come through, waiting about ``timeout_s`` for the first byte."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._send_due()
            if data := self._in.due(time.monotonic()):
                self.bytes_in += len(data)
                return data
            left_s = max(0.0, deadline - time.monotonic())
            if self._in.holds or self._out.holds:
                time.sleep(min(left_s, _STEP_S))
                came = self._inner.read(0.0)
            else:
                came = self._inner.read(left_s)
            self._pass(self._in, came)
            if left_s == 0.0 and not came:
                return b""

    def _pass(self, line: _Line, data: bytes) -> None:
        if line.take(data, time.monotonic()):
            self._send_due()
            self._in.forget()
            self._out.forget()
            self._inner.hang_up()

    def _send_due(self) -> None:
        if data := self._out.due(time.monotonic()):
            self._inner.write(data)


class _Line:
    """One direction: takes bytes, and has those that came through at their time."""

    def __init__(self, faults: Faults, way: str, other: Callable[[Random], bytes]) -> None:
        self._faults = faults
        self._other = other
        self._held: deque[tuple[float, bytes]] = deque()  # when each portion comes through
        self._free_s = 0.0  # from then on the line moves again
        self._noise = b""  # that is still to come
        self._places = {
            name: _Places(getattr(faults, name), f"{faults.seed} {way} {name}")
            for name in FAULTS
            if name not in (*_SECONDS, "seed")
        }

    @property
    def holds(self) -> bool:
        """Whether bytes are on their way."""
        return bool(self._held)

    def forget(self) -> None:
        """What is on its way is lost."""
        self._held.clear()

    def due(self, now_s: float) -> bytes:
        """What has come through by now."""
        data = b""
        while self._held and self._held[0][0] <= now_s:
            data += self._held.popleft()[1]
        return data

    def take(self, data: bytes, now_s: float) -> bool:
        """Put bytes on the line; True when it was cut, and the rest is lost."""
        stalls = set(self._places["stall"].within(len(data)))
        cut = next(iter(self._places["cut"].within(len(data))), None)
        begin = 0
        for end in sorted({*stalls, len(data) if cut is None else cut}):
            self._put(data[begin:end], now_s)
            if end == cut:
                break
            if end in stalls:
                self._free_s = max(self._free_s, now_s) + self._faults.stall_s
            begin = end
        return cut is not None

    def _put(self, data: bytes, now_s: float) -> None:
        if damaged := self._damaged(data):
            self._held.append((max(self._free_s, now_s) + self._faults.delay, damaged))

    def _damaged(self, data: bytes) -> bytes:
        """What becomes of bytes: turned and covered first, then fewer or more."""
        bytes_ = bytearray(data)
        for bit in self._places["flip"].within(8 * len(data)):
            bytes_[bit // 8] ^= 1 << bit % 8
        self._cover(bytes_)
        drops, dups = (set(self._places[name].within(len(data))) for name in ("drop", "dup"))
        strange = {at: self._random_bytes("garbage") for at in self._places["garbage"].within(len(data))}
        for at in self._places["other"].within(len(data)):
            strange[at] = strange.get(at, b"") + self._other(self._places["other"].random)
        out, begin = b"", 0
        for at in sorted(drops | dups | set(strange)):
            times = 0 if at in drops else 2 if at in dups else 1
            out += bytes_[begin:at] + strange.get(at, b"") + bytes_[at : at + 1] * times
            begin = at + 1
        return out + bytes_[begin:]

    def _cover(self, data: bytearray) -> None:
        """Noise that began before goes on, and new begins."""
        free = self._lay(data, 0)
        for start in self._places["burst"].within(len(data)):
            if start >= free:
                self._noise = self._random_bytes("burst")
                free = self._lay(data, start)

    def _lay(self, data: bytearray, start: int) -> int:
        """Put the noise over bytes from ``start`` on, as far as both reach; returns how far."""
        end = min(len(data), start + len(self._noise))
        data[start:end] = self._noise[: end - start]
        self._noise = self._noise[end - start :]
        return end

    def _random_bytes(self, name: str) -> bytes:
        dice = self._places[name].random
        return dice.randbytes(dice.randint(1, _STRETCH))


class _Places:
    """Where one kind of fault strikes among bytes or bits; ``random`` is for what it then does."""

    def __init__(self, chance: float, seed: str) -> None:
        self.random = Random(f"{seed} what")
        self._chance = chance
        self._where = Random(seed)
        self._next = self._gap()

    def within(self, count: int) -> list[int]:
        """Offsets among the next ``count`` places, in order."""
        found = []
        while self._next < count:
            found.append(self._next)
            self._next += 1 + self._gap()
        self._next -= count
        return found

    def _gap(self) -> int:
        """How many places are spared: geometrically distributed."""
        if self._chance in (0.0, 1.0):
            return 0 if self._chance else _NEVER
        return math.floor(min(_NEVER, math.log(1.0 - self._where.random()) / math.log1p(-self._chance)))


def _from_other_host(dice: Random) -> bytes:
    """What a modem manager, or another host of this protocol, writes to the device."""
    seq = dice.randrange(1 << 16)
    return dice.choice(
        (
            b"AT\r\n",
            b"AT+GCAP\r\n",
            encode(Frame(Type.HELLO, seq, hello_request())),
            encode(Frame(Type.PING, seq, dice.randbytes(4))),
            encode(Frame(Type.STACK, seq, b"")),
        )
    )


def _from_other_device(dice: Random) -> bytes:
    """What else may speak on the line: a console's log, a prompt, another protocol's answers."""
    return dice.choice(
        (
            b"[%5d.%06d] usb 1-1: new full-speed USB device\r\n"
            % (dice.randrange(9999), dice.randrange(10**6)),
            b"\r\nlogin: ",
            b"m-ready\r\n",
            encode(Frame(0x7F, dice.randrange(1 << 16), dice.randbytes(8))),
        )
    )
