"""What is handed to the store: frozen values, one per row or group of rows."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from hil.image import Manifest
from hil.logbook import LogLine
from hil.measure.profile import Profile
from hil.values import Measure, Samples

if TYPE_CHECKING:  # the one needs numpy, the other reads ELF files, whose parser is slow to import
    from hil.measure.energy import Pass
    from hil.measure.memory import SymbolUse


class Status(StrEnum):
    """How a run or a session stands; sessions are stored when they have ended and are never ``running``."""

    RUNNING = "running"
    FINISHED = "finished"  # of a run: every planned case reported
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # Ctrl-C, or the process is gone
    TERMINATED = "terminated"  # SIGTERM
    HANGUP = "hangup"  # SIGHUP: the terminal went away


@dataclass(frozen=True)
class RunInfo:
    """A run as it begins.

    ``uid`` tells it from every other run, in any database.
    ``pid`` is the process on ``host`` that owns it: when that is gone, the run counts as interrupted.
    ``git_*`` describe the folder it runs in; ``git_note`` is a sentence on what of it is not known, or not in
    the commit. ``git_branch`` is None where no branch is checked out, ``git_tags`` are those of the commit. A
    time without a zone is taken as UTC.
    """

    started: datetime
    command: str
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    git_commit: str | None = None
    git_dirty: bool | None = None
    git_note: str | None = None
    lab_path: str | None = None
    lab_sha256: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    uid: str | None = None
    git_branch: str | None = None
    git_tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Incident:
    """A failure of the bench itself, not of what it measures: what happened to a board, and what was done.

    ``kind`` is a word or two, as ``link reconnected``; ``action`` a phrase. ``seconds`` is how long it held
    up the board, where that is known. A time without a zone is taken as UTC.
    """

    board: str
    kind: str
    action: str
    time: datetime
    evidence: str | None = None
    seconds: float | None = None
    uid: str | None = None


@dataclass(frozen=True)
class SessionRecord:
    """One ended session and what it found; a failed one keeps what was measured before its ``error``.

    ``manifest`` is None when the image could not be trusted or read, ``profile`` when nothing told where the
    cycles went. ``symbols`` are those of the image. ``probe`` is the debug probe's id where one board of
    silicon bears the name, ``inputs_sha256`` of the vectors without what the reference answers. ``passes``
    are those of the power probe, in order, what counted and what did not. A time without a zone is taken as
    UTC. ``uid`` tells it from every other session. ``log`` has what happened in it, in order.
    """

    board: str
    kind: str
    model: str
    precision: str
    started: datetime
    finished: datetime
    status: Status
    manifest: Manifest | None = None
    error: str | None = None
    vectors_sha256: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    measures: tuple[Measure, ...] = ()
    samples: tuple[Samples, ...] = ()
    profile: Profile | None = None
    uid: str | None = None
    symbols: tuple[SymbolUse, ...] = ()
    incidents: tuple[Incident, ...] = ()
    probe: str | None = None
    inputs_sha256: str | None = None
    passes: tuple[Pass, ...] = ()
    log: tuple[LogLine, ...] = ()
