"""How large the next frame may be, how long silence is normal, and from when on it is a hang: arithmetic."""

from __future__ import annotations

import math

from hil.link.frames import OVERHEAD_BYTES
from hil.link.messages import FRAGMENT_HEADER_BYTES, FRAGMENT_UNIT

_MEMORY_BYTES = 65_536
_OVERHEAD_BYTES = OVERHEAD_BYTES + FRAGMENT_HEADER_BYTES

_LEAST_QUIET_S = 0.05
_MOST_QUIET_S = 2.0
_FORGETTING = 0.8
_DOUBLINGS = 16

_LEAST_HANG_S = 10.0
_UNKNOWN_HANG_S = 60.0
_CYCLES_PER_MAC = 100  # plain C takes some 20, floats without an FPU some 60
HANG_FACTOR = 20.0  # vectors of one model differ: in steps, and where the model stops early


def hang_after_s(macs: int | None, clock_hz: float) -> float:
    """How long a device may compute before it is taken for hung, in seconds.

    From the multiply-accumulates of its longest inference and its clock, many times what any code needs, and
    never less than 10; a minute where the model's cost is not known.
    """
    if macs is None:
        return _UNKNOWN_HANG_S
    return max(_LEAST_HANG_S, macs * _CYCLES_PER_MAC / clock_hz)


class Pacing:
    """The payload limit in bytes, between one fragment unit and ``ceiling``.

    Where bytes are lost at a rate of p, a frame of n payload bytes and h others arrives with (1-p)^(n+h). The
    share of the line that carries payload, n/(n+h) (1-p)^(n+h), is largest at n = (sqrt(h² + 4h/p) - h) / 2.
    p is estimated as lost frames per byte sent, over about the last 64 KiB.
    """

    def __init__(self, ceiling: int) -> None:
        self.ceiling = ceiling
        self._floor = min(ceiling, FRAGMENT_HEADER_BYTES + FRAGMENT_UNIT)
        self._bytes = 0.0
        self._losses = 0.0
        self.limit = ceiling

    @property
    def lossy(self) -> bool:
        """Whether the line has lost so much lately that full frames do not pay."""
        return self.limit < self.ceiling

    def arrived(self, wire_bytes: int) -> None:
        """A frame of that size did what it should."""
        self._learn(wire_bytes, 0)

    def lost(self, wire_bytes: int) -> None:
        """A frame of that size did not arrive, or its answer did not."""
        self._learn(wire_bytes, 1)

    def _learn(self, wire_bytes: int, losses: int) -> None:
        kept = math.exp(-wire_bytes / _MEMORY_BYTES)
        self._bytes = self._bytes * kept + wire_bytes
        self._losses = self._losses * kept + losses
        if self._losses == 0.0:
            return
        rate = self._losses / self._bytes
        best = (math.sqrt(_OVERHEAD_BYTES**2 + 4 * _OVERHEAD_BYTES / rate) - _OVERHEAD_BYTES) / 2
        self.limit = max(self._floor, min(self.ceiling, int(best)))


class Patience:
    """How long to listen before asking whether something was lost, in seconds.

    What a ping's answer takes, smoothed with its variance as RFC 6298 does, or twice the longest time the
    device lately took between two answers: asking early costs a ping, asking late costs the time. After a
    silence the next is waited for twice as long, until a ping that left since is answered (Karn's rule; a
    ping and its answer are paired by their nonce), up to 2 s, later an eighth of the time waited in all. The
    first guesses, ``round_trip_s`` and ``work_s``, are soon replaced.
    """

    def __init__(self, round_trip_s: float, work_s: float) -> None:
        self._round_trip_s = round_trip_s
        self._variance_s = round_trip_s / 2
        self._work_s = work_s
        self._waited_s = 0.0
        self.silences = 0

    @property
    def quiet_s(self) -> float:
        """How long the next silence may last."""
        normal = max(self.answer_s, 2 * self._work_s)
        most = max(_MOST_QUIET_S, self._waited_s / 8)
        return float(min(normal * 2 ** min(self.silences, _DOUBLINGS), most))

    @property
    def answer_s(self) -> float:
        """How long a device that does nothing else may take to answer."""
        return max(self._round_trip_s + 4 * self._variance_s, _LEAST_QUIET_S)

    def silent(self) -> None:
        """Nothing came for ``quiet_s``."""
        self._waited_s += self.quiet_s
        self.silences += 1

    def answered(self, seconds: float) -> None:
        """A ping that left since the last silence was answered after so long."""
        self.silences = 0
        self._waited_s = 0.0
        self._variance_s += (abs(self._round_trip_s - seconds) - self._variance_s) / 4
        self._round_trip_s += (seconds - self._round_trip_s) / 8

    def worked(self, seconds: float) -> None:
        """The device took that long to answer, and nothing was lost: it was busy, or the line is slow."""
        self._work_s = max(seconds, self._work_s * _FORGETTING)
