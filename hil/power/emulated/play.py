"""Passes of an emulated board as a kit samples them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hil.power.emulated.encode import Encoder
from hil.power.emulated.timeline import Pass


@dataclass(frozen=True)
class Takes:
    """Amperes of a board that computes or waits, and how many cycles it makes between two samples."""

    run_a: float
    idle_a: float
    cycles_per_sample: float


def played(one: Pass, takes: Takes, mask: int, level: int, encoder: Encoder, first: int) -> bytes:
    """A pass as samples, of which the first has the number ``first``; the pin was at ``level`` before.

    ``mask`` is the pin's logic input. The current of a sample is the mean over its time, its level the one at
    its end: an edge lies in the sample that is the first of the new level. What the last one lacks is idle.
    """
    out: list[bytes] = []
    count, filled, sum_a, high = 0, 0.0, 0.0, level
    for length, ampere, high in _stretches(one, takes, level):
        digital, left = mask if high else 0, length
        if filled > 0.0:
            part = min(left, 1.0 - filled)
            sum_a, filled, left = sum_a + part * ampere, filled + part, left - part
            if filled < 1.0 - 1e-9:
                continue
            out.append(encoder.sample(sum_a, digital, first + count))
            count, filled, sum_a = count + 1, 0.0, 0.0
        whole = int(left + 1e-9)
        out.append(encoder.samples(ampere, digital, first + count, whole))
        count += whole
        filled = max(0.0, left - whole)
        sum_a = filled * ampere
    if filled > 1e-9:
        out.append(encoder.sample(sum_a + (1.0 - filled) * takes.idle_a, mask if high else 0, first + count))
    return b"".join(out)


def _stretches(one: Pass, takes: Takes, level: int) -> Iterator[tuple[float, float, int]]:
    """Samples, amperes and level of what lies between two edges."""
    at = one.idle
    yield at / takes.cycles_per_sample, takes.idle_a, level
    for cycle, risen in one.edges:
        yield (cycle - at) / takes.cycles_per_sample, takes.run_a, level
        at, level = cycle, risen
    yield (one.cycles - at) / takes.cycles_per_sample, takes.run_a, level
