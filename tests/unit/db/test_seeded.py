"""The databases that benchmarks and tests make hold what they were asked for, every time the same."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from sqlalchemy import Engine, func, select

from hil.measure.profile import functions
from hil_db import profiles, symbols
from hil_db.checking import check
from hil_db.export import export
from hil_db.records import RunInfo, SessionRecord
from hil_db.schema import IMAGE, MEASURE, RUN, SAMPLE, SESSION
from hil_db.store import Store
from postgres_server import running_server
from seeded import Planted, Seeded, commit, make, uid

SLOWER = Planted(6, "latency_cycles", 1.5, model="fastgrnn_model_01", precision="q15", function="vec_scale")
LARGER = Planted(6, "flash_bytes", 1.25, model="fastgrnn_model_00", precision="q7", function="tanh_table")
WRONGER = Planted(6, "accuracy", 0.9, model="fastgrnn_model_00", precision="q15")
WANTED = Seeded(
    8, 6, ("qemu", "nucleo-1"), vectors=20, profiled=3, rebuilt=3, planted=(SLOWER, LARGER, WRONGER)
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, url: str) -> Iterator[str]:
    if request.param == "sqlite":
        yield url
        return
    with running_server() as server:
        yield server.new_database()


def value(engine: Engine, run: int, model: str, precision: str, metric: str) -> float:
    query = (
        select(MEASURE.c.value)
        .join(SESSION, SESSION.c.id == MEASURE.c.session_id)
        .where(SESSION.c.run_id == run + 1, SESSION.c.board == "qemu", MEASURE.c.metric == metric)
        .where(SESSION.c.model == model, SESSION.c.precision == precision)
    )
    with engine.connect() as connection:
        return float(connection.scalars(query).one())


def session_of(engine: Engine, run: int, model: str, precision: str) -> int:
    query = select(SESSION.c.id).where(
        SESSION.c.run_id == run + 1, SESSION.c.model == model, SESSION.c.precision == precision
    )
    with engine.connect() as connection:
        return int(connection.scalars(query.where(SESSION.c.board == "qemu")).one())


def test_a_seeded_database(url: str, info: RunInfo, record: SessionRecord) -> None:
    make(url, WANTED)
    with Store.open(url) as store:
        with store.engine.connect() as connection:
            counted = [
                connection.scalar(select(func.count()).select_from(table)) for table in (RUN, SESSION, SAMPLE)
            ]
            assert counted == [8, 8 * 12, 8 * 12 * 2]
            commits = connection.execute(select(RUN.c.git_commit, RUN.c.uid).order_by(RUN.c.id)).all()
            assert [tuple(row) for row in commits] == [(commit(run), uid("run", run, 1)) for run in range(8)]
            images = connection.execute(select(IMAGE.c.id, IMAGE.c.model, IMAGE.c.precision)).all()
            found = symbols.read(connection, [row.id for row in images])
            assert len(found) == len(images)
        for (model, precision, metric), planted in product(
            [
                ("fastgrnn_model_01", "q15", "latency_cycles"),
                ("fastgrnn_model_00", "q7", "flash_bytes"),
                ("fastgrnn_model_00", "q15", "accuracy"),
            ],
            WANTED.planted,
        ):
            before, after = (value(store.engine, run, model, precision, metric) for run in (5, 6))
            hit = (model, precision, metric) == (planted.model, planted.precision, planted.metric)
            assert not hit or after == pytest.approx(before * planted.factor, rel=1e-3)
        old, new = (session_of(store.engine, run, "fastgrnn_model_01", "q15") for run in (5, 6))
        with store.engine.connect() as connection:
            told = profiles.read(connection, [old, new])
        assert functions(told[new])[0].name == "vec_scale"
        assert functions(told[old])[0].name != "vec_scale"
        old, new = (session_of(store.engine, run, "fastgrnn_model_00", "q15") for run in (5, 6))
        was, now = (store.read_samples(session, "predicted") for session in (old, new))
        np.testing.assert_array_equal(np.flatnonzero(was != now), [0, 1])
        assert check(url).damaged == ()
        run = store.begin_run(info)  # its numbers go on behind those that were given
        assert (run, store.save_session(run, record)) == (9, 8 * 12 + 1)


def test_the_same_seed_makes_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    told = []
    for _ in range(2):
        url = f"sqlite:///{tmp_path_factory.mktemp('seeded')}/x.db"
        make(url, Seeded(3, 2))
        out = io.StringIO()
        export(url, "all", "csv", out)
        told.append(out.getvalue())
    assert told[0] == told[1]
    assert told[0].count("\n") == 1 + 3 * 2 * 21
