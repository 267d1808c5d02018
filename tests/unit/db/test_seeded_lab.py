"""The lab that pages are tested and pictured with holds what its story says."""

from __future__ import annotations

from collections import defaultdict

import pytest
from sqlalchemy import ColumnElement, Connection, Table, func, select

from hil.measure.profile import functions
from hil.measure.verdicts import Outcome
from hil.thresholds import Thresholds
from hil_db import baselines, logs, profiles, progress, symbols, triage
from hil_db.checking import check
from hil_db.comparing import compare, outcome_of
from hil_db.engine import parse
from hil_db.records import Status
from hil_db.references import LATEST, baseline_run, checked_run
from hil_db.schema import INCIDENT, MEASURE, NEWEST_SESSION, RUN, SESSION
from hil_db.store import Store
from hil_db.traced import read_passes
from seeded_lab import DEMO, FULL, make_lab
from seeded_rows import vectors_of


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    made = f"sqlite:///{tmp_path_factory.mktemp('lab') / 'lab.db'}"
    make_lab(made)
    return made


@pytest.fixture(scope="module")
def store(url: str) -> Store:
    return Store.open_read_only(url)


def count(connection: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(condition)) or 0


def test_it_is_whole(url: str) -> None:
    assert check(url).damaged == ()


def test_every_kind_of_run_and_session_is_there(store: Store) -> None:
    with store.engine.connect() as connection:
        found = connection.execute(select(RUN.c.status, RUN.c.git_branch, RUN.c.host, RUN.c.command)).all()
        ended = {Status.FINISHED, Status.FAILED, Status.INTERRUPTED}
        assert {row.status for row in found} == {*ended, Status.RUNNING}
        assert found[-1].status == Status.RUNNING
        assert {row.git_branch for row in found} == {"main", "wide-kernels", "fix-link"}
        assert {row.host for row in found} == {"bench-1", "bench-2"}
        assert sum(row.command.startswith("hil bisect") for row in found) == 1
        told = connection.scalars(select(SESSION.c.error).where(SESSION.c.status == Status.FAILED)).all()
        assert any("does not fit, by " in str(error) for error in told)
        assert any("no frame in 10.0 s" in str(error) for error in told)
        assert count(connection, INCIDENT, INCIDENT.c.session_id.is_(None)) > 0
        assert count(connection, INCIDENT, INCIDENT.c.session_id.is_not(None)) > 0
        newest = connection.execute(select(NEWEST_SESSION)).all()
        assert len(newest) == len(DEMO.cases)


def test_what_was_planted_is_found_against_the_newest_baseline(store: Store, url: str) -> None:
    place = parse(url)
    with store.engine.connect() as connection:
        assert list(baselines.current(connection)) == ["nightly", "release-1.0", "release-2.0"]
        now = checked_run(connection, LATEST, place)
        before = baseline_run(connection, "release-2.0", place, now)
        cases = compare(connection, now, before, Thresholds(), place).cases
        decided = triage.current(connection)
    found: dict[Outcome, set[tuple[str, ...]]] = defaultdict(set)
    for case in cases:
        for verdict in case.verdicts:
            board, _, model, precision = case.case
            found[outcome_of(verdict)].add((board, model, precision, verdict.metric.name))
    first, second = DEMO.names[:2]
    assert {
        ("qemu", first, "q15", "latency_cycles"),
        ("nucleo-1", first, "q15", "latency_cycles"),  # a measured one, in its noise
        ("qemu", first, "q7", "accuracy"),
        ("nucleo-1", first, "q15", "energy_per_inference"),
    } <= found[Outcome.REGRESSION]
    assert ("qemu", second, "f32", "latency_cycles") in found[Outcome.IMPROVEMENT]
    assert {one.decision for one in decided.values()} == {"acknowledged", "ignored", "fixed"}
    about = {(one.board, one.model, one.precision, one.metric) for one in decided}
    assert about <= found[Outcome.REGRESSION]


def test_what_pages_of_a_session_show_is_there(store: Store) -> None:
    model = DEMO.names[0]
    with store.engine.connect() as connection:
        of_it = (SESSION.c.run_id == DEMO.ends + 1, SESSION.c.model == model, SESSION.c.precision == "q15")
        sessions = {one.board: one for one in connection.execute(select(SESSION).where(*of_it))}
        qemu, nucleo = sessions["qemu"], sessions["nucleo-1"]
        assert functions(profiles.read(connection, [qemu.id])[qemu.id])
        (held,) = symbols.read(connection, [qemu.image_id]).values()
        of_flash = (MEASURE.c.session_id == qemu.id, MEASURE.c.metric == "flash_bytes")
        flash = connection.scalar(select(MEASURE.c.value).where(*of_flash))
        assert sum(one.flash_bytes for one in held) == flash
        traced = read_passes(connection, select(SESSION.c.id).where(SESSION.c.id == nucleo.id))
        accuracy = connection.scalar(
            select(MEASURE.c.value).where(MEASURE.c.session_id == qemu.id, MEASURE.c.metric == "accuracy")
        )
    assert [one.valid for one in traced] == [3, 3, 3]
    assert all(one.trace for one in traced)
    labels = vectors_of(model).labels
    assert labels is not None
    assert (store.read_samples(qemu.id, "predicted") == labels).mean() == pytest.approx(accuracy)


def test_the_run_in_progress_tells_how_far_it_is_and_sessions_what_befell_them(store: Store) -> None:
    with store.engine.connect() as connection:
        (told,) = progress.read(connection)
        finished = select(func.max(SESSION.c.id)).where(SESSION.c.status == Status.FINISHED)
        newest = connection.scalar(finished) or 0
        said = logs.read(connection, newest)
    assert len(told.progress.plan) == len(DEMO.cases)
    assert {one.status for one in told.progress.ended} == {Status.FINISHED, Status.FAILED}
    assert len(told.progress.working) == len(DEMO.boards)
    assert "vectors answered" in said[-1].text


def test_the_full_one_has_what_is_asked_of_it() -> None:
    cases = FULL.cases
    assert (len(FULL.boards), len(FULL.names), len(cases), FULL.runs) == (8, 24, 576, 2000)
    each = sum(vectors_of(one.model).count * (2 if vectors_of(one.model).classes else 1) for one in cases)
    assert each * FULL.sampled > 10_000_000
