"""A fixed piece of work on the host, timed in every session, tells the machine's own ups and downs."""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from hil.measure.latency import median

_TIMES = 3


def reference_times(clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """How long compressing the same 64 KiB took, in seconds, some times one after the other.

    A few milliseconds each, in one thread, without Python's lock: other threads of this process hold it up
    only as they hold up the emulators, by the processors that they use.
    """
    text = _text()
    taken = []
    for _ in range(_TIMES):
        started = clock()
        zlib.compress(text, 6)
        taken.append(clock() - started)
    return taken


def reference_of(times: list[float]) -> float:
    """The one figure of a session's times: what most of them took."""
    return median(np.array(times))


@lru_cache
def _text() -> bytes:
    return hashlib.shake_256(b"reference").hexdigest(1 << 15).encode()
