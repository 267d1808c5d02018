"""Starts one emulator and ends it when its owner ends, however that happens.

Run as a script, by path, with the standard library only: `watcher.py OWNER PIPE FOLDER PLACE COMMAND…`.
PLACE is a number, of which neighbouring ones stand for different processors, or `any`.

The owner closes its end of the PIPE to end the emulator. Its own end, after kill -9 too, shows on a pidfd,
which does not care which thread started us (PR_SET_PDEATHSIG would fire when that *thread* ends). The
emulator asks for PR_SET_PDEATHSIG from us: we have one thread, so it means our end. Where the command is a
script that waits for the emulator, it asks for the script alone: our last act is to end our process group.

Each emulator waits for this to start, so it imports little: `pathlib` and `shutil` take as long as all else.
"""

# ruff: noqa: PTH104, PTH118, PTH123

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
from itertools import pairwise

GONE = ".gone-"  # begins the name of a folder that is being removed: nobody needs what is in it

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(arguments: list[str]) -> None:
    """Run the command until it ends or the owner does; leaves its exit status in the folder's `exit`."""
    pipe, folder, place, command = int(arguments[1]), arguments[2], arguments[3], arguments[4:]
    os.set_inheritable(pipe, False)
    owner = _watch_owner(int(arguments[0]))
    if owner is None:  # gone already
        remove(folder)
        return
    libc = ctypes.CDLL(None)
    watcher = os.getpid()
    try:
        emulator = os.fork()
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")
    if emulator == 0:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != watcher:
            os._exit(127)
        _stay_on_one_processor(place)
        try:
            os.execvp(command[0], command)
        except OSError as error:
            print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
            os._exit(127)
    _close_all_but(owner, pipe)
    poll = select.poll()
    for descriptor in (owner, pipe, os.pidfd_open(emulator)):
        poll.register(descriptor, select.POLLIN)
    orphaned = any(descriptor in (owner, pipe) for descriptor, _ in poll.poll())
    if orphaned:
        os.kill(emulator, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(emulator, 0)[1])
    if orphaned:
        remove(folder)
    else:
        _leave_status(folder, status)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)


def remove(folder: str) -> None:
    """Remove an emulator's folder, under another name first; harmless when it is gone.

    Who is killed in the midst of it leaves what the next sweep knows by its name, and nobody can make a
    file in it any more that keeps it from being removed.
    """
    import shutil  # only where the owner is gone

    parent, name = os.path.split(folder)
    gone = os.path.join(parent, GONE + name)
    try:
        os.rename(folder, gone)
    except OSError:  # gone already, or in a folder that lets nobody rename: then as it is
        gone = folder
    shutil.rmtree(gone, ignore_errors=True)


def _leave_status(folder: str, status: int) -> None:
    unfinished = os.path.join(folder, "exit.new")
    try:
        with open(unfinished, "w", encoding="utf-8") as file:
            file.write(str(status))
        os.rename(unfinished, os.path.join(folder, "exit"))
    except OSError as error:  # the folder is gone, or its disk full: what is left to do matters more
        print(f"{folder}: {error.strerror}", file=sys.stderr, flush=True)


def _stay_on_one_processor(place: str) -> None:
    """Every serial byte passes between two of QEMU's threads, and `-icount` lets only one run at a time.

    On one processor that is a switch; across two it is a wake-up, four times slower on a machine at rest.
    """
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {processors[(os.getpid() if place == "any" else int(place)) % len(processors)]})


def _watch_owner(pid: int) -> int | None:
    """A descriptor that tells when the owner ends; None when it already has."""
    try:
        owner = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    return owner if os.getppid() == pid else None


def _close_all_but(*kept: int) -> None:
    """Let go of the emulator's listening sockets: with it gone, connecting to them must fail."""
    edges = [2, *sorted(kept), os.sysconf("SC_OPEN_MAX")]
    for below, above in pairwise(edges):
        os.closerange(below + 1, above)


if __name__ == "__main__":
    main(sys.argv[1:])
