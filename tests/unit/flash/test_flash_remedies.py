"""Every error of pyOCD's has something to do about it."""

from __future__ import annotations

import pytest
from pyocd.core import exceptions

from hil.flash.remedies import UNLOCK, remedy_of

ERRORS = [one for one in vars(exceptions).values() if isinstance(one, type) and issubclass(one, Exception)]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_has_a_remedy(kind: type[Exception]) -> None:
    assert remedy_of(kind("x"))


@pytest.mark.parametrize(
    ("error", "said", "remedy"),
    [
        (exceptions.ProbeDisconnected("gone"), "", "plug the debug probe in again"),
        (exceptions.TransferTimeoutError(), "", "power-cycle the board; check SWDIO"),
        (exceptions.TransferFaultError(0x4000_0000), "", "the lab file's kind may be another chip's"),
        (exceptions.ProbeError("busy"), "", "no other debugger holds the probe"),
        (ConnectionRefusedError(), "", "start `pyocd server`"),
        (PermissionError(), "", "`hil doctor`"),
        (KeyError("SoCTarget has no selected core"), "", UNLOCK),
        (exceptions.TransferError("no ack"), "NRF52840 APPROTECT enabled: device is locked", UNLOCK),
        (ValueError("odd"), "", "see that the board is powered"),
    ],
)
def test_it_is_what_helps_against_that_error(error: Exception, said: str, remedy: str) -> None:
    assert remedy in remedy_of(error, said)
