"""What is handed to the store comes back as it was, and what cannot be kept is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session as Transaction

from hil.errors import StoreError
from hil.measure.memory import SymbolUse
from hil.measure.profile import ClassCost, PathCost, Profile
from hil.values import Measure, Method, Samples
from hil_db import symbols
from hil_db.records import Incident, RunInfo, SessionRecord, Status
from hil_db.schema import INCIDENT, RUN
from hil_db.store import Store
from stored import Image, MeasureRow, Run, SampleRow, Session


def test_everything_comes_back(store: Store, info: RunInfo, record: SessionRecord) -> None:
    info = replace(info, git_branch="main", git_tags=("v1.0", "nightly"))
    run_id = store.begin_run(info)
    record = replace(record, probe="066bff30", inputs_sha256="f" * 64)
    session_id = store.save_session(run_id, record)
    ended = info.started + timedelta(minutes=2)
    store.finish_run(run_id, Status.FAILED, ended)
    with Store.open_read_only(store.url.render_as_string()) as reader, Transaction(reader.engine) as found:
        run = found.get_one(Run, run_id)
        names = (
            "started",
            "command",
            "host",
            "pid",
            "git_commit",
            "git_dirty",
            "git_note",
            "lab_path",
            "lab_sha256",
            "git_branch",
        )
        assert {name: getattr(run, name) for name in names} == {name: getattr(info, name) for name in names}
        assert run.git_tags == list(info.git_tags)
        assert (run.versions, run.status, run.finished) == (dict(info.versions), "failed", ended)
        row = found.get_one(Session, session_id)
        assert run.sessions == [row]
        names = ("board", "kind", "model", "precision", "started", "finished", "error", "vectors_sha256")
        names += ("probe", "inputs_sha256")
        assert {name: getattr(row, name) for name in names} == {n: getattr(record, n) for n in names}
        assert (row.status, row.versions) == ("finished", {"qemu": "7.2.22"})
        manifest, image = record.manifest, row.image
        assert manifest is not None
        assert image is not None
        names = (
            "sha256",
            "kind",
            "model",
            "precision",
            "build_id",
            "source_sha256",
            "toolchain",
            "sections",
        )
        assert {name: getattr(image, name) for name in names} == {n: getattr(manifest, n) for n in names}
        stored = tuple(
            Measure(m.metric, m.value, m.unit, Method(m.method), m.technique, m.resolution)
            for m in row.measures
        )
        assert stored == record.measures
        samples = found.scalars(select(SampleRow).order_by(SampleRow.id)).all()
        assert [(s.metric, s.unit, s.method, s.technique, s.dtype, s.count) for s in samples] == [
            ("instructions", "instructions", "counted", "timer", "i8", 540),
            ("logits", "1", "counted", "link", "f4", 7),
        ]
        for sent in record.samples:
            back = reader.read_samples(session_id, sent.metric)
            assert back.dtype == sent.values.dtype
            np.testing.assert_array_equal(back, sent.values)


def test_symbols_come_back_and_are_kept_once_for_an_image(
    store: Store, info: RunInfo, record: SessionRecord
) -> None:
    run = store.begin_run(info)
    few = (SymbolUse("weights", ".rodata", 900, 0), SymbolUse("état", ".data", 8, 8))
    store.save_session(run, record)
    with store.engine.connect() as connection:
        assert symbols.read(connection, [1]) == {}
    for told in (few, few[:1]):
        store.save_session(run, replace(record, symbols=told))
        with store.engine.connect() as connection:
            assert symbols.read(connection, [1, 2]) == {1: few}


def test_incidents_of_sessions_and_of_runs_come_back(
    store: Store, info: RunInfo, record: SessionRecord
) -> None:
    run = store.begin_run(info)
    lost = Incident("qemu", "link reconnected", "opened the port again", info.started, "no frame", 1.5)
    hung = Incident("qemu", "board reset", "flashed it again", info.started, uid="f" * 32)
    session = store.save_session(run, replace(record, incidents=(lost,)))
    for _ in range(2):
        store.save_incidents(run, [hung])
    with store.engine.connect() as connection:
        rows = connection.execute(select(INCIDENT).order_by(INCIDENT.c.id)).all()
    assert [(row.run_id, row.session_id) for row in rows] == [(run, session), (run, None)]
    names = ("board", "kind", "action", "time", "evidence", "seconds")
    for row, told in zip(rows, (lost, hung), strict=True):
        assert [getattr(row, name) for name in names] == [getattr(told, name) for name in names]
        assert len(row.uid) == 32
    with pytest.raises(StoreError, match="run 9"):
        store.save_incidents(9, [hung])


def test_every_run_and_session_has_a_uid(store: Store, info: RunInfo, record: SessionRecord) -> None:
    for _ in range(2):
        store.save_session(store.begin_run(info), record)
    with Transaction(store.engine) as found:
        uids = [row.uid for table in (Run, Session) for row in found.scalars(select(table))]
    assert len(set(uids)) == 4
    assert all(len(uid) == 32 for uid in uids)


def test_a_band_conditions_and_a_profile_come_back(
    store: Store, info: RunInfo, record: SessionRecord, profile: Profile
) -> None:
    conditions = {"clock_hz": 25e6, "wait_states": np.float32(0.0), "cache": "off"}
    band = (np.float64(2375.5), 2987.0)
    estimate = Measure("latency_us", 2448.0, "us", Method.ESTIMATED, "cycle-model-1", None, band, conditions)
    run = store.begin_run(info)
    with_profile = replace(record, measures=(*record.measures, estimate), profile=profile)
    session_id = store.save_session(run, with_profile)
    other_id = store.save_session(run, record)
    assert store.read_profile(session_id) == profile
    for missing in (other_id, 99):
        with pytest.raises(KeyError):
            store.read_profile(missing)
    with Transaction(store.engine) as found:
        *others, row = found.get_one(Session, session_id).measures
        assert (row.low, row.high) == band
        assert row.conditions == {"clock_hz": 25e6, "wait_states": 0.0, "cache": "off"}
        assert [(other.low, other.high, other.conditions) for other in others] == [(None, None, {})] * 3


@pytest.mark.parametrize(
    "band", [(1.0, float("inf")), (float("nan"), 3.0), (2.5, 3.0), (1.0, 1.5), (3.0, 1.0), (-1.0, -3.0)]
)
def test_a_band_that_is_not_finite_or_does_not_hold_its_value_is_refused(
    store: Store, info: RunInfo, record: SessionRecord, band: tuple[float, float]
) -> None:
    run = store.begin_run(info)
    bad = Measure("latency_us", 2.0, "us", Method.ESTIMATED, "cycle-model-1", band=band)
    with pytest.raises(
        StoreError, match=r"latency_us of fastgrnn_digits/q15 is 2\.0 in a band from"
    ) as caught:
        store.save_session(run, replace(record, measures=(bad,)))
    assert (caught.value.board, bool(caught.value.remedy)) == ("qemu", True)
    with Transaction(store.engine) as found:
        assert found.scalars(select(Session)).all() == []


def test_a_band_may_end_at_its_value(store: Store, info: RunInfo, record: SessionRecord) -> None:
    edge = Measure("latency_us", 2.0, "us", Method.ESTIMATED, "cycle-model-1", band=(2.0, 2.0))
    store.save_session(store.begin_run(info), replace(record, measures=(edge,)))


def test_conditions_that_are_no_numbers_are_refused(
    store: Store, info: RunInfo, record: SessionRecord
) -> None:
    bad = replace(record.measures[0], conditions={"clock_hz": float("nan")})
    with pytest.raises(StoreError, match=r"accuracy.*clock_hz nan"):
        store.save_session(store.begin_run(info), replace(record, measures=(bad,)))


PATH = PathCost(("main", "step"), 1, 2, 3)


@pytest.mark.parametrize(
    "bad",
    [
        {"regions": 0},
        {"paths": (replace(PATH, path=()),)},
        {"paths": (replace(PATH, path=("main", "")),)},
        {"paths": (replace(PATH, path=("main;step",)),)},
        {"paths": (replace(PATH, cycles=1 << 63),)},
        {"paths": (replace(PATH, calls=-1),)},
        {"paths": (PATH, replace(PATH, calls=7))},
        {"classes": (ClassCost("alu", 1, 1), ClassCost("alu", 2, 2))},
        {"classes": (ClassCost("alu", 1, -1),)},
    ],
)
def test_a_profile_that_would_not_come_back_is_refused_whole(
    store: Store, info: RunInfo, record: SessionRecord, profile: Profile, bad: dict[str, Any]
) -> None:
    run = store.begin_run(info)
    with pytest.raises(StoreError, match="the profile of fastgrnn_digits/q15 cannot be stored") as caught:
        store.save_session(run, replace(record, profile=replace(profile, **bad)))
    assert caught.value.evidence
    with Transaction(store.engine) as found:
        assert found.scalars(select(Session)).all() == []


def test_counts_of_a_profile_may_be_numpys(
    store: Store, info: RunInfo, record: SessionRecord, profile: Profile
) -> None:
    counted = np.array([1, 2, (1 << 62) + 1])
    given = replace(
        profile, paths=(PathCost(("main",), *counted),), classes=(ClassCost("alu", *counted[1:]),)
    )
    session_id = store.save_session(store.begin_run(info), replace(record, profile=given))
    back = store.read_profile(session_id)
    assert back == given
    assert type(back.paths[0].cycles) is int


def test_a_failed_session_needs_neither_image_nor_measures(
    store: Store, info: RunInfo, record: SessionRecord
) -> None:
    bare = replace(record, manifest=None, measures=(), samples=(), status=Status.FAILED, error="qemu: hung")
    run = store.begin_run(replace(info, git_commit=None, git_dirty=None, lab_path=None, lab_sha256=None))
    session_id = store.save_session(run, bare)
    with Transaction(store.engine) as found:
        row = found.get_one(Session, session_id)
        assert (row.image, row.error, row.status, row.measures) == (None, "qemu: hung", "failed", [])
        assert row.run.git_dirty is None


def test_one_image_is_stored_once(store: Store, seed: Callable[[], int]) -> None:
    seed()
    seed()
    with Transaction(store.engine) as found:
        assert len(found.scalars(select(Image)).all()) == 1
        assert len(found.scalars(select(Session)).all()) == 2


def test_a_save_is_one_transaction(store: Store, info: RunInfo, record: SessionRecord) -> None:
    # A second one, to read back what was just committed, could fail after the save had succeeded.
    begun: list[object] = []
    event.listen(store.engine, "begin", begun.append)
    run = store.begin_run(info)
    assert len(begun) == 1
    store.save_session(run, record)
    assert len(begun) == 2
    store.finish_run(run, Status.FINISHED, info.started)
    assert len(begun) == 3


def test_readers_of_a_file_share_what_was_compiled_and_read_what_is_there(
    url: str, store: Store, seed: Callable[[], int]
) -> None:
    seed()
    with Store.open_read_only(url) as first, first.engine.connect() as connection:
        assert len(connection.execute(select(RUN)).all()) == 1
    path = Path(url.removeprefix("sqlite:///"))
    other = path.with_name("other.db")
    with Store.open(f"sqlite:///{other}") as empty:
        empty.engine.dispose()
    store.engine.dispose()
    for left in path.parent.glob(f"{path.name}-*"):
        left.unlink()
    other.replace(path)
    with Store.open_read_only(url) as second, second.engine.connect() as connection:
        assert second.engine is first.engine
        assert connection.execute(select(RUN)).all() == []


def test_times_with_a_zone_are_stored_in_utc(store: Store, info: RunInfo, record: SessionRecord) -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    local = datetime(2026, 11, 24, 2, 0, tzinfo=zone)
    utc = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
    run = store.begin_run(replace(info, started=local))
    session_id = store.save_session(run, replace(record, started=local, finished=local))
    store.finish_run(run, Status.FINISHED, local)
    with Transaction(store.engine) as found:
        row = found.get_one(Session, session_id)
        assert [row.started, row.finished, row.run.started, row.run.finished] == [utc] * 4


def test_times_without_a_zone_are_taken_as_utc(store: Store, info: RunInfo) -> None:
    run = store.begin_run(replace(info, started=datetime(2026, 11, 24, 3)))
    with Transaction(store.engine) as found:
        assert found.get_one(Run, run).started == datetime(2026, 11, 24, 3, tzinfo=UTC)


@pytest.mark.parametrize("number", [np.float32(0.5), np.float64(0.5), np.int64(3), np.int16(-2), 7, True])
def test_measures_may_be_any_number(
    store: Store, info: RunInfo, record: SessionRecord, number: float
) -> None:
    measure = Measure("accuracy", number, "1", Method.COUNTED, "labels", number)
    session_id = store.save_session(store.begin_run(info), replace(record, measures=(measure,)))
    with Transaction(store.engine) as found:
        row = found.scalars(select(MeasureRow).where(MeasureRow.session_id == session_id)).one()
        assert (row.value, row.resolution) == (float(number), float(number))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_measure_that_is_no_number_is_refused(
    store: Store, info: RunInfo, record: SessionRecord, value: float
) -> None:
    run = store.begin_run(info)
    bad = Measure("accuracy", value, "1", Method.COUNTED, "labels")
    with pytest.raises(StoreError, match=r"accuracy.*(nan|inf)"):
        store.save_session(run, replace(record, measures=(*record.measures[1:], bad)))
    with Transaction(store.engine) as found:
        assert found.scalars(select(Session)).all() == []


def test_samples_that_are_not_plain_numbers_are_refused(
    store: Store, info: RunInfo, record: SessionRecord
) -> None:
    run = store.begin_run(info)
    for values in (np.zeros((2, 3)), np.array([object()]), np.array(["a"]), np.array(1.0), np.zeros(2, "c8")):
        samples = Samples("logits", values, "1", Method.COUNTED, "link")
        with pytest.raises(StoreError, match="logits"):
            store.save_session(run, replace(record, samples=(samples,)))
    with Transaction(store.engine) as found:
        assert found.scalars(select(Session)).all() == []


def test_text_of_any_bytes_is_kept_readable(store: Store, info: RunInfo, record: SessionRecord) -> None:
    odd = os.fsdecode(b"caf\xe9 \x00 \xff")
    run = store.begin_run(replace(info, command=odd, lab_path=odd))
    store.save_session(run, replace(record, error=odd, status=Status.FAILED))
    with Transaction(store.engine) as found:
        row = found.get_one(Run, run)
        assert row.command == row.lab_path == row.sessions[0].error == r"caf\udce9 \x00 \udcff"


def test_samples_of_two_techniques_are_never_confused(
    store: Store, info: RunInfo, record: SessionRecord
) -> None:
    both = tuple(
        Samples("instructions", np.full(3, fill), "instructions", Method.COUNTED, technique)
        for fill, technique in ((1, "timer"), (2, "plugin"))
    )
    session_id = store.save_session(store.begin_run(info), replace(record, samples=both))
    assert store.read_samples(session_id, "instructions", technique="plugin").tolist() == [2, 2, 2]
    assert store.read_samples(session_id, "instructions", technique="timer").tolist() == [1, 1, 1]
    with pytest.raises(StoreError, match=r"instructions.*plugin \(counted\), timer"):
        store.read_samples(session_id, "instructions")


def test_samples_that_are_not_there(store: Store, info: RunInfo, record: SessionRecord) -> None:
    session_id = store.save_session(store.begin_run(info), record)
    for key in ((session_id, "energy"), (session_id + 1, "instructions")):
        with pytest.raises(KeyError):
            store.read_samples(*key)


def test_a_run_that_does_not_exist(store: Store, info: RunInfo, record: SessionRecord) -> None:
    with pytest.raises(StoreError, match="run 9"):
        store.save_session(9, record)
    with pytest.raises(StoreError, match="run 9"):
        store.finish_run(9, Status.FINISHED, info.started)


def test_the_same_measure_twice_is_refused_whole(store: Store, info: RunInfo, record: SessionRecord) -> None:
    run = store.begin_run(info)
    with pytest.raises(StoreError, match=r"accuracy.*twice"):
        store.save_session(run, replace(record, measures=record.measures * 2))
    with Transaction(store.engine) as found:
        assert found.scalars(select(Session)).all() == []
        assert found.scalars(select(Image)).all() == []


def test_a_database_in_memory_serves(info: RunInfo, record: SessionRecord) -> None:
    with Store.open("sqlite://") as store:
        session_id = store.save_session(store.begin_run(info), record)
        assert len(store.read_samples(session_id, "instructions")) == 540


def test_no_password_is_stored(store: Store, info: RunInfo, record: SessionRecord) -> None:
    run = store.begin_run(replace(info, command="pytest --db postgresql://bob:s3cret@host/lab"))
    store.save_session(run, replace(record, status=Status.FAILED, error="no host=h password=s3cret"))
    with Transaction(store.engine) as found:
        row = found.get_one(Run, run)
        assert row.command == "pytest --db postgresql://bob:***@host/lab"
        assert row.sessions[0].error == "no host=h password=***"
