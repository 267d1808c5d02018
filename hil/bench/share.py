"""Work on many images, shared out to a pool of emulated boards."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from hil.bench.boards import Boards
from hil.bench.pool import emulators
from hil.board import Board
from hil.flash.nursery import Nursery
from hil.lab.boards import BoardSpec

T = TypeVar("T")
R = TypeVar("R")


def share(spec: BoardSpec, jobs: Sequence[T], work: Callable[[Board, T], R]) -> Generator[R, None, None]:
    """What ``work`` gives for each job on an open board, in the jobs' order; as many at once as processors.

    The first error in that order ends it.
    """
    size = emulators([spec], {spec.name: len(jobs)})[spec.name]
    with Nursery() as nursery, Boards([spec], {spec.name: size}, nursery) as boards:

        def run(job: T) -> R:
            member = boards.borrow(spec.name)
            try:
                return work(member.board(), job)
            finally:
                boards.give_back(member)

        with ThreadPoolExecutor(size) as threads:
            yield from threads.map(run, jobs)
