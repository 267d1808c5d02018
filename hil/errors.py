"""Every error the lab raises on purpose: who, what, the evidence, the remedy.

The four facts stay readable as fields; ``str(error)`` is the one line a user sees, without passwords
and with an escape for each character that would steer the terminal.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence

from hil.escaping import escaped
from hil.masking import masked

_LONGEST = 2_000  # letters of each fact in a line
_MOST_TOLD = 10
MORE_FILES = "raise the limit on open files (`ulimit -n`)"
MORE_PROCESSES = "raise the limit on processes (`ulimit -u`, or the container's)"


def refusal(error: OSError) -> str:
    """What the system refused, in one line: the file, where it names one, and why."""
    told = [str(part) for part in (error.filename, error.strerror) if part]
    return escaped(": ".join(told) or str(error))


def remedy_for(error: OSError, otherwise: str | None = None) -> str | None:
    """What helps where a limit of the system was met."""
    known = {errno.EMFILE: MORE_FILES, errno.ENFILE: MORE_FILES, errno.EAGAIN: MORE_PROCESSES}
    return known.get(error.errno or 0, otherwise)


class HilError(Exception):
    """Something the user can act on; the base of all errors of the lab.

    Fields: ``what`` happened, on which ``board`` (None until a layer that knows it says so),
    the ``evidence`` (bytes, registers, exit codes) and the ``remedy``.
    """

    def __init__(
        self, what: str, *, board: str | None = None, evidence: str | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.board = board
        self.evidence = evidence
        self.remedy = remedy

    def at(self, board: str) -> HilError:
        """Name the board, unless a lower layer already did; returns self, so that it can be raised."""
        if self.board is None:
            self.board = board
        return self

    def __str__(self) -> str:
        line = f"{self.board}: " if self.board else ""
        line += _fact(self.what)
        if self.evidence:
            line += f" ({_fact(self.evidence)})"
        if self.remedy:
            line += f"; {_fact(self.remedy)}"
        return escaped(line)


def cut(texts: Sequence[str], most: int = _MOST_TOLD) -> list[str]:
    """The first of many texts, and how many more there are."""
    return [*texts[:most], f"and {len(texts) - most:,} more"] if len(texts) > most else list(texts)


def _fact(text: str) -> str:
    """Without passwords, and cut where it is longer than anybody reads."""
    shown = masked(text[: 2 * _LONGEST])
    if len(shown) <= _LONGEST:
        return shown
    return f"{shown[:_LONGEST]}… and {len(text) - _LONGEST:,} letters more"


class LabError(HilError):
    """The lab file, or a board, model or precision that a user asked for, does not exist or make sense."""


class ImageError(HilError):
    """An image is damaged, does not match its manifest, or does not fit the board."""


class BuildError(HilError):
    """The cross compiler is missing, of another version, or refused a source."""


NOT_FIT = "does not fit"  # in whatever is told, and stored, of an image that is too large


def does_not_fit(over_bytes: int) -> str:
    """As a table tells that an image does not fit: by how much, in whole KB."""
    return f"{NOT_FIT}, by {-(-over_bytes // 1024):,} KB"


class TooLargeError(BuildError):
    """An image does not fit a kind of board, by this many bytes of the memory that it exceeds most."""

    over_bytes: int = 0

    @property
    def short(self) -> str:
        """As a table tells it: by how much, in whole KB."""
        return does_not_fit(self.over_bytes)


class ModelError(HilError):
    """A model's weights or description are missing, mis-shaped or not finite."""


class VectorError(HilError):
    """Test vectors are missing, or of a shape the model does not take."""


class ProbeError(HilError):
    """The debug probe, or the emulator behind it, is missing or stopped answering."""


class PowerProbeError(HilError):
    """The power probe is missing, is another one, or what it sends cannot be trusted."""


class BenchProcessError(ProbeError):
    """A process that serves a board was killed from outside, or stopped: no firmware does that."""


class ChipError(ProbeError):
    """The chip behind a debug probe is not its kind's, or is locked: no reset makes it another."""


class ProgramError(HilError):
    """A program under test locked up, hung, or never came where it was to be measured."""


class FlashError(HilError):
    """Programming or verifying an image failed."""


class LinkError(HilError):
    """The serial link failed."""


class ProtocolVersionError(LinkError):
    """The firmware answers with another version of the protocol."""


class ProtocolError(LinkError):
    """The firmware refuses what it was sent, or answers what the protocol does not allow."""


class HandshakeError(LinkError):
    """The firmware that answers is not the image that was meant to run."""


class DeviceHungError(LinkError):
    """The firmware stopped answering before its deadline."""


class DeviceRestartError(LinkError):
    """The firmware started again in the middle of a session."""


class ChangedError(HilError):
    """A board computes a vector otherwise since it was reset."""


class DeviceCrashError(LinkError):
    """The firmware reported a fault; ``registers`` holds what it said, name to value."""

    def __init__(
        self, what: str, *, registers: dict[str, int], board: str | None = None, remedy: str | None = None
    ) -> None:
        evidence = ", ".join(f"{name} {value:#010x}" for name, value in registers.items())
        super().__init__(what, board=board, evidence=evidence, remedy=remedy)
        self.registers = registers


class StoreError(HilError):
    """The database cannot be opened, written or understood."""


class CalibrationError(HilError):
    """Measured and estimated cycles cannot be put side by side, or a file of such points makes no sense."""


class BisectError(HilError):
    """There is nothing to look for between two commits, or git does not let anybody look."""
