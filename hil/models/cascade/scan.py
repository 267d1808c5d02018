"""How a cascade scans bags, whatever its arithmetic: early exits, firing, the scan's end.

The references in float and in fixed point share this; each brings its cell and its margin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hil.models.cascade.network import Scan

Arrays = npt.NDArray[Any]
Advance = Callable[[Arrays, Arrays], Arrays]  # (N, T, D) samples, (N, H) states -> the states after them
Margins = Callable[[Arrays], Arrays]  # (N, H) states -> (N,) margins


@dataclass(frozen=True)
class Instances:
    """The lower tier over every instance of N bags, as if no scan had ended early.

    ``states`` (N, I, H) final ones, ``margins`` (N, I) there, ``steps`` (N, I) taken until then.
    ``clearance`` (N, I): how near an instance came to another decision: |margin| from the limit or, at its
    stop, from 0.
    """

    states: Arrays
    margins: Arrays
    steps: npt.NDArray[np.int64]
    clearance: Arrays


def scan_instances(
    scan: Scan, bags: Arrays, hidden: int, limit: Any, advance: Advance, margins: Margins
) -> Instances:
    """Run the lower tier over all instances of ``bags`` (N, T, D), which are normalised already."""
    count = scan.instances(bags.shape[1])
    places = np.arange(count)[:, None] * scan.stride + np.arange(scan.length)
    flat = bags[:, places].reshape(-1, scan.length, bags.shape[2])
    states = np.zeros((len(flat), hidden), dtype=flat.dtype)
    found = np.zeros(len(flat), dtype=flat.dtype)
    steps = np.zeros(len(flat), dtype=np.int64)
    clearance = np.full(len(flat), np.inf)
    running, done = np.arange(len(flat)), 0
    for end in scan.ends:
        states[running] = advance(flat[running, done:end], states[running])
        margin = margins(states[running])
        found[running], steps[running] = margin, end
        large = np.abs(margin.astype(np.float64))
        stops = (large >= limit) if end < scan.length else np.ones(len(running), dtype=bool)
        near = np.abs(large - limit) if end < scan.length else np.full(len(running), np.inf)
        clearance[running] = np.minimum(clearance[running], np.where(stops, np.minimum(near, large), near))
        running, done = running[~stops], end
    shape = (len(bags), count)
    return Instances(
        states.reshape(*shape, hidden), found.reshape(shape), steps.reshape(shape), clearance.reshape(shape)
    )


@dataclass(frozen=True)
class Ends:
    """``fired`` (N,): the upper tier runs. ``scanned`` (N,): instances that were looked at."""

    fired: npt.NDArray[np.bool_]
    scanned: npt.NDArray[np.int64]


def ends(margins: Arrays, consecutive: int) -> Ends:
    """Where the scans of N bags end, from the margins (N, I) of their instances in order."""
    count, instances = margins.shape
    fired = np.zeros(count, dtype=bool)
    scanned = np.full(count, instances, dtype=np.int64)
    run = np.zeros(count, dtype=np.int64)
    if consecutive > instances:
        return Ends(fired, np.zeros(count, dtype=np.int64))
    for number in range(instances):
        run = np.where(margins[:, number] > 0, run + 1, 0)
        fired |= run >= consecutive
        lost = ~fired & (run + instances - 1 - number < consecutive)
        scanned = np.where(lost, np.minimum(scanned, number + 1), scanned)
    return Ends(fired, scanned)
