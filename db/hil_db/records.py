"""What is handed to the store: frozen values, one per row or group of rows."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from hil.image import Manifest
from hil.measure.profile import Profile
from hil.values import Measure, Samples


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
    the commit. A time without a zone is taken as UTC.
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


@dataclass(frozen=True)
class SessionRecord:
    """One ended session and what it found; a failed one keeps what was measured before its ``error``.

    ``manifest`` is None when the image could not be trusted or read, ``profile`` when nothing told where the
    cycles went. A time without a zone is taken as UTC. ``uid`` tells it from every other session.
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
