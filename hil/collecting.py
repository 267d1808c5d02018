"""Garbage collection put off while much is imported: what imports make stays, and looking takes time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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


def _age() -> None:
    """Make all that is there as old as what outlived two collections, without the look that those take.

    Where somebody has frozen objects it is left alone: those would be thawed.
    """
    if gc.get_freeze_count() == 0:
        gc.freeze()
        gc.unfreeze()
