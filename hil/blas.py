"""Threads of numpy's linear algebra, there from its import on: at first all they do is look for work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_VARIABLE = "OPENBLAS_THREAD_TIMEOUT"  # the logarithm of the cycles that a thread looks before it sleeps
_SHORTEST = "4"


@contextmanager
def asleep() -> Iterator[None]:
    """OpenBLAS that is loaded inside has threads that sleep when there is nothing to do.

    By default each takes a processor for a tenth of a second first. There are as many threads as before, and
    what the user has chosen stays. Nothing happens to one that is loaded already.
    """
    if _VARIABLE in os.environ:
        yield
        return
    os.environ[_VARIABLE] = _SHORTEST
    try:
        yield
    finally:
        os.environ.pop(_VARIABLE, None)
