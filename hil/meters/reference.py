"""A fixed piece of work on the host, timed before and after the vectors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hil.measure.reference import reference_of, reference_times
from hil.meters.base import Findings, Meter, Streamed
from hil.metrics import REFERENCE_S
from hil.values import Method


class Reference(Meter):
    def __init__(self) -> None:
        self._times: list[float] = []

    @contextmanager
    def around(self) -> Iterator[None]:
        before = reference_times()
        yield
        self._times = [*before, *reference_times()]

    def after(self, seen: Streamed, found: Findings) -> Findings:
        return Findings((REFERENCE_S.measure(reference_of(self._times), Method.MEASURED, "host-clock"),))
