"""Garbage collection put off while much is imported: what imports make stays, and looking takes time."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SETTLED: list[bool] = []  # whether what is frozen was frozen here


@contextmanager
def collecting_later() -> Iterator[None]:
    """No collection inside; afterwards as before. Nothing stays frozen: what is garbage is found later."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            _age()
            gc.enable()


def settle() -> None:
    """Collect all that is garbage; later collections pass over what is left, until ``thaw``.

    For the end of a run, where pytest collects twice and little happens in between. An interpreter that ends
    then looks at nothing either: it would four times, which took longer than storing a session.
    """
    gc.collect()
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    if gc.get_freeze_count() == 0:
        gc.freeze()
        _SETTLED.append(True)


def thaw() -> None:
    """Let collections look at everything again; harmless where nothing was settled."""
    if _SETTLED:
        _SETTLED.clear()
        gc.unfreeze()


def _age() -> None:
    """Make all that is there as old as what outlived two collections, without the look that those take.

    Where somebody has frozen objects it is left alone: those would be thawed.
    """
    if gc.get_freeze_count() == 0:
        gc.freeze()
        gc.unfreeze()
