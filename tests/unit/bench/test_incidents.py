"""What befell the bench in a session is stored with it, and what had no room on its board."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from hil.bench.attempt import Outcome
from hil.bench.plan import Case
from hil.bench.run import BenchRun, Options
from hil.errors import TooLargeError
from hil.flash.process import ProbeProcess
from hil.image import Image, Manifest
from hil.link.link import LinkStats
from hil.meters.base import Mishap
from hil.session import Report
from hil_db.schema import INCIDENT, SESSION
from hil_db.store import Store

NOW = datetime(2026, 11, 24, 3, 0, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("returns", "told"),
    [
        (0, []),
        (1, [("qemu", "port lost", "its port went away and came back", NOW)]),
        (3, [("qemu", "port lost", "its port went away and came back 3 times", NOW)]),
    ],
)
def test_a_port_that_came_back_is_an_incident(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, returns: int, told: list[tuple[object, ...]]
) -> None:
    link = LinkStats(1, 1, 1, 1, lost=0, damaged=0, returns=returns)
    assert incidents(tmp_path, monkeypatch, Report((), (), np.zeros((1, 10)), link)) == told


def test_a_probe_that_failed_beside_the_vectors_is_an_incident(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = LinkStats(1, 1, 1, 1, lost=0, damaged=0, returns=0)
    mishap = Mishap("power probe failed", "its other results stand", "it went away")
    report = Report((), (), np.zeros((1, 10)), link, mishaps=(mishap,))
    assert incidents(tmp_path, monkeypatch, report) == [("qemu", "power probe failed", "it went away", NOW)]


def test_an_image_that_the_board_has_no_room_for_is_stored_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    larger = TooLargeError("the image fastgrnn_digits/q15 is larger than the board's memory")
    larger.over_bytes = 12 * 1024
    url = recorded(tmp_path, monkeypatch, lambda case, _: Outcome(case, NOW, NOW, error=larger))
    with Store.open_read_only(url) as store, store.engine.connect() as connection:
        (session,) = connection.execute(select(SESSION)).all()
    assert (session.status, session.image_id) == ("failed", None)
    assert session.error == (
        "does not fit, by 12 KB: the image fastgrnn_digits/q15 is larger than the board's memory"
    )


def incidents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Report) -> list[tuple[object, ...]]:
    """What is stored of a session with that report."""
    url = recorded(
        tmp_path,
        monkeypatch,
        lambda case, manifest: Outcome(case, NOW, NOW, report=report, manifest=manifest),
    )
    with Store.open_read_only(url) as store, store.engine.connect() as connection:
        found = connection.execute(select(INCIDENT)).all()
    assert all(one.session_id == 1 and one.action for one in found)
    return [(one.board, one.kind, one.evidence, one.time) for one in found]


def recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: Callable[[Case, Manifest], Outcome]
) -> str:
    """The URL of a database in which a run recorded an outcome."""
    monkeypatch.chdir(tmp_path)  # no lab file is found here
    url = f"sqlite:///{tmp_path}/results.db"
    options = Options("all", "fastgrnn_digits/q15", None, None, url, None, tmp_path, "pytest")
    with ProbeProcess() as probes:
        run = BenchRun(options, probes)
        (case,) = run.cases
        run.record(outcome(case, Image.load(case.elf).manifest))
        run.finish(interrupted=False, failed=False)
        run.boards.close()
    return url
