"""The addresses of pages that others lead to."""

from __future__ import annotations

from urllib.parse import urlencode

HOW_TO_READ = "/how-to-read"
LIVE = "/live"
RUNS = "/runs"


def run_place(run: int) -> str:
    """Where a run is shown, by its number in this database."""
    return f"/run?{urlencode({'run': run})}"


def session_place(session: int) -> str:
    """Where a session is shown, by its number in this database."""
    return f"/session?{urlencode({'session': session})}"


def compare_place(before: int, after: int) -> str:
    """Where two runs are compared, by their numbers in this database."""
    return f"/compare?{urlencode({'before': before, 'after': after})}"


def image_place(before: int, after: int, board: str, kind: str, model: str, precision: str) -> str:
    """Where one image is compared in two runs."""
    case = {"board": board, "kind": kind, "model": model, "precision": precision}
    return f"/compare?{urlencode({'before': before, 'after': after, **case})}"


def pair_place(first: int, second: int) -> str:
    """Where two sessions are compared, of whatever runs or models."""
    return f"/compare?{urlencode({'first': first, 'second': second})}"


def worse_place(before: int, now: int) -> str:
    """Where is told what of a run's images is worse."""
    return f"/worse?{urlencode({'now': now, 'before': before})}"


def comparing_place(before: int, now: int) -> str:
    """Where a comparison is made that a page did not wait for."""
    return f"/comparing?{urlencode({'now': now, 'before': before})}"
