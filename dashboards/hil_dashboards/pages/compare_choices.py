"""What there is to choose from on the compare page: runs, and images."""

from __future__ import annotations

from collections.abc import Iterable

from hil_dashboards import text
from hil_dashboards.reading.compare import Newest, Offered

Options = list[tuple[str, str]]  # a value, and how it is told


def run_options(offered: Iterable[Offered], other: int | None = None) -> Options:
    """Runs by their numbers, without the ``other`` one that they are compared with."""
    return [(str(one.run), run_told(one)) for one in offered if one.run != other]


def session_options(offered: Iterable[Offered]) -> Options:
    """Runs of one image by the numbers of its sessions."""
    return [(str(one.session), run_told(one)) for one in offered]


def image_options(cases: Iterable[Newest]) -> Options:
    """Images on boards, by the numbers of their newest sessions."""
    return [(str(one.session), f"{one.case.model} {one.case.precision} · {one.case.board}") for one in cases]


def run_told(one: Offered) -> str:
    """A run in a line: ``1999 · main · 99299ed702 · 2026-11-26 18:00``."""
    time = text.moment(one.started).removesuffix(" UTC")
    parts = (str(one.run), one.branch, text.commit(one.commit, one.dirty) if one.commit else None, time)
    return " · ".join(part for part in parts if part)
