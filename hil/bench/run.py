"""One run: what it was asked, the boards and images it covers, and what it recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hil import provenance
from hil.bench.plan import Case, plan
from hil.bench.table import Row
from hil.board import Board
from hil.errors import HilError
from hil.image import Image
from hil.lab import BoardSpec, Lab, load_lab
from hil.session import Report, Session
from hil.values import Measure, Samples
from hil_db.records import RunInfo, SessionRecord
from hil_db.store import Store


@dataclass(frozen=True)
class Options:
    """What the user asked for on the command line."""

    boards: str
    models: str | None
    vectors: int | None
    lab: Path | None
    db: str | None
    folder: Path
    command: str


class BenchRun:
    """Made once per pytest invocation; LabError, ModelError or ImageError when the options name nothing real.

    The database row is begun by ``open_store`` or with the first session recorded, and closed by ``finish``.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.lab: Lab = load_lab(options.lab)
        self.specs: tuple[BoardSpec, ...] = self.lab.select(options.boards)
        self.cases: tuple[Case, ...] = plan(self.specs, options.models)
        self.rows: list[Row] = []
        self._store: Store | None = None
        self._run_id: int | None = None
