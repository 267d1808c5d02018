"""Of two techniques that count the same thing, tables show the finer one alone; both are stored."""

from __future__ import annotations

_FINER = {("instructions", "timer"): "plugin", ("stack_bytes", "painted"): "tracked"}


def finer_technique(metric: str, technique: str) -> str | None:
    """The technique that counts what this one counts, but finer; None when there is none."""
    return _FINER.get((metric, technique))
