"""What helps against each of pyOCD's errors."""

from __future__ import annotations

from pyocd.core import exceptions

UNLOCK = (
    "a chip that is locked is unlocked by --allow-mass-erase, which erases all of it, or by its vendor's tool"
)
_POWERED = "see that the board is powered and no other debugger holds it"

# The first that fits counts: kinds before what they are kinds of.
_REMEDIES: tuple[tuple[type[BaseException], str], ...] = (
    (exceptions.ProbeDisconnected, "plug the debug probe in again; a cable or a hub may be loose"),
    (
        exceptions.FlashEraseFailure,
        "see whether that part of flash is write-protected; power-cycle the board",
    ),
    (
        exceptions.FlashProgramFailure,
        "see whether that part of flash is write-protected; power-cycle the board",
    ),
    (exceptions.FlashFailure, "program it again; power-cycle the board if it stays"),
    (exceptions.TransferTimeoutError, "power-cycle the board; check SWDIO, SWCLK, ground and swd_clock_hz"),
    (
        exceptions.TransferFaultError,
        "reset or power-cycle the board; the lab file's kind may be another chip's",
    ),
    (exceptions.TransferError, "power-cycle the board; check SWDIO, SWCLK, ground and swd_clock_hz"),
    (exceptions.ProbeError, "see that no other debugger holds the probe, and `hil doctor` for permissions"),
    (PermissionError, "`hil doctor` says what gives you the permission"),
    (ConnectionError, "start `pyocd server` where the probe is, and check the lab file's remote:HOST:PORT"),
    (TimeoutError, "see that the host of the probe answers, and run it again"),
)
_LOCKED = ("no selected core", "no cores were discovered", "locked", "protect")


def remedy_of(error: BaseException, said: str = "") -> str:
    """What to do about an error of pyOCD's, of which and before which it ``said`` something."""
    told = f"{error} {said}".lower()
    if any(word in told for word in _LOCKED):
        return UNLOCK
    return next((remedy for kind, remedy in _REMEDIES if isinstance(error, kind)), _POWERED)
