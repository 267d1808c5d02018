"""An emulated kit on a pseudo-terminal: until it is unplugged, or whoever started it ends."""

from __future__ import annotations

import fcntl
import os
import select
import sys
import termios
import time
import tty
from typing import Protocol

_TICK_S = 0.002
_UNREAD_S = 5.0  # until what a reader has not taken is given up


class Served(Protocol):
    """Bytes to send gather in ``out``; a kit that is ``unplugged`` goes away once they are sent."""

    out: bytearray
    unplugged: bool

    def take(self, data: bytes, now: float) -> None: ...

    def go_on(self, now: float) -> None: ...


def serve(kit: Served, port: str) -> None:
    """Make ``port`` a link to the terminal, say `ready`, and serve until standard input ends."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    _unlink(port)
    os.symlink(os.ttyname(theirs), port)  # noqa: PTH211  # pathlib takes longer to import than all else
    say("ready")
    try:
        _serve(kit, ours)
        _await_reader(theirs)
    finally:
        _unlink(port)


def say(word: str) -> None:
    """A line to whoever started the kit."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _unlink(port: str) -> None:
    try:
        os.unlink(port)  # noqa: PTH108
    except FileNotFoundError:
        return


def _await_reader(theirs: int) -> None:
    """A port that goes away takes with it what nobody has read yet, as no cable does."""
    give_up = time.monotonic() + _UNREAD_S
    unread = bytearray(4)
    while time.monotonic() < give_up:
        fcntl.ioctl(theirs, termios.FIONREAD, unread)
        if not any(unread):
            return
        time.sleep(_TICK_S)


def _serve(kit: Served, ours: int) -> None:
    while not kit.unplugged or kit.out:
        readable, writable, _ = select.select([ours, sys.stdin], [ours] if kit.out else [], [], _TICK_S)
        if sys.stdin in readable and not os.read(sys.stdin.fileno(), 1):
            return
        now = time.monotonic()
        if ours in readable:
            kit.take(os.read(ours, 4096), now)
        kit.go_on(now)
        if writable and kit.out:
            try:
                del kit.out[: os.write(ours, kit.out)]
            except BlockingIOError:
                continue
        elif not writable:
            time.sleep(_TICK_S / 2)
