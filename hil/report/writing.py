"""`hil report`, for commands and for whoever else has a run to show.

    write_report(url, run, baseline, out) -> Path

is all that others need. It stays as it is; what is added has a default.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from hil.errors import HilError, refusal
from hil.files import replace_file
from hil.report.page import page
from hil.report.reading import read_report

RUNS = 300  # of history


def write_report(
    url: str | None,
    run: str,
    baseline: str | None,
    out: Path,
    *,
    lab: Path | None = None,
    folder: Path | None = None,
    runs: int = RUNS,
) -> Path:
    """Write one file on a stored run, whole or not at all; returns its path. An older file is replaced.

    ``url`` is the database's, None for the default one. ``run`` and ``baseline`` are what `hil check` takes:
    a number, UUID, named baseline, branch, tag, commit or ``latest``. Without a baseline it is the finished
    run before it on its branch, and where there is none the report says so. Thresholds are those of the
    ``lab`` file, or of the pyproject.toml in ``folder`` (the present one by default), in whose repository
    commits are looked for. ``runs`` of history are drawn at most.

    StoreError when there is no such run or the database cannot be used, LabError for thresholds that make no
    sense, HilError when the file cannot be written.
    """
    text = page(read_report(url, run, baseline, lab, folder if folder is not None else Path.cwd(), runs))
    try:
        if not out.name or out.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(out))
        replace_file(out, text)
    except OSError as error:
        raise HilError(
            f"the report {out} cannot be written",
            evidence=refusal(error),
            remedy="choose another place with --out",
        ) from error
    return out
