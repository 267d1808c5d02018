"""Waiting without losing time: calls beside other work, a descriptor, the end of a process as it happens."""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

KILLS = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})  # from outside alone
_T = TypeVar("_T")
_FILES_LEAST = 256  # a run has some 40 open


def beside(call: Callable[[], _T]) -> Callable[[], _T]:
    """Start a call that mostly waits, in a thread of its own; gives what waits for its result.

    What the call raises is raised there. Where the system gives no thread, or few files, it runs there, too.
    """
    if crowded():
        return cache(call)
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(call).result
    except RuntimeError:  # a limit on processes counts threads
        return cache(call)
    finally:
        pool.shutdown(wait=False)


def crowded() -> bool:
    """Whether so few files may be open that what runs beside other work could leave it none."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return limit != resource.RLIM_INFINITY and limit < _FILES_LEAST


def readable(source: FileDescriptorLike, seconds: float) -> bool:
    """Whether a descriptor can be read, or its other end is gone, within that time."""
    poller = select.poll()  # unlike select, takes descriptors beyond 1023
    poller.register(source, select.POLLIN)
    return bool(poller.poll(1000 * max(0.0, seconds)))


def wait_for(process: subprocess.Popen[bytes], seconds: float) -> int:
    """A child's exit status, as soon as it ends; subprocess.TimeoutExpired when it does not.

    ``Popen.wait`` with a limit looks again and again, up to a twentieth of a second apart.
    """
    if process.poll() is None and hasattr(os, "pidfd_open"):
        ended = os.pidfd_open(process.pid)
        try:
            readable(ended, seconds)
        finally:
            os.close(ended)
        seconds = 0.0
    return process.wait(seconds)
